"""The ablation of the paper: losses x residual connections x online update, several seeds, fair rates.

Every loss is first run, in the first of the forms (with updates, where any has them), with each factor on the learning
rates and a seed of its own. On each sequence the factor is then the one that did best on the *other* sequences
(leave-one-out), so no sequence chooses the rate that it is scored with. The loss keeps it in all its forms: a form
differs from its neighbour by one part.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field

from curation.errors import STRICT, parameters
from training.losses import REGRESSION, RegressionLoss
from training.tracking.online.tracker import OnlineConfig

Residual = Literal["both", "features", "none"]

MEASURES = ("auc", "dp20")
"""What is compared: success AUC and precision at 20 px, 0..1."""

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Name of a form -> sequence -> measure -> value."""

Run = Callable[[Mapping[str, OnlineConfig], Sequence[str]], Scores]
"""Tracks the named sequences with trackers of several forms, and scores them."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class AblationConfig:
    """What is compared.

    Parameters
    ----------
    losses : tuple of str
        Keys of `training.losses.REGRESSION`.
    residual : tuple of {"both", "features", "none"}
        Residual connections, as in `ReductionConfig`.
    update : tuple of bool
        With and without online update.
    seeds : int
        Runs of each form; run k has seed `online.seed` + k.
    factors : tuple of float
        Tried on both learning rates of every loss, with the seed after those; one factor: no tuning.
    """

    losses: tuple[RegressionLoss, ...] = Field(default=tuple(REGRESSION), min_length=1)
    residual: tuple[Residual, ...] = Field(default=("both", "none"), min_length=1)
    update: tuple[bool, ...] = Field(default=(True, False), min_length=1)
    seeds: int = Field(default=3, ge=1)
    factors: tuple[float, ...] = Field(default=(0.5, 1.0, 2.0), min_length=1)


@dataclass(frozen=True)
class Form:
    """One form of the tracker."""

    loss: RegressionLoss
    residual: Residual
    update: bool

    @property
    def name(self) -> str:
        return f"{self.loss}-{self.residual}-{'update' if self.update else 'fixed'}"

    def settings(self, online: OnlineConfig, *, factor: float, seed: int) -> OnlineConfig:
        """The tracker's settings in this form."""
        learn = replace(
            online.learn,
            loss=self.loss,
            first_rate=online.learn.first_rate * factor,
            update_rate=online.learn.update_rate * factor,
            update_steps=online.learn.update_steps if self.update else 0,
        )
        reduction = replace(online.reduction, residual=self.residual)
        return replace(online, learn=learn, reduction=reduction, seed=seed)


def ablate(
    config: AblationConfig, online: OnlineConfig, sequences: Sequence[str], run: Run
) -> dict[str, Any]:
    """Tune every loss and run every form.

    Parameters
    ----------
    config : AblationConfig
    online : OnlineConfig
        What all forms have in common.
    sequences : sequence of str
    run : callable
        Called once to tune all losses, then once for all forms whose losses keep the same rates on the same
        sequences: what it is given at once may be tracked at once. It may remember what it has run.

    Returns
    -------
    dict
        `rows`: one a form and seed, with `loss`, `residual`, `update`, `seed`, and `auc` and `dp20` averaged
        over the sequences, and both by sequence in `sequences`; `forms`: one a form, with `<measure>_mean` and
        `<measure>_spread` (standard deviation of the sample) over its seeds, and `factors`, by sequence.
    """
    forms = [Form(*parts) for parts in _product(config.losses, config.residual, config.update)]
    tuned = _tuned(config, online, sequences, run)
    seeds = range(online.seed, online.seed + config.seeds)
    together: dict[tuple[str, ...], dict[str, OnlineConfig]] = {}
    for form in forms:
        for factor in sorted(set(tuned[form.loss].values())):
            chosen = tuple(name for name in sequences if tuned[form.loss][name] == factor)
            settings = {_label(form, factor, s): form.settings(online, factor=factor, seed=s) for s in seeds}
            together.setdefault(chosen, {}).update(settings)
    scores: dict[str, Mapping[str, Mapping[str, float]]] = {}
    for chosen, settings in together.items():
        scores |= run(settings, chosen)
    rows, summaries = [], []
    for form in forms:
        what = {"loss": form.loss, "residual": form.residual, "update": form.update}
        factors = tuned[form.loss]
        mine = []
        for seed in seeds:
            found = [scores[_label(form, factors[name], seed)][name] for name in sequences]
            means = {measure: statistics.fmean(score[measure] for score in found) for measure in MEASURES}
            by_name = {
                name: {measure: score[measure] for measure in MEASURES}
                for name, score in zip(sequences, found, strict=True)
            }
            mine.append({**what, "seed": seed, **means, "sequences": by_name})
        rows += mine
        summaries.append({**what, **spread(mine), "factors": factors})
    return {"rows": rows, "forms": summaries}


def _tuned(
    config: AblationConfig, online: OnlineConfig, sequences: Sequence[str], run: Run
) -> dict[str, dict[str, float]]:
    """By loss and sequence, the factor that is best on the other sequences, with a seed that is not scored."""
    if len(config.factors) == 1 or len(sequences) == 1:
        middle = config.factors[len(config.factors) // 2]
        return {loss: dict.fromkeys(sequences, middle) for loss in config.losses}
    seed = online.seed + config.seeds
    forms = {loss: Form(loss, config.residual[0], any(config.update)) for loss in config.losses}
    scores = run(
        {
            _label(form, factor, seed): form.settings(online, factor=factor, seed=seed)
            for form in forms.values()
            for factor in config.factors
        },
        sequences,
    )

    def others(loss: RegressionLoss, factor: float, left_out: str) -> float:
        mine = scores[_label(forms[loss], factor, seed)]
        return statistics.fmean(mine[name]["auc"] for name in sequences if name != left_out)

    return {
        loss: {name: max(config.factors, key=lambda factor: others(loss, factor, name)) for name in sequences}
        for loss in config.losses
    }


def spread(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean and sample standard deviation (0 for one row) of each measure."""
    found: dict[str, float] = {}
    for measure in MEASURES:
        values = [row[measure] for row in rows]
        found[f"{measure}_mean"] = statistics.fmean(values)
        found[f"{measure}_spread"] = statistics.stdev(values) if len(values) > 1 else 0.0
    return found


def _label(form: Form, factor: float, seed: int) -> str:
    return f"{form.name}-x{factor:g}-{seed}"


def _product(
    losses: Iterable[RegressionLoss], residual: Iterable[Residual], update: Iterable[bool]
) -> list[tuple[RegressionLoss, Residual, bool]]:
    return [(loss, fusion, new) for fusion in residual for new in update for loss in losses]
