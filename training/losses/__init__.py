"""Losses on response maps, one module each, chosen by name.

A loss is a function `loss(prediction, label, *, reduction="mean", **own parameters)`. The regression losses compare a
response with a soft label; the cross-entropy losses take the response as a logit. A new loss is a module and a row of
`REGRESSION` or `LOSSES`; one's own is a function of the same form, named `module:function` or `path/file.py:function`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from curation.rows import Later, Table

if TYPE_CHECKING:
    from torch import Tensor

    from training.losses.reduction import Reduction


class Loss(Protocol):
    """A loss with its own parameters already given."""

    def __call__(self, prediction: Tensor, label: Tensor, *, reduction: Reduction = "mean") -> Tensor: ...


_REGRESSION = {
    "shrinkage": Later("training.losses.shrinkage:shrinkage"),
    "shrinkage_unweighted": Later("training.losses.shrinkage:shrinkage_unweighted"),
    "l2": Later("training.losses.l2:l2"),
    "l3": Later("training.losses.l3:l3"),
    "focal_l2": Later("training.losses.focal_l2:focal_l2"),
}
_CROSS_ENTROPY = {
    "shrinkage_cross_entropy": Later("training.losses.shrinkage_cross_entropy:shrinkage_cross_entropy"),
    "balanced_cross_entropy": Later("training.losses.balanced_cross_entropy:balanced_cross_entropy"),
    "focal_cross_entropy": Later("training.losses.focal_cross_entropy:focal_cross_entropy"),
}

REGRESSION: Table[Callable[..., Tensor]] = Table("regression loss", _REGRESSION)
"""The losses that regress the label; the online tracker's choice is among these."""

LOSSES: Table[Callable[..., Tensor]] = Table("loss", {**_REGRESSION, **_CROSS_ENTROPY})
"""Every loss by name; torch is loaded with the first that is used."""

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
    return bound(config.name, asdict(config))


def bound(name: str, values: Mapping[str, Any]) -> Loss:
    """The loss of a name, with those of the values that are parameters of it."""
    function = LOSSES[name]
    known = inspect.signature(function).parameters
    return partial(function, **{key: value for key, value in values.items() if key in known})
