"""The Siamese tracker, on a network that makes matching exact: averages of cells, normalised correlation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor

from tests.training.tracking.scenes import moving_target, overlap
from training.tracking.siamese import SiameseTracker
from training.tracking.siamese_config import SiameseConfig


class CellNetwork:
    """Averages over 8 x 8 px (127 -> 6, 255 -> 22 cells, as the real one), normalised cross-correlation."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def embed(self, images: Tensor) -> Tensor:
        self.batches.append(tuple(images.shape))
        margin = (images.shape[-1] - 8 * ((images.shape[-1] - 87) // 8 + 1)) // 2
        return F.avg_pool2d(images[..., margin:-margin, margin:-margin], 8)

    def respond(self, exemplar: Tensor, search: Tensor) -> Tensor:
        exemplar = exemplar.expand(len(search), -1, -1, -1)
        answers = []
        for kernel, area in zip(exemplar, search, strict=True):
            kernel = kernel - kernel.mean()
            ones = torch.ones_like(kernel)[None]
            count = kernel.numel()
            mean = F.conv2d(area[None], ones) / count
            variance = F.conv2d(area[None] ** 2, ones) / count - mean**2
            answers.append(
                F.conv2d(area[None], kernel[None]) / (variance.clamp(min=1) * count).sqrt() / kernel.norm()
            )
        return torch.cat(answers)


def run(frames, boxes, **settings):
    network = CellNetwork()
    tracker = SiameseTracker(network, SiameseConfig(**settings))
    tracker.init(frames[0], boxes[0])
    return np.array([boxes[0], *(tracker.update(frame) for frame in frames[1:])]), network


@pytest.mark.parametrize("pyramid", ["exemplar", "search"])
def test_a_moving_target_is_followed_to_a_few_pixels(pyramid):
    frames, boxes = moving_target(15)
    found, _ = run(frames, boxes, pyramid=pyramid)
    assert min(overlap(a, b) for a, b in zip(found, boxes, strict=True)) > 0.75


@pytest.mark.parametrize("pyramid", ["exemplar", "search"])
@pytest.mark.parametrize("growth", [1.02, 0.98])
def test_a_growing_and_a_shrinking_target_change_the_size_the_right_way(pyramid, growth):
    frames, boxes = moving_target(20, growth=growth, velocity=(1.0, 1.0), size=(48, 48))
    found, _ = run(frames, boxes, pyramid=pyramid)
    true_change, change = boxes[-1, 2] / boxes[0, 2], found[-1, 2] / found[0, 2]
    assert abs(np.log(change / true_change)) < 0.4 * abs(np.log(true_change))
    np.testing.assert_allclose(found[:, 2] / found[:, 3], 1.0)


@pytest.mark.parametrize("pyramid", ["exemplar", "search"])
def test_a_still_target_keeps_its_box(pyramid):
    """The corrected scale search has no bias: the middle scale wins, and a centred peak moves nothing."""
    frames, boxes = moving_target(8, velocity=(0.0, 0.0))
    found, _ = run(frames, boxes, pyramid=pyramid)
    np.testing.assert_allclose(found, boxes, atol=0.5)
    np.testing.assert_array_equal(found[:, 2:], boxes[:, 2:])


def test_all_scales_are_one_batch_of_the_published_sizes():
    frames, boxes = moving_target(3)
    _, network = run(frames, boxes, pyramid="search")
    assert network.batches == [(1, 3, 127, 127)] + [(3, 3, 255, 255)] * 2
    _, network = run(frames, boxes, pyramid="exemplar")
    assert network.batches == [(3, 3, 127, 127)] + [(1, 3, 255, 255)] * 2


def test_the_network_sees_rgb(monkeypatch):
    network, seen = CellNetwork(), []
    embed = network.embed
    monkeypatch.setattr(network, "embed", lambda images: seen.append(images) or embed(images))
    frame = np.full((120, 160, 3), (10, 20, 30), np.uint8)  # BGR
    tracker = SiameseTracker(network)
    tracker.init(frame, np.array([60.0, 40.0, 30.0, 30.0]))
    tracker.update(frame)
    assert len(seen) == 2
    for images in seen:
        assert images.dtype == torch.float32
        assert images.amin(dim=(0, 2, 3)).tolist() == images.amax(dim=(0, 2, 3)).tolist() == [30, 20, 10]


def test_the_scales_are_one_step_to_either_side():
    """Integer division gave steps of -2, 0, 2 or an unpenalised largest scale in the released code."""
    tracker = SiameseTracker(CellNetwork(), SiameseConfig())
    np.testing.assert_allclose(tracker._scales, [1 / 1.0375, 1.0, 1.0375])
    np.testing.assert_allclose(tracker._penalty, [0.0255, 0.0, 0.0255])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_penalty_holds_the_middle_scale_for_positive_and_negative_peaks(sign):
    tracker = SiameseTracker(CellNetwork(), SiameseConfig())
    responses = np.full((3, 17, 17), -5.0, np.float32)
    responses[:, 8, 8] = sign * 1.0
    responses[2, 8, 8] += 0.01  # better by less than the penalty
    assert tracker._peak(responses)[0] == 1
    responses[2, 8, 8] += 0.05
    assert tracker._peak(responses)[0] == 2


def test_a_peak_in_the_middle_of_the_map_is_no_displacement_and_a_cell_is_a_cell():
    tracker = SiameseTracker(CellNetwork(), SiameseConfig(window_influence=0.0))
    responses = np.zeros((3, 17, 17), np.float32)
    responses[1, 8, 8] = 1
    np.testing.assert_allclose(tracker._peak(responses)[1], [0, 0], atol=0.04)
    responses[1] = np.roll(responses[1], (2, -3), axis=(0, 1))
    np.testing.assert_allclose(tracker._peak(responses)[1], [-3, 2], atol=0.04)


def test_the_size_stays_within_its_limits():
    tracker = SiameseTracker(CellNetwork(), SiameseConfig(max_size=1.05))
    frames, boxes = moving_target(20, growth=1.03, velocity=(0.0, 0.0))
    tracker.init(frames[0], boxes[0])
    sizes = np.array([tracker.update(frame)[2:] for frame in frames[1:]])
    assert sizes.max() <= 1.05 * boxes[0, 2] + 1e-9
    assert sizes.max() > boxes[0, 2]


def test_a_second_target_carries_nothing_over():
    frames, boxes = moving_target(6, growth=1.02)
    others, other_boxes = moving_target(6, seed=9, start=(100.0, 90.0), size=(24, 50))
    fresh, _ = run(others, other_boxes)
    tracker = SiameseTracker(CellNetwork())
    tracker.init(frames[0], boxes[0])
    for frame in frames[1:]:
        tracker.update(frame)
    tracker.init(others[0], other_boxes[0])
    np.testing.assert_array_equal([tracker.update(frame) for frame in others[1:]], fresh[1:])


@pytest.mark.parametrize("size", [(3, 3), (6, 150), (230, 170)], ids=["tiny", "thin", "huge"])
def test_odd_targets_are_answered(size):
    frames, boxes = moving_target(4, size=size, start=(4.0, 4.0), velocity=(1.0, 1.0))
    found, _ = run(frames, boxes)
    assert np.isfinite(found).all()
    assert overlap(found[-1], boxes[-1]) > 0.5


def test_of_a_target_that_leaves_the_visible_part_is_given():
    frames, boxes = moving_target(30, velocity=(9.0, 0.0))
    found, _ = run(frames, boxes)
    assert (found[:, :2] >= 0).all()
    assert (found[:, :2] + found[:, 2:] <= np.array([240, 180]) + 1e-9).all()
    assert overlap(found[16], np.array([204.0, 50.0, 36.0, 32.0])) > 0.5  # the rest is outside


@pytest.mark.parametrize(
    "settings",
    [{"scales": 2}, {"scale_step": 1.0}, {"step": 1.1}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        SiameseConfig(**settings)
