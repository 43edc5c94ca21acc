"""The loss study: the same training with every loss and several seeds, each loss at its own best learning rate."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from curation.config import STRICT, parameters
from curation.documents.document import Fields
from curation.errors import InputError
from training.losses import LossName
from training.studies.outcome import Measure, Panel, markdown, summarise, write_bars

if TYPE_CHECKING:
    from training.trainer.configuration import Inputs, Runtime, TrainConfig

MEASURES = (
    Measure("centre_error", "validation centre error, px", digits=2, less_is_better=True),
    Measure("auc", "tracking success AUC"),
)

log = logging.getLogger(__name__)


@parameters(frozen=True, kw_only=True, config=STRICT)
class StudyConfig:
    """Which losses are compared, how often, and how each gets its learning rate.

    Parameters
    ----------
    losses : tuple of str
        Keys of `training.losses.LOSSES`.
    seeds : int
        Runs of each loss; run k trains with `train.seed` + k.
    rates : tuple of float
        Highest learning rates that every loss is tried with, once each, with a seed that is not among those
        compared (`train.seed` + `seeds`). The one with the smallest validation centre error is the loss's own. A
        single rate is taken untried; empty: all use `train.optimiser.learning_rate`.
    """

    losses: tuple[LossName, ...] = (
        "shrinkage",
        "shrinkage_cross_entropy",
        "l2",
        "l3",
        "balanced_cross_entropy",
        "focal_cross_entropy",
    )
    seeds: int = Field(default=3, ge=1)
    rates: tuple[Annotated[float, Field(gt=0)], ...] = (5e-4, 2e-3, 8e-3)

    @model_validator(mode="after")
    def _sensible(self) -> StudyConfig:
        if len(set(self.losses)) != len(self.losses) or not self.losses:
            raise ValueError("losses must name at least one loss, and each once")
        return self


def loss_study(
    study: StudyConfig,
    config: TrainConfig,
    inputs: Inputs,
    folder: Path,
    *,
    runtime: Runtime | None = None,
    evaluate: Callable[[Path], float] | None = None,
) -> Fields:
    """Train with every loss and seed; a study that is stopped goes on where it was.

    Parameters
    ----------
    study : StudyConfig
        Losses, seeds, learning rates.
    config : TrainConfig
        The training that all have in common.
    inputs : Inputs
        What all train on.
    folder : Path
        Gets `<loss>-<rate>-<seed>/` with weights and records of each run, `checkpoints/`, and `study.png`.
    runtime : Runtime, optional
        How to run.
    evaluate : callable, optional
        Tracking success AUC (0..1) of a weights file.

    Returns
    -------
    dict
        `tuning` and `rows`: one a run, with `loss`, `seed`, `learning_rate`, `validation_loss`,
        `centre_error`, `auc` (of `rows` only; None where it was not taken); `summary`: one a loss with its
        `learning_rate`, as `outcome.summarise`, in the order of `study.losses`.

    Raises
    ------
    InputError
        As `training.trainer.loop.train`; also if there is no validation to choose a rate by, or nothing to compare.
    """
    from training.trainer.configuration import (
        Outputs,  # here, as they need torch, and a help needs the defaults
    )
    from training.trainer.loop import train

    if not config.validation_pairs and (len(study.rates) > 1 or evaluate is None):
        raise InputError(
            "learning rates and losses are compared by the validation centre error, but train.validation_pairs is 0",
            do="Raise it, or name a single rate and a benchmark",
        )
    rates = study.rates or (config.optimiser.learning_rate,)
    tried = rates if len(rates) > 1 else ()
    total = len(study.losses) * (len(tried) + study.seeds)
    tuning: list[Fields] = []
    rows: list[Fields] = []

    def run(loss: LossName, rate: float, seed: int) -> tuple[Fields, Path]:
        number = len(tuning) + len(rows) + 1
        log.info("run %d of %d: %s, learning rate %g, seed %d", number, total, loss, rate, seed)
        chosen = replace(
            config,
            loss=replace(config.loss, name=loss),
            optimiser=replace(config.optimiser, learning_rate=rate),
            seed=seed,
        )
        place = folder / f"{loss}-{rate:g}-{seed}"
        outputs = Outputs(place / "weights.safetensors", place / "records", folder / "checkpoints")
        report = train(chosen, inputs, outputs, runtime)
        found = {key: report[key] for key in ("validation_loss", "centre_error")}
        return {"loss": loss, "seed": seed, "learning_rate": rate, **found}, outputs.weights

    best = dict.fromkeys(study.losses, rates[0])
    for loss in study.losses if tried else ():
        for rate in tried:
            tuning.append(run(loss, rate, config.seed + study.seeds)[0])
        best[loss] = best_rate(tuning[-len(tried) :])
    for loss in study.losses:
        for seed in range(config.seed, config.seed + study.seeds):
            row, weights = run(loss, best[loss], seed)
            rows.append({**row, "auc": evaluate(weights) if evaluate else None})
    summary = summarise(rows, ("loss", "learning_rate"), MEASURES)
    panels = []
    for measure in MEASURES:
        runs: dict[str, list[float]] = {}
        for row in rows:
            if row[measure.key] is not None:
                label = f"{row['loss'].replace('_', ' ')}\nrate {row['learning_rate']:g}"
                runs.setdefault(label, []).append(row[measure.key])
        panels += [Panel("", measure.axis, runs)] if runs else []
    write_bars(folder / "study.png", panels, width=5.5)
    return {"tuning": tuning, "rows": rows, "summary": summary}


def best_rate(rows: Sequence[Mapping[str, Any]]) -> float:
    """The learning rate of the row with the least centre error; the lower rate where two are equal."""
    return min((row["centre_error"], row["learning_rate"]) for row in rows)[1]


def study_table(summary: Sequence[Mapping[str, Any]]) -> str:
    """The summary as a Markdown table: a row a loss, mean and spread over its seeds."""
    rows = [["loss", "learning rate", *(measure.name for measure in MEASURES)]]
    for entry in summary:
        name, rate = entry["loss"].replace("_", " "), f"{entry['learning_rate']:g}"
        rows.append([name, rate, *(measure.cell(entry) for measure in MEASURES)])
    return markdown(*rows)
