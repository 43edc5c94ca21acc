"""Report boxes that wait for unreadable frames, with the command that tries them again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines import paths
from pipelines.checks.outcomes import forget_waiting, waiting_boxes


def told(boxes: int, subset: str) -> str:
    """The line that says so."""
    wait = "1 box waits" if boxes == 1 else f"{boxes:,} boxes wait"
    return f"{wait} for frames that could not be read; to try them again: dvc repro -f -s crop@{subset} && dvc repro"


def lines(subsets: Iterable[str]) -> list[str]:
    """One line for each subset whose crops here have waiting boxes."""
    waiting = {subset: waiting_boxes(paths.report("crop", subset)) for subset in subsets}
    return [f"{subset}: {told(boxes, subset)}" for subset, boxes in waiting.items() if boxes]


def forget(subset: str) -> str:
    """Remove crops with waiting boxes from the run-cache, now that there are complete ones; report failures."""
    kept = forget_waiting(Path(), f"crop@{subset}", paths.report("crop", subset).as_posix())
    if not kept:
        return ""
    return (
        f"the run-cache keeps {kept} outcomes in which boxes wait, made by somebody else: "
        "where DVC restores one, the manifest stage says so"
    )
