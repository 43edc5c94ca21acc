"""The online tracker on scenes with a known target, with random convolutions as its features."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch

from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import moving_target, overlap
from tests.waiting import HUNG
from training.backbones.convention import CAFFE
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet
from training.backbones.vgg16 import Vgg16
from training.tracking.online.online_config import (
    AugmentConfig,
    LearnConfig,
    OnlineConfig,
    RedetectionConfig,
    ReductionConfig,
    RegionConfig,
    ScaleConfig,
)
from training.tracking.online.tracker import OnlineTracker
from training.tracking.windows import visible


def follow(tracker, frames, box):
    tracker.init(frames[0], box)
    return np.array([box, *(tracker.update(frame) for frame in frames[1:])])


@pytest.fixture(scope="module")
def scene():
    return moving_target(10, velocity=(4.0, -2.0), start=(60.0, 90.0))


@pytest.mark.parametrize("backbone", ["squeezenet", "siamese"])
def test_follows_a_moving_target(backbone, request, scene):
    frames, truth = scene
    boxes = follow(OnlineTracker(request.getfixturevalue(backbone)), frames, truth[0])
    assert min(map(overlap, boxes, truth)) > 0.7


def test_follows_a_moving_target_in_bfloat16(scene):
    frames, truth = scene
    backbone = SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET, precision="bfloat16")
    boxes = follow(OnlineTracker(backbone), frames, truth[0])
    assert min(map(overlap, boxes, truth)) > 0.7


def test_follows_a_growing_target(squeezenet):
    frames, truth = moving_target(14, velocity=(0.0, 0.0), growth=1.025, start=(90.0, 70.0))
    boxes = follow(OnlineTracker(squeezenet), frames, truth[0])
    still = overlap(truth[0], truth[-1])
    assert overlap(boxes[-1], truth[-1]) > still + 0.1


def test_a_hidden_target_keeps_its_place_and_is_found_again(squeezenet):
    frames, truth = moving_target(9, velocity=(2.0, 1.0))
    [empty], _ = moving_target(1, start=(1000.0, 1000.0))
    frames[4:7] = [empty] * 3
    boxes = follow(OnlineTracker(squeezenet), frames, truth[0])
    np.testing.assert_array_equal(boxes[4:7], boxes[[3, 3, 3]])
    assert overlap(boxes[8], truth[8]) > 0.7


@pytest.mark.parametrize(("after", "found"), [(10, True), (13, False), (0, False)])
def test_a_target_that_returns_elsewhere_is_found_after_a_while(squeezenet, after, found):
    """It is back beyond the search region eight frames after it was hidden, and for eight more: time for all parts."""
    scene = {"shape": (180, 480), "velocity": (0.0, 0.0)}
    [empty], _ = moving_target(1, start=(1000.0, 1000.0), **scene)
    here, first = moving_target(3, start=(60.0, 70.0), **scene)
    there, last = moving_target(8, start=(400.0, 90.0), **scene)
    tracker = OnlineTracker(squeezenet, replace(OnlineConfig(), redetection=RedetectionConfig(after=after)))
    boxes = follow(tracker, here + [empty] * 8 + there, first[0])
    assert (overlap(boxes[-1], last[-1]) > 0.7) == found
    assert max(overlap(box, last[0]) for box in boxes[:11]) == 0.0  # nothing is found where nothing is
    assert (tracker.sight == "clear") == found


@pytest.mark.parametrize(("share", "moved"), [(0.35, True), (0.25, False)])
def test_a_target_far_under_its_usual_peak_keeps_place_and_size(squeezenet, share, moved):
    """The peak is over `scale.gate` both times, and of the usual one above or below `hidden`."""
    frames, truth = moving_target(2, velocity=(6.0, 3.0), growth=1.05)
    tracker = OnlineTracker(squeezenet)
    tracker.init(frames[0], truth[0])
    tracker.update(frames[1])
    peak = float(tracker.response.max())
    assert peak > tracker.config.scale.gate
    tracker.init(frames[0], truth[0])
    tracker._peaks.extend([peak / share] * 50)
    box = tracker.update(frames[1])
    assert (not np.allclose(box[:2], truth[0][:2])) == moved
    assert (not np.allclose(box[2:], truth[0][2:])) == moved


@pytest.mark.parametrize(("share", "learnt"), [(0.55, True), (0.45, False)])
def test_a_frame_far_under_the_usual_peak_is_not_learnt_from(squeezenet, scene, share, learnt):
    """Of the usual peak, the share lies above or below `doubt`, and above `hidden` both times."""
    frames, truth = scene
    tracker = OnlineTracker(squeezenet)
    tracker.init(frames[0], truth[0])
    tracker.update(frames[1])
    usual = float(tracker.response.max()) / share
    tracker.init(frames[0], truth[0])
    tracker._peaks.extend([usual] * 50)
    before = tracker._head.weight.clone()
    tracker.update(frames[1])
    tracker._second.wait()
    assert tracker.response.max() > tracker.config.update_gate
    assert (not torch.equal(tracker._head.weight, before)) == learnt


def test_the_size_is_compared_with_the_response_where_the_target_was_found(squeezenet, scene, monkeypatch):
    """One head gives all three: the search comes before the head learns from the frame."""
    frames, truth = scene
    tracker = OnlineTracker(squeezenet)
    tracker.init(frames[0], truth[0])
    taught, calls = tracker._head.weight.clone(), []
    change = tracker._sizes.change

    def watched(frame, centre, size, response):
        calls.append((centre.copy(), response, torch.equal(tracker._head.weight, taught)))
        return change(frame, centre, size, response)

    monkeypatch.setattr(tracker._sizes, "change", watched)
    tracker.update(frames[1])
    tracker._second.wait()
    [(centre, response, untaught)] = calls
    assert untaught
    assert not torch.equal(tracker._head.weight, taught)
    np.testing.assert_array_equal(centre, tracker._centre)
    [alone] = tracker._sizes._responses(frames[1], centre, [truth[0][2:]])
    assert response == pytest.approx(float(tracker.response.max()), abs=0.1)
    assert tracker._sizes._alone != 1.0  # calibrated
    assert alone == pytest.approx(response * tracker._sizes._alone, abs=0.25)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_box_comes_before_the_head_has_learnt_and_the_next_response_after(squeezenet, scene, monkeypatch):
    frames, truth = scene
    tracker, prepared, learnt, asked = OnlineTracker(squeezenet), Event(), [], []
    tracker.init(frames[0], truth[0])
    update, spectrum, respond = tracker._learner.update, tracker._spectrum, tracker._head.respond

    def learn(spectra, labels):
        assert prepared.wait(HUNG)
        time.sleep(0.2)  # who does not wait for it asks the old head
        update(spectra, labels)
        learnt.append(len(labels))

    def ask(spectra):
        if len(spectra) == 1:  # not one of the head's own steps
            asked.append(len(learnt))
        return respond(spectra)

    monkeypatch.setattr(tracker._learner, "update", learn)
    monkeypatch.setattr(tracker._head, "respond", ask)
    tracker.update(frames[1])
    assert not learnt
    monkeypatch.setattr(tracker, "_spectrum", lambda *places: (spectrum(*places), prepared.set())[0])
    tracker.update(frames[2])
    assert asked == [0, 1]


def test_the_boxes_do_not_depend_on_the_number_of_threads(squeezenet, scene, request):
    """With one, everything is done at once and in turn; with more, some of it on a second thread."""
    frames, truth = scene
    tracker = OnlineTracker(squeezenet)
    assert not tracker._second._worker
    boxes = follow(tracker, frames, truth[0])
    request.getfixturevalue("two_threads")
    tracker = OnlineTracker(squeezenet)
    assert tracker._second._worker
    np.testing.assert_array_equal(follow(tracker, frames, truth[0]), boxes)


@pytest.mark.usefixtures("two_threads")
def test_what_fails_while_learning_ends_the_next_frame_and_no_later_start(squeezenet, scene, monkeypatch):
    frames, truth = scene
    tracker = OnlineTracker(squeezenet)
    tracker.init(frames[0], truth[0])
    monkeypatch.setattr(tracker._learner, "update", lambda *_: 1 / 0)
    tracker.update(frames[1])
    with pytest.raises(ZeroDivisionError):
        tracker.update(frames[2])
    tracker.update(frames[3])  # it fails once more, in the last frame before another target
    tracker.init(frames[0], truth[0])
    tracker.update(frames[1])
    tracker.update(frames[2])


def test_a_target_that_leaves_is_learnt_where_its_clipped_centre_is(squeezenet, monkeypatch):
    frames, truth = moving_target(2, velocity=(-6.0, 0.0), start=(-17.0, 70.0), size=(40, 40))
    tracker = OnlineTracker(squeezenet)
    tracker.init(frames[0], truth[0])
    before, step, learnt = tracker._centre.copy(), tracker._size / tracker.geometry.target, []
    label = tracker._label
    monkeypatch.setattr(tracker, "_label", lambda offset: learnt.append(offset) or label(offset))
    tracker.update(frames[1])
    assert tracker._centre[0] == 0.0
    np.testing.assert_allclose(learnt[0][::-1] * step, tracker._centre - before)


def test_sizes_are_searched_as_often_as_asked(squeezenet):
    frames, truth = moving_target(7, velocity=(0.0, 0.0), growth=1.03, start=(90.0, 70.0))
    config = replace(OnlineConfig(), scale=ScaleConfig(every=3))
    widths = follow(OnlineTracker(squeezenet, config), frames, truth[0])[:, 2]
    assert widths[0] == widths[1] == widths[2] != widths[3]
    assert widths[3] == widths[4] == widths[5] != widths[6]


def test_the_same_seed_gives_the_same_boxes_and_a_second_sequence_starts_clean(squeezenet, scene):
    frames, truth = scene
    other, other_truth = moving_target(4, seed=9, size=(60, 24))
    used = OnlineTracker(squeezenet)
    follow(used, other, other_truth[0])
    again = follow(used, frames, truth[0])
    np.testing.assert_array_equal(again, follow(OnlineTracker(squeezenet), frames, truth[0]))


def test_another_seed_learns_something_else(squeezenet, scene):
    frames, truth = scene
    tracker = OnlineTracker(squeezenet, replace(OnlineConfig(), seed=1))
    assert not np.array_equal(
        follow(tracker, frames, truth[0]), follow(OnlineTracker(squeezenet), frames, truth[0])
    )


@pytest.mark.parametrize(
    "box",
    [
        (-30.0, 20.0, 60.0, 40.0),
        (200.0, 160.0, 80.0, 60.0),
        (100.0, 80.0, 1.0, 1.0),
        (0, 0, 240, 180),
        (10, 90, 220, 3),
    ],
)
def test_boxes_half_outside_tiny_huge_and_thin_stay_finite(squeezenet, scene, box):
    frames, _ = scene
    boxes = follow(OnlineTracker(squeezenet), frames[:3], np.array(box, float))
    assert np.isfinite(boxes).all()
    assert (boxes[:, 2:] > 0).all()


def test_a_target_that_leaves_and_a_blank_frame_are_survived(squeezenet):
    frames, truth = moving_target(10, velocity=(25.0, 0.0), start=(60.0, 60.0))
    frames[5] = np.zeros_like(frames[5])
    boxes = follow(OnlineTracker(squeezenet), frames, truth[0])
    assert np.isfinite(boxes).all()


def test_of_a_target_at_the_edge_the_visible_part_is_given(squeezenet):
    frames, truth = moving_target(22, velocity=(-4.0, 0.0), start=(60.0, 60.0))
    tracker = OnlineTracker(squeezenet)
    boxes = follow(tracker, frames, truth[0])
    seen = np.array([visible(box, frames[0]) for box in truth])
    assert seen[-1, 2] == 16
    assert min(map(overlap, boxes, seen)) > 0.5
    assert (boxes[:, 0] >= 0).all()
    assert tracker._size[0] > 1.5 * boxes[-1, 2], "the tracker itself goes on with all of it"


def test_runs_on_the_backbone_of_the_paper_with_each_form_of_fusion(scene):
    frames, truth = scene
    vgg16 = Vgg16(random_weights("vgg16"), CAFFE)
    small = OnlineConfig(
        region=RegionConfig(target_cells=5.0, max_cells=17),
        augment=AugmentConfig(samples=2),
        learn=LearnConfig(first_steps=20, first_rate=2e-3),
    )
    for residual in ("both", "features", "none"):
        config = replace(small, reduction=ReductionConfig(channels=8, residual=residual))
        boxes = follow(OnlineTracker(vgg16, config), frames[:3], truth[0])
        assert min(map(overlap, boxes, truth)) > 0.4
