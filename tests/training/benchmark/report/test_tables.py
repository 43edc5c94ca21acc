from __future__ import annotations

from dataclasses import replace

import pytest

from tests.training.benchmark.scored import scored
from training.benchmark.report.breakdowns import attribute_table, sequence_tables
from training.benchmark.report.palette import assign_series
from training.benchmark.report.published import Published, published_numbers
from training.benchmark.report.tables import APART, Table, benchmark_table, overview, text
from training.benchmark.scores.score_document import Numbers, Scores

SERIES = assign_series(["siamese", "template", "still"], leader="siamese", imported=["template"])


@pytest.fixture
def documents(scores: dict[str, Scores]) -> list[Scores]:
    return list(scores.values())


def texts(table: Table, group: int = 0) -> dict[str, list[str]]:
    return {row.name: [cell.text for cell in row.cells] for row in table.groups[group][1]}


def test_overview_has_a_cell_for_each_heading(documents: list[Scores]) -> None:
    table = overview(documents, SERIES, published_numbers(), synthetic=False)
    top, below = table.heads
    assert [head.text for head in top] == ["OTB-2013 *", "VOT2016"]
    assert [head.note for head in top] == ["protocol matlab", "protocol vot2016"]
    assert [head.text for head in below] == ["AUC", "DP@20", "EAO", "A", "R"]
    assert sum(head.span for head in top) == len(below)
    assert all(len(row.cells) == len(below) for _, rows in table.groups for row in rows)
    assert texts(table, 1)["DSLT"] == ["0.683", "0.934", "0.332", "–", "–"]
    assert table.groups[1][0] == "Published, measured on the whole benchmark (protocol matlab, vot2016)"
    whole = [replace(document, partial=False) for document in documents]
    published = overview(whole, SERIES, published_numbers(), synthetic=False).groups[1][0]
    assert published == "Published (protocol matlab, vot2016)"


def test_overview_of_the_built_in_dataset_sets_published_numbers_apart(documents: list[Scores]) -> None:
    table = overview(documents, SERIES, published_numbers(), synthetic=True)
    assert table.groups[1][0] == "Published, measured on the real benchmarks (protocol matlab, vot2016)"


def test_overview_means_over_passes_only(documents: list[Scores]) -> None:
    otb, vot = documents
    table = overview([otb, otb, vot], SERIES, (), synthetic=False)
    assert table.heads[0][-1].text == "Mean"
    assert table.heads[0][-1].note == "of 2 benchmarks"
    row = texts(table)["siamese"]
    assert row[-2:] == row[:2]
    assert len(table.groups) == 1


def test_best_of_a_column_is_marked_lower_being_better_for_robustness(documents: list[Scores]) -> None:
    table = benchmark_table(documents[1], SERIES, (), synthetic=False)
    marked = {row.name: [cell.best for cell in row.cells] for row in table.groups[0][1]}
    assert [head.text for head in table.heads[0]] == ["EAO", "A", "R", "F", "Sequences", "Frames"]
    assert marked["siamese"][1:4] == [True, True, True]
    assert marked["template"][2:4] == [True, True]
    assert marked["still"] == [False] * 6


def test_benchmark_table_orders_trackers(documents: list[Scores]) -> None:
    table = benchmark_table(documents[0], SERIES, published_numbers(), synthetic=False)
    rows = texts(table)
    assert list(rows) == ["siamese", "template", "still"]
    assert rows["siamese"][-2:] == ["4", "96"]
    assert all(len(row.cells) == len(table.heads[0]) for _, group in table.groups for row in group)
    assert [row.remark for row in table.groups[0][1]] == ["", "imported results", ""]


def lacking(document: Scores, *names: str) -> Scores:
    """The scores as if those trackers had a result for Ant only, and twice the numbers of others."""
    trackers = dict(document.trackers)
    for name in names:
        mine = trackers[name]
        overall = Numbers(values={**mine.overall.values, "auc": 0.99, "dp20": 0.99})
        sequences = {"Ant": mine.sequences["Ant"]}
        trackers[name] = replace(mine, overall=overall, sequences=sequences, missing=("Bee", "Cat", "Dog"))
    return replace(document, trackers=trackers)


def test_a_tracker_without_all_sequences_comes_last_marked_and_is_never_the_best(
    documents: list[Scores],
) -> None:
    few = lacking(documents[0], "still")
    for table in (
        benchmark_table(few, SERIES),
        overview([few], SERIES, (), synthetic=False),
        overview([few, documents[1]], SERIES, (), synthetic=False),
    ):
        assert [title for title, _ in table.groups] == ["", APART][: len(table.groups)]
        last = table.groups[-1][1][-1]
        assert last.name == "still"
        assert (last.cells[0].text, last.cells[0].note) == ("0.990", "1 of 4 sequences")
        assert [cell.best for cell in last.cells[:2]] == [False, False]
        assert table.groups[0][1][0].cells[0].best
    twice = overview([few, few], SERIES, (), synthetic=False)
    assert texts(twice, 1)["still"][-2:] == ["–", "–"], "no mean"
    attributes = attribute_table(few, SERIES)
    assert attributes is not None
    assert attributes.heads[0][1].note == "1 of 4 sequences"
    assert not any(row.cells[1].best for row in attributes.groups[0][1])


def test_in_a_terminal_the_numbers_of_a_benchmark_share_a_column(documents: list[Scores]) -> None:
    lines = text(overview([lacking(documents[0], "still")], SERIES, (), synthetic=False)).splitlines()
    assert lines[2].split() == ["AUC", "/", "DP@20"]
    assert lines[-1].split(maxsplit=1) == ["still", "0.990 (1 of 4 sequences) / 0.990"]


def test_breakdowns(documents: list[Scores], scores: dict[str, Scores]) -> None:
    otb, vot = documents
    (table,) = sequence_tables(otb, SERIES)
    entry = scores["otb2013"].trackers["template"].sequences["Bee"].values
    assert texts(table)["Bee"][2] == f"{entry['auc']:.3f}"
    assert [head.text for head in table.heads[0]] == list(SERIES)
    assert [t.caption.split(" on ")[0] for t in sequence_tables(vot, SERIES)] == ["Accuracy", "Failures"]
    tagged = attribute_table(vot, SERIES)
    assert tagged is not None
    assert tagged.caption.startswith("Accuracy on VOT2016"), "no tag has an EAO: the sequences are too short"
    attributes = attribute_table(otb, SERIES)
    assert attributes is not None
    assert [(row.name, row.remark) for row in attributes.groups[0][1]] == [
        ("IV", "illumination variation"),
        ("SV", "scale variation"),
    ]


def test_a_number_that_is_not_published_stays_out() -> None:
    scores = scored(trackers={"siamese": {"auc": 0.5}})
    elsewhere = Published("X", "paper", "title", {"uav123": {"auc": 0.9}})
    table = overview([scores], SERIES, [elsewhere], synthetic=False)
    assert len(table.groups) == 1
