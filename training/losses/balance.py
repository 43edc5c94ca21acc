"""Balance of positives against negatives, shared by the cross-entropy losses."""

from __future__ import annotations

from torch import Tensor


def balanced_weights(label: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of the positive and the negative side of a cross-entropy, per element.

    A soft label Y counts as Y of a positive and 1 - Y of a negative. In every map each side's weights sum to
    half the number of elements, so the mean over a map is 0.5 mean(positives) + 0.5 mean(negatives); with
    labels 0 and 1 that is the balance of SiamFC (Bertinetto et al., 2016).

    Parameters
    ----------
    label : (B, 1, h, w) tensor
        Labels in [0, 1]. A side without any mass gets weight 0.

    Returns
    -------
    two tensors of the label's shape
        Weights of -log(p) and of -log(1 - p).
    """
    dims = tuple(range(1, label.ndim))
    cells = label[0].numel()
    negative = 1 - label
    smallest = 1e-6
    return (
        label * (0.5 * cells / label.sum(dims, keepdim=True).clamp_min(smallest)),
        negative * (0.5 * cells / negative.sum(dims, keepdim=True).clamp_min(smallest)),
    )
