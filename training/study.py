"""The loss study: the same training with every loss and several seeds; rows, means and spreads, one plot."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pydantic import Field, model_validator

from curation.errors import STRICT, parameters
from curation.files import write_bytes
from training.configuration import Inputs, Outputs, Runtime, TrainConfig
from training.loop import train
from training.losses import LossName

MEASURES: Mapping[str, str] = {
    "centre_error": "validation centre error, px",
    "auc": "tracking success AUC",
}
"""What is compared, and how to name it."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class StudyConfig:
    """Which losses are compared, and how often.

    Parameters
    ----------
    losses : tuple of str
        Keys of `training.losses.LOSSES`.
    seeds : int
        Runs of each loss; run k trains with `train.seed` + k.
    learning_rates : dict of str to float
        Highest learning rate of a loss, where it is not that of `train.optimiser`.
    """

    losses: tuple[LossName, ...] = get_args(LossName)
    seeds: int = Field(default=3, ge=1)
    learning_rates: dict[LossName, float] = Field(default_factory=dict)

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
        Losses and seeds.
    config : TrainConfig
        The training that all have in common.
    inputs : Inputs
        What all train on.
    folder : Path
        Gets `<loss>-<seed>/` with weights and records of each run, `checkpoints/`, and `study.png`.
    runtime : Runtime, optional
        How to run.
    evaluate : callable, optional
        Tracking success AUC (0..1) of a weights file.

    Returns
    -------
    dict
        `rows`: one a run, with `loss`, `seed`, `learning_rate`, `validation_loss`, `centre_error`, `auc`;
        `summary`: one a loss, with `<measure>_mean` and `<measure>_spread` (standard deviation of the sample)
        over its seeds; in the order of `study.losses`. A measure that was not taken is None.
    """
    rows = []
    for name in study.losses:
        for number in range(study.seeds):
            run = replace(
                config,
                loss=replace(config.loss, name=name),
                optimiser=replace(
                    config.optimiser,
                    learning_rate=study.learning_rates.get(name, config.optimiser.learning_rate),
                ),
                seed=config.seed + number,
            )
            place = folder / f"{name}-{run.seed}"
            outputs = Outputs(
                weights=place / "weights.safetensors",
                records=place / "records",
                checkpoints=folder / "checkpoints",
            )
            report = train(run, inputs, outputs, runtime)
            rows.append(
                {
                    "loss": name,
                    "seed": run.seed,
                    "learning_rate": run.optimiser.learning_rate,
                    "validation_loss": report["validation_loss"],
                    "centre_error": report["centre_error"],
                    "auc": evaluate(outputs.weights) if evaluate else None,
                }
            )
    summary = [summarise(name, [row for row in rows if row["loss"] == name]) for name in study.losses]
    _plot(folder / "study.png", rows, summary)
    return {"rows": rows, "summary": summary}


def summarise(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and sample standard deviation (0 for one run) of each measure over the runs of one loss."""
    summary: dict[str, Any] = {"loss": name, "seeds": len(rows)}
    for measure in MEASURES:
        values = [row[measure] for row in rows if row[measure] is not None]
        summary[f"{measure}_mean"] = statistics.fmean(values) if values else None
        summary[f"{measure}_spread"] = (
            (statistics.stdev(values) if len(values) > 1 else 0.0) if values else None
        )
    return summary


def _plot(path: Path, rows: list[dict[str, Any]], summary: list[dict[str, Any]]) -> None:
    """Every run as a dot, every mean as a bar, for each measure that was taken."""
    taken = [measure for measure in MEASURES if summary[0][f"{measure}_mean"] is not None]
    names = [entry["loss"] for entry in summary]
    figure = Figure(figsize=(5 * max(len(taken), 1), 0.4 * len(names) + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, measure in zip(figure.subplots(1, max(len(taken), 1), squeeze=False)[0], taken, strict=False):
        heights = range(len(names))
        axes.barh(heights, [entry[f"{measure}_mean"] for entry in summary], color="#b8c9e0")
        axes.plot(
            [row[measure] for row in rows],
            [names.index(row["loss"]) for row in rows],
            "o",
            color="#1f4e8c",
            markersize=4,
        )
        axes.set_yticks(heights, [name.replace("_", " ") for name in names])
        axes.invert_yaxis()
        axes.set_xlabel(MEASURES[measure])
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    write_bytes(path, stream.getvalue())
