"""Count tracking results that cannot be checked: older than the comparison of frames with the manifest."""

from __future__ import annotations

from pathlib import Path

from curation.crops.store import Records
from pipelines.checks.finding import Finding, counted


def check_results(folder: Path, proof: str) -> Finding:
    """Count the results in the store; `proof` is the key of a result whose inputs were compared."""
    paths = sorted(folder.rglob("*.json"))
    unproven = [path for path in paths if proof not in (Records(path.parent).find(path.stem) or {})]
    message = f"{counted(len(paths), 'result')} in the store"
    if not unproven:
        return Finding("results", "ok", f"{message}, of frames as on record")
    return Finding(
        "results",
        "warn",
        f"{message}, {len(unproven):,} of them made before frames were compared with the manifest, or damaged; "
        "only tracking again shows whether they are right",
        f"To track all again: rm -r {folder}; then dvc repro -f track",
    )
