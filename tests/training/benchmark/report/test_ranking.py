from __future__ import annotations

from dataclasses import replace
from typing import Any

from training.benchmark.report.ranking import leader
from training.benchmark.report.reading import Scores, read_scores


def document(name: str, **auc: float | None) -> Scores:
    trackers = {tracker: {"overall": {"auc": number}} for tracker, number in auc.items()}
    (scores,) = read_scores({name: {"protocol": "matlab", "trackers": trackers}})
    return scores


def test_the_leader_is_the_best_over_all_benchmarks() -> None:
    both = [document("x", a=0.5, b=0.6, c=0.9), document("y", a=0.5, b=0.3)]
    assert leader(both, ["a", "b"]) == "a"
    assert leader(both, ["a", "b", "c"]) == "a", "c is not on both"
    assert leader(both, ["c", "nobody"]) == "c"
    assert leader(both, ["nobody"]) is None


def test_one_that_lacks_sequences_does_not_lead(scores: dict[str, Any]) -> None:
    otb, _ = read_scores(scores)
    trackers = {**otb.trackers, "siamese": replace(otb.trackers["siamese"], missing=("Ant",))}
    assert leader([otb], ["siamese", "still"]) == "siamese"
    assert leader([replace(otb, trackers=trackers)], ["siamese", "still"]) == "still"
