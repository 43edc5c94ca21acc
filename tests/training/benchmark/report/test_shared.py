"""Trackers with a part of the sequences, beside the others on these."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.benchmark.report.test_tables import SERIES, texts
from training.benchmark.report.shared import shared_tables
from training.benchmark.score import score_benchmark
from training.benchmark.scores.score_document import Scores
from training.benchmark.sequences.sequence import Benchmark


@pytest.fixture
def part(root: Path, otb: Benchmark, scores: dict[str, Scores]) -> Scores:
    """As if the still box had results for two sequences only."""
    document = scores["otb2013"]
    mine = document.trackers["still"]
    kept = {name: mine.sequences[name] for name in ("Bee", "Dog")}
    few = replace(mine, sequences=kept, missing=("Ant", "Cat"))
    return replace(document, trackers={**document.trackers, "still": few})


def test_all_are_scored_on_the_sequences_that_one_has(root: Path, otb: Benchmark, part: Scores) -> None:
    (table,) = shared_tables(part, SERIES)
    assert table.caption == "OTB-2013, the 2 sequences of still, protocol matlab"
    alone = replace(otb, sequences=[otb["Bee"], otb["Dog"]])
    expected = score_benchmark(alone, root / "results/otb2013")
    for name, cells in texts(table).items():
        values = expected.trackers[name].overall.values
        keys = ("auc", "dp20", "op50", "norm_precision")
        assert cells == [f"{values[key]:.3f}" for key in keys], name
    assert list(texts(table)) == expected.ranked()
    assert table.groups[0][1][0].cells[0].best


def test_whole_ones_need_no_such_table(scores: dict[str, Scores], part: Scores) -> None:
    assert all(shared_tables(document, SERIES) == [] for document in scores.values())
    alone = replace(part, trackers={"still": part.trackers["still"]})
    assert shared_tables(alone, SERIES) == [], "with nobody to compare"


def test_those_of_vot_are_plain_means(scores: dict[str, Scores]) -> None:
    document = scores["vot2016"]
    mine = document.trackers["still"]
    few = replace(mine, sequences={"fox": mine.sequences["fox"]}, missing=("eel",))
    (table,) = shared_tables(replace(document, trackers={**document.trackers, "still": few}), SERIES)
    assert (
        texts(table)["siamese"][0]
        == f"{document.trackers['siamese'].sequences['fox'].values['accuracy']:.3f}"
    )
