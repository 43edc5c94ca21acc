"""The learning rate as a pure function of the step, so that resuming needs no schedule state."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from curation.config import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class ScheduleConfig:
    """How the learning rate moves from `optimiser.learning_rate`, its highest value.

    Parameters
    ----------
    name : {"one_cycle", "exponential", "constant"}
        `one_cycle`: linear rise over the first `warmup` of all steps, then half a cosine down to `final`.
        `exponential`: times `decay` after every epoch, the published schedule.
    warmup : float
        Share of all steps, for `one_cycle`.
    final : float
        Last rate of `one_cycle`, as a share of the highest.
    decay : float
        Factor per epoch of `exponential`; published: 0.8685 (1e-2 to 1e-5 in 50 epochs).
    """

    name: Literal["one_cycle", "exponential", "constant"] = "one_cycle"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    final: float = Field(default=0.01, ge=0, le=1)
    decay: float = Field(default=0.8685, gt=0, le=1)

    @property
    def open_ended(self) -> bool:
        """Whether the rate of a step is the same however many epochs follow, so that a run can be made longer."""
        return self.name != "one_cycle"


def learning_rate(config: ScheduleConfig, highest: float, *, step: int, steps: int, epochs: int) -> float:
    """Learning rate of a step, counted from 0 over the whole run of `epochs` x `steps` steps."""
    if config.name == "constant":
        return highest
    if config.name == "exponential":
        return highest * config.decay ** (step // steps)
    total = steps * epochs
    rise = config.warmup * total
    if step < rise:
        return highest * (step + 1) / (rise + 1)
    share = (step - rise) / max(total - 1 - rise, 1)
    return highest * (config.final + (1 - config.final) * 0.5 * (1 + math.cos(math.pi * share)))
