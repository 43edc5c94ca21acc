"""A first box with a strip of background: the tracker begins anew without it, and gives boxes that have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.tracking.online.test_still_strip import widened
from tests.training.tracking.scenes import moving_target, overlap
from training.backbones.squeezenet import SqueezeNet
from training.tracking.online import first_box
from training.tracking.online.box_network import BoxNetwork, save_box_network
from training.tracking.online.first_box import FirstBox
from training.tracking.online.online_config import OnlineConfig, RefineConfig, StripConfig
from training.tracking.online.tracker import OnlineTracker
from training.tracking.windows import box_around

ON = OnlineConfig(strip=StripConfig(frames=30))


@pytest.fixture(scope="module")
def scene():
    """Frames, true boxes, and the first of them with half as much background above."""
    frames, truth = moving_target(10, velocity=(3.0, 2.0), start=(80.0, 60.0))
    return frames, truth, widened(truth[0], "top", 0.5)


def follow(tracker, frames, box):
    tracker.init(frames[0], box)
    return np.array([tracker.update(frame) for frame in frames[1:]])


def watched(frames, box, config=ON.strip):
    """The watcher after the frames, when it found a strip (None: never), and what it then gave."""
    first = FirstBox(config)
    first.start(frames[0], box)
    for index, frame in enumerate(frames[1:], start=1):
        if found := first.watch(frame):
            return first, index, found
    return first, None, None


def test_it_begins_anew_on_the_rest_and_its_boxes_are_those_of_a_fresh_start(squeezenet, scene):
    frames, truth, box = scene
    _, when, (rest, seen) = watched(frames, box)
    assert 1 < when < 5
    assert len(seen) == when
    tracker = OnlineTracker(squeezenet, ON)
    boxes = follow(tracker, frames, box)
    fresh = follow(OnlineTracker(squeezenet), frames, rest)
    np.testing.assert_array_equal(box_around(tracker._centre, tracker._size), fresh[-1])
    part = (box[3] - rest[3]) / box[3]
    assert 0.2 < part < 0.45
    for given, core in list(zip(boxes, fresh, strict=True))[when - 1 :]:
        high = core[3] / (1 - part)
        np.testing.assert_allclose(given, [core[0], core[1] + core[3] - high, core[2], high])
    plain = follow(OnlineTracker(squeezenet), frames, box)
    np.testing.assert_array_equal(boxes[: when - 1], plain[: when - 1])  # given before: as without
    assert overlap(boxes[-1], widened(truth[-1], "top", 0.5)) > 0.8


@pytest.mark.parametrize("strip", [0, 30])
def test_a_first_box_without_a_strip_has_the_boxes_that_it_had(squeezenet, scene, strip):
    frames, truth, box = scene
    given = truth[0] if strip else box
    config = replace(ON, strip=StripConfig(frames=strip))
    boxes = follow(OnlineTracker(squeezenet, config), frames, given)
    np.testing.assert_array_equal(boxes, follow(OnlineTracker(squeezenet), frames, given))


def test_the_next_target_forgets_the_strip_of_the_last(squeezenet, scene):
    frames, truth, box = scene
    tracker = OnlineTracker(squeezenet, ON)
    once = follow(tracker, frames, box)
    plain = follow(tracker, frames, truth[0])
    np.testing.assert_array_equal(plain, follow(OnlineTracker(squeezenet), frames, truth[0]))
    np.testing.assert_array_equal(follow(tracker, frames, box), once)


def test_a_second_thread_changes_nothing(squeezenet, scene):
    frames, _, box = scene
    alone = follow(OnlineTracker(squeezenet, ON), frames, box)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tracker = OnlineTracker(squeezenet, ON)
        assert tracker._second._worker
        np.testing.assert_array_equal(follow(tracker, frames, box), alone)
    finally:
        torch.set_num_threads(before)


def test_the_corrected_box_is_widened(squeezenet: SqueezeNet, scene, tmp_path: Path):
    frames, _, box = scene
    torch.manual_seed(0)
    network = BoxNetwork(256 + 512)
    with torch.no_grad():
        network.rest.bias[:4] = 8 * torch.tensor([0.1, -0.2, 0.05, 0.1])
    save_box_network(tmp_path / "head.safetensors", network, {"backbone": "squeezenet"})
    refine = RefineConfig(share=0.5, weights=str(tmp_path / "head.safetensors"))
    boxes = follow(OnlineTracker(squeezenet, replace(ON, refine=refine)), frames, box)
    first, when, (rest, _) = watched(frames, box)
    corrected = follow(OnlineTracker(squeezenet, OnlineConfig(refine=refine)), frames, rest)
    uncorrected = follow(OnlineTracker(squeezenet), frames, rest)
    assert np.abs(corrected - uncorrected).max() > 1
    for given, core in list(zip(boxes, corrected, strict=True))[when - 1 :]:
        np.testing.assert_array_equal(given, first.whole(core))


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
def test_the_strip_keeps_its_share_of_the_box(edge):
    first = FirstBox(StripConfig())
    core = np.array([10.0, 20.0, 30.0, 40.0])
    box = widened(core, edge, 0.25)
    first.start(np.zeros((9, 9, 3), np.uint8), box)
    across = 0.2 if edge in ("left", "right") else 0.0
    down = 0.2 - across
    first._part = np.array([across * (edge == "left"), down * (edge == "top"), 1 - across, 1 - down])
    np.testing.assert_allclose(first.whole(core), box)
    np.testing.assert_allclose(first.whole(core * 2), box * 2)


def test_frames_are_copied_and_kept_no_longer_than_needed(scene):
    frames, truth, box = scene
    first, _, (_, seen) = watched(frames, box)
    assert first._strip is None
    assert first._seen == []
    assert not any(np.shares_memory(one, other) for one, other in zip(seen, frames, strict=False))
    first, when, _ = watched(frames, truth[0], StripConfig(frames=4))
    assert when is None
    assert first._seen == []
    first, *_ = watched(frames[:4], truth[0], StripConfig(frames=4))
    assert len(first._seen) == 4
    first, *_ = watched(frames, box, StripConfig())
    assert first._seen == []


def test_a_caller_that_uses_its_memory_again_gets_the_same_boxes(squeezenet, scene):
    frames, _, box = scene
    expected, memory = follow(OnlineTracker(squeezenet, ON), frames, box), np.empty_like(frames[0])
    tracker, boxes = OnlineTracker(squeezenet, ON), []
    for frame in frames:
        memory[:] = frame
        if boxes or tracker._box is not None:
            boxes.append(tracker.update(memory))
        else:
            tracker.init(memory, box)
        memory[:] = 0
    np.testing.assert_array_equal(boxes, expected)


def test_large_frames_are_kept_up_to_a_limit(scene, monkeypatch):
    frames, truth, _ = scene
    monkeypatch.setattr(first_box, "HELD", 3 * frames[0].nbytes)
    first, *_ = watched(frames[:3], truth[0])
    assert first._seen == []
    first, *_ = watched(frames[:2], truth[0])
    assert len(first._seen) == 2


def test_a_frame_of_another_size_ends_the_watch(squeezenet, scene):
    frames, _, box = scene
    sizes = [frames[0], *(np.pad(frame, ((0, 6), (0, 0), (0, 0))) for frame in frames[1:])]
    first, when, _ = watched(sizes, box)
    assert when is None
    assert first._strip is None
    assert np.isfinite(follow(OnlineTracker(squeezenet, ON), sizes, box)).all()


def test_a_box_of_a_few_pixels_is_not_watched(squeezenet, scene):
    frames, *_ = scene
    for box in (np.array([90.0, 70, 40, 7.5]), np.array([90.0, 70, 2, 2])):
        first = FirstBox(ON.strip)
        first.start(frames[0], box)
        assert first._strip is None
        assert np.isfinite(follow(OnlineTracker(squeezenet, ON), frames[:3], box)).all()


def test_a_box_over_the_edge_of_the_frame_is_followed(squeezenet):
    frames, truth = moving_target(8, velocity=(3.0, 0.0), start=(-8.0, 70.0))
    for box in (truth[0], widened(truth[0], "left", 0.5), widened(truth[0], "top", 0.5)):
        assert np.isfinite(follow(OnlineTracker(squeezenet, ON), frames, box)).all()
