"""Files of scores: one reader, one writer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from curation.cures import remake
from curation.errors import InputError
from curation.files import read_json, write_json
from training.benchmark.scores.score_document import SCHEMA, Numbers, Scores, TrackerScores


def load_scores(file: Path) -> dict[str, Scores]:
    """Scores by benchmark, from the score stage's file or from one of `evaluate --json`.

    Raises
    ------
    InputError
        If it is missing or holds something else.
    """
    raw = read_json(file, made_by="score")
    if isinstance(raw, dict) and "trackers" in raw:
        raw = {raw.get("benchmark"): raw}
    if not isinstance(raw, dict) or not raw:
        raise _refused(str(file), "there are none in it")
    return {name: parse_scores(document, str(file)) for name, document in raw.items()}


def save_scores(file: Path, scores: Iterable[Scores]) -> None:
    """Write the scores of benchmarks, by name."""
    write_json(file, {one.name: one.plain() for one in scores}, indent=False)


def parse_scores(raw: Any, place: str) -> Scores:
    """Scores from the values of `Scores.plain`; `place` names them in messages.

    Raises
    ------
    InputError
        If something is missing or of another type, or the schema is another.
    """
    try:
        if raw["schema"] != SCHEMA or not raw["trackers"]:
            raise ValueError("another schema, or no trackers")
        kind = raw["kind"]
        return Scores(
            name=raw["benchmark"],
            title=raw["title"],
            kind=kind,
            protocol=raw["protocol"],
            trackers={name: parse_tracker(one, kind) for name, one in raw["trackers"].items()},
            missing=tuple(raw["missing"]),
            partial=bool(raw["partial"]),
            own_metrics=tuple(raw.get("metrics", ())),
            evaluation=raw.get("evaluation", ""),
            unsound={name: tuple(lines) for name, lines in raw.get("unsound", {}).items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _refused(place, f"{type(error).__name__}: {error}") from None


def parse_tracker(raw: Mapping[str, Any], kind: str) -> TrackerScores:
    """The inverse of `TrackerScores.plain`; raises Python's errors."""
    free = raw["unsupervised"] if kind == "vot" else None
    return TrackerScores(
        overall=parse_numbers(raw["overall"]),
        sequences=_each(raw["sequences"]),
        attributes=_each(raw["tags" if kind == "vot" else "attributes"]),
        missing=tuple(raw["missing"]),
        partial=bool(raw["partial"]),
        notes=tuple(raw["notes"]),
        free=None if free is None else (parse_numbers(free["overall"]), _each(free["sequences"])),
    )


def parse_numbers(raw: Mapping[str, Any]) -> Numbers:
    """The inverse of `Numbers.plain`; raises Python's errors."""
    curves, values, rules, pairs = dict(raw.get("curves", {})), {}, {}, {}
    for key, found in raw.items():
        if found is None or (isinstance(found, int | float) and not isinstance(found, bool)):
            values[key] = found
        elif isinstance(found, str):
            rules[key] = found
        elif key == "eao_curve":
            curves["expected_overlap"] = found
        elif isinstance(found, list | tuple) and len(found) == 2:
            pairs[key] = found
        elif key != "curves":
            raise ValueError(f"{key} is no number")
    return Numbers(values=values, curves=curves, rules=rules, pairs=pairs)


def _each(raw: Mapping[str, Any]) -> dict[str, Numbers]:
    return {name: parse_numbers(numbers) for name, numbers in raw.items()}


def _refused(place: str, why: str) -> InputError:
    return InputError(
        f"{place} holds no scores ({why})",
        do=f"Run: {remake('score')}; or name a file of evaluate --json",
        reason="wrong schema",
    )
