from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from curation.errors import InputError
from training.benchmark.metric_table import METRICS
from training.benchmark.report.reading import rank, read_scores, value

AUC = METRICS["auc"]


def test_reads_what_the_scorer_writes(scores: dict[str, Any]) -> None:
    otb, vot = read_scores(scores)
    assert (otb.title, otb.kind, otb.protocol, otb.partial, otb.missing) == (
        "OTB-2013",
        "ope",
        "matlab",
        True,
        ("Elk",),
    )
    assert [metric.key for metric in otb.metrics] == ["auc", "dp20", "op50", "norm_precision"]
    assert otb.ranked() == ["siamese", "template", "still"]
    assert otb.sequences == ["Ant", "Bee", "Cat", "Dog"]
    assert otb.attributes == ["IV", "SV"]
    assert otb.number("siamese", AUC) == scores["otb2013"]["trackers"]["siamese"]["overall"]["auc"]
    assert set(otb.trackers["still"].curves) == {"success", "precision", "norm_precision"}
    assert (vot.kind, vot.protocol, vot.partial) == ("vot", "vot2016", False)
    assert vot.interval == (108, 371)
    assert vot.attributes == ["occlusion", "empty"]
    assert vot.number("still", METRICS["failures"]) == 2.0
    assert len(vot.trackers["siamese"].curves["expected_overlap"]) == 24


def test_ranks_by_headline_then_name_and_without_number_last() -> None:
    document = {
        "protocol": "matlab",
        "trackers": {
            name: {"overall": {"auc": auc}}
            for name, auc in (("c", 0.5), ("none", None), ("a", 0.5), ("b", 0.9))
        },
    }
    (scores,) = read_scores({"otb2013": document})
    assert scores.ranked() == ["b", "a", "c", "none"]
    assert scores.title == "otb2013"


def test_average_overlap_of_the_unsupervised_runs_joins_the_others(scores: dict[str, Any]) -> None:
    document = copy.deepcopy(scores["vot2016"])
    document["trackers"]["siamese"]["unsupervised"] = {"overall": {"ao": 0.625, "frames": 3}}
    (vot,) = read_scores({"vot2016": document})
    assert vot.number("siamese", METRICS["ao"]) == 0.625
    assert vot.trackers["siamese"].overall["frames"] == 48
    assert vot.number("still", METRICS["ao"]) is None


@pytest.mark.parametrize("number", [None, math.nan, math.inf, "text"])
def test_no_number(number: object) -> None:
    assert value({"auc": number}, AUC) is None
    assert AUC.text(value({"auc": number}, AUC)) == "–"


def test_value_of_nothing_and_rank() -> None:
    assert value(None, AUC) is None
    assert sorted([None, 0.2, 0.9], key=rank) == [0.9, 0.2, None]


@pytest.mark.parametrize("key", ["trackers", "protocol"])
def test_a_document_without_protocol_or_trackers_is_refused(scores: dict[str, Any], key: str) -> None:
    document = {**scores["otb2013"], key: None}
    with pytest.raises(InputError, match=f"otb2013 have no '{key}'"):
        read_scores({"otb2013": document})
