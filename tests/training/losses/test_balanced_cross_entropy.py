from __future__ import annotations

import torch
import torch.nn.functional as F

from training.losses.balanced_cross_entropy import balanced_cross_entropy


def test_hard_labels_give_the_loss_of_siamfc() -> None:
    """Weighted binary cross-entropy, half the weight shared among positives, half among negatives."""
    logits = torch.randn(2, 1, 4, 4)
    label = torch.zeros(2, 1, 4, 4)
    label[:, :, 1:3, 1] = 1
    weight = torch.where(label == 1, 0.5 / 2, 0.5 / 14)
    expected = F.binary_cross_entropy_with_logits(logits, label, weight, reduction="sum") / 2
    torch.testing.assert_close(balanced_cross_entropy(logits, label), expected)
