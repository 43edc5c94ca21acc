"""The ablation's table and plot."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from curation.files import write_bytes

RESIDUAL = {"both": "full", "features": "features only", "none": "none"}


def ablation_table(report: Mapping[str, Any]) -> str:
    """Markdown: one row a form, mean and spread over its seeds, best success first."""
    lines = [
        "| loss | residual connections | online update | success AUC | precision at 20 px | rates x |",
        "|---|---|---|---|---|---|",
    ]
    for form in sorted(report["forms"], key=lambda form: -form["auc_mean"]):
        factors = ", ".join(f"{factor:g}" for factor in sorted(set(form["factors"].values())))
        cells = [
            form["loss"].replace("_", " "),
            RESIDUAL[form["residual"]],
            "yes" if form["update"] else "no",
            f"{form['auc_mean']:.3f} ± {form['auc_spread']:.3f}",
            f"{form['dp20_mean']:.3f} ± {form['dp20_spread']:.3f}",
            factors,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def ablation_plot(path: Path, report: Mapping[str, Any]) -> None:
    """Write a PNG: a panel for each pair of residual connections and update, a bar a loss, a dot a run."""
    panels = list(dict.fromkeys((form["residual"], form["update"]) for form in report["forms"]))
    losses = list(dict.fromkeys(form["loss"] for form in report["forms"]))
    figure = Figure(figsize=(3.4 * len(panels), 0.45 * len(losses) + 1.3), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (residual, update) in zip(
        figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0], panels, strict=True
    ):
        here = [form for form in report["forms"] if (form["residual"], form["update"]) == (residual, update)]
        runs = [row for row in report["rows"] if (row["residual"], row["update"]) == (residual, update)]
        axes.barh(
            [losses.index(form["loss"]) for form in here],
            [form["auc_mean"] for form in here],
            color="#b8c9e0",
        )
        axes.plot(
            [row["auc"] for row in runs],
            [losses.index(row["loss"]) for row in runs],
            "o",
            color="#1f4e8c",
            markersize=4,
        )
        axes.set_yticks(range(len(losses)), [loss.replace("_", " ") for loss in losses])
        axes.set_title(
            f"residual: {RESIDUAL[residual]}; {'updated' if update else 'not updated'}", fontsize=9
        )
        axes.set_xlabel("success AUC")
    axes.invert_yaxis()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    write_bytes(path, stream.getvalue())
