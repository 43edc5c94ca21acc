from __future__ import annotations

from training.benchmark.report.published import published_numbers
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.sequences.sequence_list import packaged_names


def test_the_paper_s_numbers() -> None:
    (paper,) = (entry for entry in published_numbers() if entry.tracker == "DSLT")
    assert paper.paper == "Lu et al., ECCV 2018"
    assert paper.scores == {
        "otb2013": {"auc": 0.683, "dp20": 0.934},
        "otb2015": {"auc": 0.660, "dp20": 0.909},
        "tc128": {"auc": 0.587, "dp20": 0.807},
        "uav123": {"auc": 0.530, "dp20": 0.746},
        "vot2016": {"eao": 0.332},
    }


def test_every_number_is_of_a_known_benchmark_and_metric_and_has_a_paper() -> None:
    known = set(METRICS)
    for entry in published_numbers():
        assert entry.paper
        assert entry.title
        for benchmark, numbers in entry.scores.items():
            assert benchmark in packaged_names()
            assert numbers
            assert set(numbers) <= known
            assert all(0 < number < 1 for number in numbers.values())


def test_numbers_on_some_benchmarks_can_be_left_out() -> None:
    assert any("otb2015" in entry.scores for entry in published_numbers())
    left = published_numbers(["otb2015"])
    assert not any("otb2015" in entry.scores for entry in left)
    assert any("otb2013" in entry.scores for entry in left)
