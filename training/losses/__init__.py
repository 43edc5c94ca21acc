"""Losses on response maps, one module each, chosen by name.

`LOSSES` maps a name to `loss(prediction, label, *, reduction="mean", **own parameters)`. The regression
losses compare a response with a soft label; the cross-entropy losses take the response as a logit. A new loss
is a module and a row; one's own is a function of the same form, named `module:function` or
`path/file.py:function`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, Field
from torch import Tensor

from curation.config import STRICT, parameters
from curation.rows import Table
from training.losses.balanced_cross_entropy import balanced_cross_entropy
from training.losses.focal_cross_entropy import focal_cross_entropy
from training.losses.focal_l2 import focal_l2
from training.losses.l2 import l2
from training.losses.l3 import l3
from training.losses.reduction import Reduction
from training.losses.shrinkage import shrinkage
from training.losses.shrinkage_cross_entropy import shrinkage_cross_entropy

__all__ = [
    "LOSSES",
    "REGRESSION",
    "Loss",
    "LossConfig",
    "LossName",
    "Reduction",
    "RegressionLoss",
    "balanced_cross_entropy",
    "bound",
    "build_loss",
    "focal_cross_entropy",
    "focal_l2",
    "l2",
    "l3",
    "shrinkage",
    "shrinkage_cross_entropy",
]


class Loss(Protocol):
    """A loss with its own parameters already given."""

    def __call__(self, prediction: Tensor, label: Tensor, *, reduction: Reduction = "mean") -> Tensor: ...


REGRESSION: Table[Callable[..., Tensor]] = Table(
    "regression loss",
    {
        "shrinkage": shrinkage,
        "shrinkage_unweighted": partial(shrinkage, weighted=False),
        "l2": l2,
        "l3": l3,
        "focal_l2": focal_l2,
    },
)
"""Losses that regress the label; the online tracker's choice is among these."""

LOSSES: Table[Callable[..., Tensor]] = Table(
    "loss",
    {
        **REGRESSION,
        "shrinkage_cross_entropy": shrinkage_cross_entropy,
        "balanced_cross_entropy": balanced_cross_entropy,
        "focal_cross_entropy": focal_cross_entropy,
    },
)
"""Every loss by name."""

RegressionLoss = Annotated[str, AfterValidator(REGRESSION.check)]
LossName = Annotated[str, AfterValidator(LOSSES.check)]


@parameters(frozen=True, kw_only=True, config=STRICT)
class LossConfig:
    """Which loss trains the network; parameters that the chosen loss does not have are unused.

    Parameters
    ----------
    name : str
        A key of `LOSSES`, or one's own.
    speed : float
        Shrinking speed a (k) of the shrinkage losses; paper and release: 10.
    localisation : float
        c of the regression form (paper: 0.2), as an error.
    probability : float
        a of the cross-entropy form (release: 0.6), as a probability.
    gamma : float
        Focusing exponent of the focal losses; release: 2.
    """

    name: LossName = "shrinkage_cross_entropy"
    speed: float = Field(default=10.0, gt=0)
    localisation: float = Field(default=0.2, ge=0)
    probability: float = Field(default=0.6, ge=0, le=1)
    gamma: float = Field(default=2.0, ge=0)


def build_loss(config: LossConfig) -> Loss:
    """The loss that a configuration names, with its parameters bound."""
    return bound(LOSSES[config.name], asdict(config))


def bound(function: Callable[..., Tensor], values: dict[str, Any]) -> Loss:
    """A loss with those of the values that it has a parameter for."""
    known = inspect.signature(function).parameters
    return partial(function, **{name: value for name, value in values.items() if name in known})
