"""Find outcomes recorded under wrong parameters, by outputs that store their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.checks.outcomes import Outcome


@dataclass(frozen=True)
class Proof:
    """An output that stores the parameters it was made with.

    Parameters
    ----------
    stage : str
        Without an item: `"crop"`.
    section : str
        Of the parameters.
    file : str
        Name of the file that says so.
    read : callable
        The parameters from its object; None if it does not say.
    """

    stage: str
    section: str
    file: str
    read: Callable[[Path], Mapping[str, Any] | None]


def contradiction(outcome: Outcome, proofs: Sequence[Proof]) -> str:
    """The first value in which an outcome's output and its record differ, in words; empty if none does."""
    for proof in proofs:
        if outcome.stage.partition("@")[0] == proof.stage:
            for output in outcome.outputs:
                inside = "" if Path(output).name == proof.file else proof.file
                path = outcome.object(output, inside)
                said = proof.read(path) if path is not None else None
                for difference in _differences(proof.section, outcome.parameters.get(proof.section), said):
                    return difference
    return ""


def _differences(name: str, recorded: Any, said: Any) -> list[str]:
    """Values that both give and that differ. A value that only one gives may come from another version."""
    if isinstance(recorded, Mapping) and isinstance(said, Mapping):
        common = [key for key in said if key in recorded]
        return [text for key in common for text in _differences(f"{name}.{key}", recorded[key], said[key])]
    if said is None or isinstance(recorded, Mapping) or isinstance(said, Mapping):
        return []
    same = list(recorded) == list(said) if isinstance(said, list | tuple) else recorded == said
    return [] if same else [f"{name} is {said}, recorded as {recorded}"]
