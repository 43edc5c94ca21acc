"""Reduce element-wise losses to a number; the precision they are computed in."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Reduction = Literal["mean", "sum", "none"]
"""`mean` over all elements, `sum` over all elements, or `none`: the element-wise map."""


def single_precision(prediction: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Both tensors in float32 (float64 stays), so that squares of 1e4 and logarithms survive bf16 and fp16.

    Raises
    ------
    ValueError
        If the shapes differ: broadcasting would hide a wrong label map.
    """
    if prediction.shape != label.shape:
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and label {tuple(label.shape)} differ in shape"
        )
    if prediction.element_size() < 4:
        prediction = prediction.float()
    return prediction, label.to(prediction.dtype)


def reduce(values: Tensor, reduction: Reduction) -> Tensor:
    """Apply `reduction` to element-wise losses."""
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ValueError(f"unknown reduction {reduction!r}: mean, sum or none")
