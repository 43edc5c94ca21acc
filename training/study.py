"""The loss study: the same training with every loss and several seeds, each loss at its own best learning rate."""

from __future__ import annotations

import io
import logging
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pydantic import Field, model_validator

from curation.errors import STRICT, InputError, parameters
from curation.files import write_bytes
from training.configuration import Inputs, Outputs, Runtime, TrainConfig
from training.loop import train
from training.losses import LossName

MEASURES: Mapping[str, str] = {
    "centre_error": "validation centre error, px",
    "auc": "tracking success AUC",
}
"""What is compared, and how to name it."""

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
        compared (`train.seed` + `seeds`). The one with the least validation centre error is the loss's own. A
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
) -> dict[str, Any]:
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
        `centre_error`, `auc` (of `rows` only); `summary`: one a loss, with `learning_rate`, `<measure>_mean`
        and `<measure>_spread` (standard deviation of the sample) over its seeds; in the order of
        `study.losses`. A measure that was not taken is None.

    Raises
    ------
    InputError
        As `training.loop.train`; also if there is no validation to choose a rate by.
    """
    if len(study.rates) > 1 and not config.validation_pairs:
        raise InputError(
            "learning rates are chosen by the validation centre error, but train.validation_pairs is 0",
            do="Raise it, or name a single rate",
        )
    rates = study.rates or (config.optimiser.learning_rate,)
    tried = len(study.losses) * len(rates) if len(rates) > 1 else 0
    runs = _Runs(config, inputs, folder, runtime, total=tried + len(study.losses) * study.seeds)
    tuning: list[dict[str, Any]] = []
    chosen = dict.fromkeys(study.losses, rates[0])
    for name in study.losses if tried else ():
        tuning += [runs.one(name, rate, config.seed + study.seeds)[0] for rate in rates]
        chosen[name] = best_rate([row for row in tuning if row["loss"] == name])
    rows = []
    for name in study.losses:
        for seed in range(config.seed, config.seed + study.seeds):
            row, weights = runs.one(name, chosen[name], seed)
            rows.append(row | {"auc": evaluate(weights) if evaluate else None})
    summary = [summarise([row for row in rows if row["loss"] == name]) for name in study.losses]
    _plot(folder / "study.png", rows, summary)
    return {"tuning": tuning, "rows": rows, "summary": summary}


class _Runs:
    """The study's training runs, counted; one that has ended before gives its report within seconds."""

    def __init__(
        self, config: TrainConfig, inputs: Inputs, folder: Path, runtime: Runtime | None, *, total: int
    ) -> None:
        self.config, self.inputs, self.folder, self.runtime = config, inputs, folder, runtime
        self.number, self.total = 0, total

    def one(self, name: LossName, rate: float, seed: int) -> tuple[dict[str, Any], Path]:
        """Train once, or take what is there; the row of the run and its weights file."""
        self.number += 1
        log.info("run %d of %d: %s, learning rate %g, seed %d", self.number, self.total, name, rate, seed)
        config = self.config
        place = self.folder / f"{name}-{rate:g}-{seed}"
        outputs = Outputs(
            weights=place / "weights.safetensors",
            records=place / "records",
            checkpoints=self.folder / "checkpoints",
        )
        report = train(
            replace(
                config,
                loss=replace(config.loss, name=name),
                optimiser=replace(config.optimiser, learning_rate=rate),
                seed=seed,
            ),
            self.inputs,
            outputs,
            self.runtime,
        )
        row = {
            "loss": name,
            "seed": seed,
            "learning_rate": rate,
            "validation_loss": report["validation_loss"],
            "centre_error": report["centre_error"],
        }
        return row, outputs.weights


def best_rate(rows: Sequence[Mapping[str, Any]]) -> float:
    """The learning rate of the row with the least centre error; the lower rate where two are equal."""
    return min((row["centre_error"], row["learning_rate"]) for row in rows)[1]


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean and sample standard deviation (0 for one run) of each measure over the runs of one loss."""
    summary: dict[str, Any] = {
        "loss": rows[0]["loss"],
        "learning_rate": rows[0]["learning_rate"],
        "seeds": len(rows),
    }
    for measure in MEASURES:
        values = [row[measure] for row in rows if row[measure] is not None]
        summary[f"{measure}_mean"] = statistics.fmean(values) if values else None
        summary[f"{measure}_spread"] = (
            (statistics.stdev(values) if len(values) > 1 else 0.0) if values else None
        )
    return summary


def study_table(summary: Sequence[Mapping[str, Any]]) -> str:
    """The summary as a Markdown table: a row a loss, mean and spread over its seeds."""
    lines = [
        "| loss | learning rate | " + " | ".join(MEASURES.values()) + " |",
        "|---|---|" + "---|" * len(MEASURES),
    ]
    for entry in summary:
        cells = [entry["loss"].replace("_", " "), f"{entry['learning_rate']:g}"]
        for measure, digits in zip(MEASURES, (2, 3), strict=True):
            mean, spread = entry[f"{measure}_mean"], entry[f"{measure}_spread"]
            cells.append("" if mean is None else f"{mean:.{digits}f} ± {spread:.{digits}f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _plot(path: Path, rows: list[dict[str, Any]], summary: list[dict[str, Any]]) -> None:
    """Every run as a dot, every mean as a bar with its spread, for each measure that was taken."""
    taken = [measure for measure in MEASURES if summary[0][f"{measure}_mean"] is not None]
    names = [entry["loss"] for entry in summary]
    figure = Figure(figsize=(5 * max(len(taken), 1) + 1, 0.45 * len(names) + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, max(len(taken), 1), squeeze=False, sharey=True)[0]
    for axes, measure in zip(panels, taken, strict=False):
        heights = range(len(names))
        axes.barh(
            heights,
            [entry[f"{measure}_mean"] for entry in summary],
            xerr=[entry[f"{measure}_spread"] for entry in summary],
            color="#b8c9e0",
            ecolor="#5b6b80",
            capsize=3,
        )
        axes.plot(
            [row[measure] for row in rows],
            [names.index(row["loss"]) for row in rows],
            "o",
            color="#1f4e8c",
            markersize=4,
        )
        axes.set_xlabel(MEASURES[measure] + (", less is better" if measure == "centre_error" else ""))
    labels = [f"{entry['loss'].replace('_', ' ')}\nrate {entry['learning_rate']:g}" for entry in summary]
    panels[0].set_yticks(range(len(names)), labels)
    panels[0].invert_yaxis()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    write_bytes(path, stream.getvalue())
