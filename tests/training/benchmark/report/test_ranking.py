from __future__ import annotations

from dataclasses import replace

from tests.training.benchmark.scored import scored
from training.benchmark.report.ranking import compete, leader
from training.benchmark.scores.score_document import Scores


def document(name: str, **auc: float | None) -> Scores:
    return scored(name, trackers={tracker: {"auc": number} for tracker, number in auc.items()})


def test_the_leader_is_the_best_over_all_benchmarks() -> None:
    both = [document("x", a=0.5, b=0.6, c=0.9), document("y", a=0.5, b=0.3)]
    assert leader(both) == "a", "c is not on both"
    assert leader(both[:1]) == "c"
    assert leader([]) == ""


def test_one_that_lacks_sequences_does_not_lead(scores: dict[str, Scores]) -> None:
    otb = scores["otb2013"]
    trackers = {**otb.trackers, "siamese": replace(otb.trackers["siamese"], missing=("Ant",))}
    assert leader([otb]) == "siamese"
    part = replace(otb, trackers=trackers)
    assert leader([part]) == part.best == "template"
    assert [compete([part], name) for name in ("siamese", "still")] == [False, True]
    assert compete([part, otb], "siamese")
