"""The tracker gives a corrected box, and itself goes on as without the correction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from curation.errors import InputError
from tests.training.tracking.scenes import moving_target, overlap
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.backbones.choice import choose_backbone, installed
from training.backbones.squeezenet import SqueezeNet
from training.tracking.online.box_head_file import FOLDER, box_head_file
from training.tracking.online.box_network import BoxNetwork, save_box_network
from training.tracking.online.online_config import OnlineConfig, RefineConfig
from training.tracking.online.refinement import Refinement
from training.tracking.online.tracker import OnlineTracker
from training.tracking.windows import box_around

FEATURES = pytest.mark.skipif(
    "efficientnet_lite0" not in installed(), reason="the extra `features` is not installed"
)


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """A box head for SqueezeNet that always asks for the same: a tenth right, a fifth up, larger."""
    torch.manual_seed(0)
    network = BoxNetwork(256 + 512)
    with torch.no_grad():
        network.rest.bias[:4] = 8 * torch.tensor([0.1, -0.2, 0.05, 0.1])
    path = tmp_path / "head.safetensors"
    save_box_network(path, network, {"backbone": "squeezenet"})
    return path


def trackers(backbone: SqueezeNet, head: Path, **refine: float) -> tuple[OnlineTracker, OnlineTracker]:
    config = OnlineConfig()
    refined = replace(config, refine=RefineConfig(**{"share": 0.5, "weights": str(head), **refine}))
    return OnlineTracker(backbone, config), OnlineTracker(backbone, refined)


def test_only_the_given_box_is_corrected(squeezenet: SqueezeNet, head: Path) -> None:
    frames, truth = moving_target(6)
    plain, refined = trackers(squeezenet, head)
    for tracker in (plain, refined):
        tracker.init(frames[0], truth[0])
    for frame in frames[1:]:
        without, corrected = plain.update(frame), refined.update(frame)
        np.testing.assert_array_equal(box_around(refined._centre, refined._size), without)
        correction = refined._refinement._correction
        assert np.abs(correction).max() > 0.04
        centre = without[:2] + (without[2:] - 1) / 2 + correction[:2] * without[2:]
        np.testing.assert_allclose(corrected, box_around(centre, without[2:] * np.exp(correction[2:])))


def test_half_a_share_is_half_a_correction(squeezenet: SqueezeNet, head: Path) -> None:
    frames, truth = moving_target(2)
    found = []
    for share in (0.5, 1.0):
        _, tracker = trackers(squeezenet, head, share=share)
        tracker.init(frames[0], truth[0])
        tracker.update(frames[1])
        found.append(tracker._refinement._correction)
    np.testing.assert_allclose(2 * found[0], found[1])


def test_a_hidden_target_keeps_its_corrected_box(squeezenet: SqueezeNet, head: Path) -> None:
    frames, truth = moving_target(6, velocity=(2.0, 1.0))
    [empty], _ = moving_target(1, start=(1000.0, 1000.0))
    _, tracker = trackers(squeezenet, head)
    tracker.init(frames[0], truth[0])
    before = [tracker.update(frame) for frame in frames[1:3]][-1]
    np.testing.assert_array_equal(tracker.update(empty), before)
    assert tracker.sight == "hidden"


def test_a_new_target_starts_without_a_correction(squeezenet: SqueezeNet, head: Path) -> None:
    frames, truth = moving_target(3)
    _, tracker = trackers(squeezenet, head, recent=1)
    first = []
    for _ in range(2):
        tracker.init(frames[0], truth[0])
        assert np.abs(tracker._refinement._correction).max() == 0
        first.append([tracker.update(frame) for frame in frames[1:]])
    np.testing.assert_array_equal(first[0], first[1])


def test_after_some_frames_a_recent_template_counts_half_as_much_as_the_first(
    squeezenet: SqueezeNet, head: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, truth = moving_target(7)
    _, tracker = trackers(squeezenet, head, recent=3)
    seen: list[int] = []

    def answer(
        _: BoxNetwork, template: torch.Tensor, search: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """.1 from the first frame's template, .3 from the recent one."""
        assert len(template) == len(search)
        seen.append(len(template))
        return torch.tensor([[0.1] * 4, [0.3] * 4])[: len(template)], torch.zeros(len(template), 4)

    monkeypatch.setattr(BoxNetwork, "forward", answer)
    tracker.init(frames[0], truth[0])
    corrections = []
    for frame in frames[1:]:
        tracker.update(frame)
        corrections.append(tracker._refinement._correction[0])
    assert seen == [1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(corrections, [0.05] * 3 + [1 / 12] * 3, rtol=1e-6)


def test_the_box_head_looks_where_the_target_was_found(
    squeezenet: SqueezeNet, head: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In cells of the region that was cut around the place before: x and y, not y and x."""
    frames, truth = moving_target(2, velocity=(8.0, 0.0))
    _, tracker = trackers(squeezenet, head)
    looks: list[tuple[np.ndarray, np.ndarray]] = []
    monkeypatch.setattr(Refinement, "look", lambda _, maps, target, middle: looks.append((target, middle)))
    tracker.init(frames[0], truth[0])
    step, before = tracker._size / tracker.geometry.target, tracker._centre.copy()
    tracker.update(frames[1])
    [(target, middle)] = looks
    np.testing.assert_allclose(middle, (tracker._centre - before) / step)
    assert middle[0] * step[0] > 6
    assert abs(middle[1] * step[1]) < 2
    np.testing.assert_allclose(target, tracker._size / step)


class FoundAt:
    """A search that is due, and finds the target at a place."""

    due = True

    def __init__(self, place: tuple[float, float]) -> None:
        self.place = np.array(place)

    def watch(self, *_: object) -> None:
        pass

    def search(self, *_: object) -> np.ndarray:
        return self.place


def test_a_target_found_elsewhere_is_not_corrected_by_its_old_place(
    squeezenet: SqueezeNet, head: Path
) -> None:
    frames, truth = moving_target(4)
    _, tracker = trackers(squeezenet, head)
    tracker.init(frames[0], truth[0])
    tracker.update(frames[1])
    assert np.abs(tracker._refinement._correction).max() > 0
    tracker._redetection = FoundAt((150.0, 90.0))
    box = tracker.update(frames[2])
    np.testing.assert_allclose(box[:2] + (box[2:] - 1) / 2, [150, 90])
    assert np.abs(tracker._refinement._correction).max() == 0


def test_a_backbone_without_a_box_head_says_so() -> None:
    assert box_head_file(RefineConfig(), "vgg16") is None
    with pytest.raises(InputError, match="no box head comes with the project for vgg16"):
        box_head_file(RefineConfig(share=0.5), "vgg16")


def test_every_packaged_box_head_is_of_a_backbone() -> None:
    heads = [file.stem for file in FOLDER.glob("*.safetensors")]
    assert heads
    assert set(heads) <= set(BACKBONES)


@FEATURES
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_packaged_box_head_mends_a_wrong_box(seed: int) -> None:
    """Of a textured rectangle: off by a tenth of a side and 15 % too small, it comes nearer."""
    backbone = choose_backbone(BackboneConfig(name="efficientnet_lite0"), trained=Path(), file=None)
    frames, truth = moving_target(2, velocity=(6.0, -4.0), seed=10 * seed, size=(48, 40))
    tracker = OnlineTracker(backbone, OnlineConfig(refine=RefineConfig(share=1.0)))
    tracker.init(frames[0], truth[0])
    tracker.update(frames[1])
    maps = tracker._features(frames[1], tracker._centre)
    step = tracker._size / tracker.geometry.target
    centre, size = truth[1, :2] + (truth[1, 2:] - 1) / 2, truth[1, 2:]
    wrong, small = centre + 0.1 * size, 0.85 * size
    tracker._refinement.look(maps, small / step, (wrong - tracker._centre) / step)
    mended = box_around(*tracker._refinement.corrected(wrong, small))
    assert overlap(mended, truth[1]) > overlap(box_around(wrong, small), truth[1]) + 0.1
