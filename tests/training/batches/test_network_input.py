from __future__ import annotations

import pytest
import torch

from training.batches.batch import PairBatch
from training.batches.label_config import LabelConfig
from training.batches.network_input import images, labels

NEUTRAL = [0.0, 1.0, 1.0]


@pytest.mark.parametrize("channels_last", [False, True])
def test_bgr_bytes_become_rgb_floats(channels_last: bool) -> None:
    pixels = torch.randint(0, 256, (2, 5, 4, 3), dtype=torch.uint8)
    found = images(pixels, torch.tensor([NEUTRAL, NEUTRAL]), channels_last=channels_last)
    assert found.shape == (2, 3, 5, 4)
    assert torch.equal(found, pixels.flip(-1).permute(0, 3, 1, 2).float())
    assert found.is_contiguous(memory_format=torch.channels_last) == channels_last


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (NEUTRAL, [200, 100, 50]),
        ([10.0, 1.0, 1.0], [210, 110, 60]),
        ([80.0, 1.0, 1.0], [255, 180, 130]),
        ([0.0, 0.5, 1.0], [163.75, 113.75, 88.75]),
        ([0.0, 1.0, 0.0], [124.2] * 3),
        ([0.0, 1.0, 0.5], [162.1, 112.1, 87.1]),
        ([10.0, 0.5, 0.5], [154.8, 129.8, 117.3]),
    ],
)
def test_colours_by_hand(change: list[float], expected: list[float]) -> None:
    """Luma of (200, 100, 50) is 124.2. A second image of the batch keeps its own colours."""
    pixels = torch.tensor([50, 100, 200], dtype=torch.uint8).expand(2, 1, 1, 3)  # B, G, R
    found = images(pixels, torch.tensor([change, NEUTRAL]), channels_last=True)[:, :, 0, 0]
    assert found[0].tolist() == pytest.approx(expected, abs=1e-3)
    assert found[1].tolist() == [200, 100, 50]


def test_labels_follow_the_target_in_pixels() -> None:
    empty = torch.zeros(1)
    batch = PairBatch(empty, empty, torch.tensor([[16.0, -8.0]]), empty, empty)
    label = labels(batch, 9, LabelConfig())
    assert divmod(int(label.argmax()), 9) == (4 - 1, 4 + 2)
    assert label.max() == 1
