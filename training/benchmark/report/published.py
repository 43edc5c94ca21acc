"""Numbers that papers publish for the real benchmarks, kept in `published.json` beside this module.

`papers` there names the paper that introduced a tracker. The scores of DSLT are those of its own paper, those of
the others are published too. Their public result files, scored here, give the same but for .003
(tests/training/benchmark/test_published.py; SRDCF's files were scored by the MATLAB toolkit). All are one-pass
evaluation under the benchmark's own rules (`matlab`), or the supervised VOT2016 experiment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from curation.files import read_json

FILE = Path(__file__).parent / "published.json"


@dataclass(frozen=True)
class Published:
    """Published scores of one tracker: benchmark -> metric (`auc`, `dp20`, `eao`) -> value.

    `paper` is a short citation (authors, venue, year) of the paper that introduced it, `title` its title.
    """

    tracker: str
    paper: str
    title: str
    scores: Mapping[str, Mapping[str, float]]


def published_numbers(without: Collection[str] = ()) -> list[Published]:
    """Every tracker of `published.json`, in the order of the file; without its numbers on some benchmarks."""
    return [
        replace(entry, scores={name: found for name, found in entry.scores.items() if name not in without})
        for entry in _all()
    ]


@cache
def _all() -> tuple[Published, ...]:
    content = read_json(FILE, made_by="the repository")
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for number in content["numbers"]:
        metrics = {key: value for key, value in number.items() if key not in ("tracker", "benchmark")}
        scores.setdefault(number["tracker"], {})[number["benchmark"]] = metrics
    papers = content["papers"]
    return tuple(
        Published(name, papers[name]["short"], papers[name]["title"], found) for name, found in scores.items()
    )
