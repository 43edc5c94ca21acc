from __future__ import annotations

import numpy as np
import pytest
import torch

from training.augmentation import colour_matrix
from training.inputs import images, labels
from training.labels import LabelConfig
from training.loader import PairBatch


@pytest.mark.parametrize("channels_last", [False, True])
def test_bgr_bytes_become_rgb_floats(channels_last: bool) -> None:
    pixels = torch.randint(0, 256, (2, 5, 4, 3), dtype=torch.uint8)
    neutral = torch.from_numpy(colour_matrix(brightness=0, contrast=1, saturation=1)).expand(2, 3, 4)
    found = images(pixels, neutral, channels_last=channels_last)
    assert found.shape == (2, 3, 5, 4)
    assert torch.equal(found, pixels.flip(-1).permute(0, 3, 1, 2).float())
    assert found.is_contiguous(memory_format=torch.channels_last) == channels_last


def test_each_image_has_its_own_colour_matrix_and_stays_in_range() -> None:
    pixels = torch.tensor([[[[50, 100, 200]]], [[[50, 100, 200]]]], dtype=torch.uint8)  # B, G, R
    matrices = [
        colour_matrix(brightness=0, contrast=1, saturation=0),
        colour_matrix(brightness=80, contrast=1, saturation=1),
    ]
    found = images(pixels, torch.from_numpy(np.stack(matrices)), channels_last=True)[:, :, 0, 0]
    luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    torch.testing.assert_close(found[0], torch.full((3,), luma))
    assert found[1].tolist() == [255.0, 180.0, 130.0]


def test_labels_follow_the_target_in_pixels() -> None:
    empty = torch.zeros(1)
    batch = PairBatch(empty, empty, torch.tensor([[16.0, -8.0]]), empty, empty)
    label = labels(batch, 9, LabelConfig())
    assert divmod(int(label.argmax()), 9) == (4 - 1, 4 + 2)
    assert label.max() == 1
