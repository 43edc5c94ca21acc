from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.training.benchmark.report.test_tables import SERIES, texts
from tests.training.benchmark.scored import scored, tracked
from training.benchmark.report.margins import margins
from training.benchmark.scores.comparison import FEWEST
from training.benchmark.scores.score_document import Numbers, Scores


def document(ours: list[float], theirs: list[float]) -> Scores:
    trackers = {
        name: tracked(
            {"auc": float(np.mean(numbers))},
            sequences={f"s{n}": {"auc": number} for n, number in enumerate(numbers)},
        )
        for name, numbers in (("siamese", ours), ("still", theirs))
    }
    return scored(trackers=trackers)


def cell(scores: Scores) -> Any:
    table = margins([scores], SERIES, "siamese")
    assert table is not None
    return table.groups[0][1][0].cells[0]


def test_differences_of_auc(scores: dict[str, Scores]) -> None:
    table = margins(list(scores.values()), SERIES, "siamese")
    assert table is not None
    auc = {name: entry.overall.values["auc"] for name, entry in scores["otb2013"].trackers.items()}
    assert texts(table) == {name: [f"{auc['siamese'] - auc[name]:+.3f}"] for name in ("template", "still")}
    assert [head.text for head in table.heads[0]] == ["OTB-2013"], "VOT has no AUC"


def test_a_negative_one_has_a_minus_sign() -> None:
    assert cell(document([0.2], [0.5])).text == "−0.300"


def test_a_steady_lead_is_set_off() -> None:
    found = cell(document([0.51, 0.62, 0.70, 0.33, 0.44], [0.41, 0.50, 0.62, 0.20, 0.34]))
    assert found.best
    low, high = (float(end) for end in found.remark.split(" to "))
    assert 0.08 <= low < 0.106 < high <= 0.13


def test_a_lead_from_one_sequence_is_not() -> None:
    found = cell(document([0.5, 0.5, 0.5, 0.5, 0.9], [0.5, 0.5, 0.5, 0.5, 0.1]))
    assert found.text == "+0.160"
    assert not found.best
    assert found.remark.startswith("+0.000 to ")


def test_a_steady_lag_is_set_off_too() -> None:
    assert cell(document([0.1] * FEWEST, [0.3] * FEWEST)).best


def test_few_sequences_have_no_interval() -> None:
    found = cell(document([0.9] * (FEWEST - 1), [0.1] * (FEWEST - 1)))
    assert (found.remark, found.best) == ("", False)


def test_mean_only_with_a_number_everywhere() -> None:
    whole = document([0.5], [0.25])
    table = margins([whole, whole], SERIES, "siamese")
    assert table is not None
    assert texts(table)["still"] == ["+0.250", "+0.250", "+0.250"]
    alone = scored("x", trackers={"siamese": {"auc": 0.5}})
    table = margins([whole, alone], SERIES, "siamese")
    assert table is not None
    assert texts(table)["still"] == ["+0.250", "–", "–"]


def test_over_the_sequences_that_both_have() -> None:
    whole = document([0.5, 0.7, 0.1], [0.4, 0.4, 0.9])
    still = whole.trackers["still"]
    sequences = {name: still.sequences[name] for name in ("s0", "s1")}
    part = replace(still, overall=Numbers(values={"auc": 0.4}), sequences=sequences, missing=("s2",))
    found = cell(replace(whole, trackers={**whole.trackers, "still": part}))
    assert (found.text, found.remark) == ("+0.200", "2 sequences")


@pytest.mark.parametrize("trained", ["nobody", ""])
def test_none_without_the_trained_tracker(scores: dict[str, Scores], trained: str) -> None:
    assert margins(list(scores.values()), SERIES, trained) is None


def test_none_without_rivals_or_passes(scores: dict[str, Scores]) -> None:
    documents = list(scores.values())
    assert margins(documents, {"siamese": SERIES["siamese"]}, "siamese") is None
    assert margins(documents[1:], SERIES, "siamese") is None
