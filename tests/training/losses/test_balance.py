from __future__ import annotations

import torch

from training.losses.balance import balanced_weights


def test_each_side_weighs_half_of_every_map() -> None:
    label = torch.rand(3, 1, 5, 5)
    for side in balanced_weights(label):
        torch.testing.assert_close(side.sum((1, 2, 3)), torch.full((3,), 12.5))


def test_hard_labels_are_balanced_by_number() -> None:
    label = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    positive, negative = balanced_weights(label)
    assert positive.flatten().tolist() == [2.0, 0.0, 0.0, 0.0]
    torch.testing.assert_close(negative.flatten(), torch.tensor([0.0, 2 / 3, 2 / 3, 2 / 3]))


def test_a_side_without_mass_weighs_nothing() -> None:
    positive, negative = balanced_weights(torch.zeros(1, 1, 2, 2))
    assert positive.sum() == 0
    torch.testing.assert_close(negative, torch.full((1, 1, 2, 2), 0.5))
