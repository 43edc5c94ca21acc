"""The ablation of the paper: losses x residual connections x online update, several seeds, fair rates.

Every loss is first run, in the first of the forms (with updates, where any has them), with each factor on the learning
rates and a seed of its own. On each sequence the factor is then the one that did best on the *other* sequences
(leave-one-out), so no sequence chooses the rate that it is scored with. The loss keeps it in all its forms: a form
differs from its neighbour by one part.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from curation.config import STRICT, parameters
from curation.documents.document import Fields
from training.losses import REGRESSION, RegressionLoss
from training.studies.outcome import Measure, Panel, markdown, summarise, write_bars

if TYPE_CHECKING:
    from training.tracking.online.online_config import OnlineConfig

Residual = Literal["both", "features", "none"]
RESIDUAL = {"both": "full", "features": "features only", "none": "none"}
"""What tables call them."""

MEASURES = (Measure("auc", "success AUC"), Measure("dp20", "precision at 20 px"))

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Name of a form -> sequence -> measure -> value."""

Run = Callable[[Mapping[str, "OnlineConfig"], Sequence[str]], Scores]
"""Tracks the named sequences with trackers of several forms, and scores them."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class AblationConfig:
    """The forms to compare.

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

    def label(self, factor: float, seed: int) -> str:
        """Names one run of it."""
        return f"{self.loss}-{self.residual}-{'update' if self.update else 'fixed'}-x{factor:g}-{seed}"

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


def ablate(config: AblationConfig, online: OnlineConfig, sequences: Sequence[str], run: Run) -> Fields:
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
        over the sequences, and both by sequence in `sequences`; `forms`: one a form, as `outcome.summarise`, with
        `factors`, by sequence.
    """
    grid = product(config.residual, config.update, config.losses)
    forms = list(dict.fromkeys(Form(loss, residual, update) for residual, update, loss in grid))
    tuned = _tuned(config, online, sequences, run)
    seeds = range(online.seed, online.seed + config.seeds)
    together: dict[tuple[str, ...], dict[str, OnlineConfig]] = {}
    for form in forms:
        for factor in sorted(set(tuned[form.loss].values())):
            chosen = tuple(name for name in sequences if tuned[form.loss][name] == factor)
            settings = {form.label(factor, s): form.settings(online, factor=factor, seed=s) for s in seeds}
            together.setdefault(chosen, {}).update(settings)
    scores: dict[str, Mapping[str, Mapping[str, float]]] = {}
    for chosen, settings in together.items():
        scores |= run(settings, chosen)
    rows = []
    for form in forms:
        factors = tuned[form.loss]
        for seed in seeds:
            found = {name: scores[form.label(factors[name], seed)][name] for name in sequences}
            kept = {name: {m.key: one[m.key] for m in MEASURES} for name, one in found.items()}
            means = {m.key: statistics.fmean(one[m.key] for one in kept.values()) for m in MEASURES}
            rows.append({**asdict(form), "seed": seed, **means, "sequences": kept})
    summaries = summarise(rows, ("loss", "residual", "update"), MEASURES)
    return {"rows": rows, "forms": [{**entry, "factors": tuned[entry["loss"]]} for entry in summaries]}


def _tuned(
    config: AblationConfig, online: OnlineConfig, sequences: Sequence[str], run: Run
) -> dict[str, dict[str, float]]:
    """For each loss and sequence, the best factor on the other sequences, from a seed that is not scored."""
    if len(config.factors) == 1 or len(sequences) == 1:
        middle = config.factors[len(config.factors) // 2]
        return {loss: dict.fromkeys(sequences, middle) for loss in config.losses}
    seed = online.seed + config.seeds
    forms = {loss: Form(loss, config.residual[0], any(config.update)) for loss in config.losses}
    trials = {
        form.label(factor, seed): form.settings(online, factor=factor, seed=seed)
        for form in forms.values()
        for factor in config.factors
    }
    scores = run(trials, sequences)

    def others(loss: RegressionLoss, factor: float, left_out: str) -> float:
        mine = scores[forms[loss].label(factor, seed)]
        return statistics.fmean(mine[name]["auc"] for name in sequences if name != left_out)

    return {
        loss: {name: max(config.factors, key=lambda factor: others(loss, factor, name)) for name in sequences}
        for loss in config.losses
    }


def ablation_table(report: Mapping[str, Any]) -> str:
    """Markdown: one row a form, mean and spread over its seeds, best success first."""
    rows = [["loss", "residual connections", "online update", *(m.name for m in MEASURES), "rates x"]]
    for form in sorted(report["forms"], key=lambda form: -form["auc_mean"]):
        parts = [
            form["loss"].replace("_", " "),
            RESIDUAL[form["residual"]],
            "yes" if form["update"] else "no",
        ]
        factors = ", ".join(f"{factor:g}" for factor in sorted(set(form["factors"].values())))
        rows.append([*parts, *(measure.cell(form) for measure in MEASURES), factors])
    return markdown(*rows)


def ablation_plot(file: Path, report: Mapping[str, Any]) -> None:
    """Write a PNG: a panel for each pair of residual connections and update, a bar a loss, a dot a run."""
    panels: dict[str, dict[str, list[float]]] = {}
    for row in report["rows"]:
        title = f"residual: {RESIDUAL[row['residual']]}; {'updated' if row['update'] else 'not updated'}"
        panels.setdefault(title, {}).setdefault(row["loss"].replace("_", " "), []).append(row["auc"])
    write_bars(file, [Panel(title, "success AUC", runs) for title, runs in panels.items()], width=3.4)
