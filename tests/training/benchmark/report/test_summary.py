from __future__ import annotations

from typing import Any

from tests.training.benchmark.scored import scored, tracked
from training.benchmark.report.summary import summary_table
from training.benchmark.scores.score_document import Scores


def document(title: str, numbers: dict[str, tuple[float, float]], **more: Any) -> Scores:
    trackers = {name: {"auc": auc, "dp20": dp} for name, (auc, dp) in numbers.items()}
    return scored("x", title=title, trackers=trackers, **more)


def cells(text: str, name: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith(name) and "minus" not in line]


def test_numbers_means_margins_and_protocols() -> None:
    text = summary_table(
        {
            "otb2013": document("OTB-2013", {"still": (0.1, 0.2), "siamese": (0.5, 0.75)}),
            "uav123": document("UAV123", {"still": (0.2, 0.2), "siamese": (0.7, 0.25)}),
        }
    )
    assert cells(text, "siamese") == [
        ["siamese", *["0.500", "/", "0.750", "0.700", "/", "0.250", "0.600", "/", "0.500"]]
    ]
    assert cells(text, "still") == [
        ["still", *["0.100", "/", "0.200", "0.200", "/", "0.200", "0.150", "/", "0.200"]],
        ["still", "+0.400", "+0.500", "+0.450"],
    ]
    assert text.count("protocol matlab  protocol matlab  of 2 benchmarks") == 1
    assert text.index("siamese   ") < text.index("still")


def test_columns_are_aligned() -> None:
    text = summary_table(
        {"otb2013": document("OTB-2013", {"a long name": (0.1, 0.2), "siamese": (0.5, 0.75)})}
    )
    block = text.split("\n\n")[1].splitlines()
    assert len({len(line) for line in block if " / 0." in line}) == 1


def test_a_mean_needs_every_benchmark() -> None:
    text = summary_table(
        {
            "otb2013": document("OTB-2013", {"siamese": (0.5, 0.7), "KCF": (0.4, 0.6)}),
            "uav123": document("UAV123", {"siamese": (0.5, 0.7)}),
        }
    )
    assert cells(text, "KCF") == [["KCF", "0.400", "/", "0.600", "–", "–"], ["KCF", "+0.100", "–", "–"]]


def test_vot_and_partial(scores: dict[str, Scores]) -> None:
    text = summary_table(scores, labels={"siamese": "Siamese network"})
    assert "VOT2016, protocol vot2016" in text
    assert "OTB-2013 *" in text
    assert "* OTB-2013 is partial: 1 sequences are not here (Elk)" in text
    overall = scores["vot2016"].trackers["siamese"].overall.values
    (row,) = (line for line in text.splitlines() if line.startswith("Siamese network") and line[-2:] == "48")
    assert row.split()[2:] == ["–", f"{overall['accuracy']:.3f}", "0.000", "0.0", "2", "48"]
    assert "Siamese network minus the other trackers" in text


def test_missing_results_of_one_tracker_are_told() -> None:
    part = tracked({"auc": 0.5, "dp20": 0.7}, missing=("A", "B", "C", "D"))
    text = summary_table({"otb2013": scored(partial=True, trackers={"siamese": part})})
    assert "siamese has no result for 4 (A, B, C and 1 more)" in text


def test_the_best_leads_whoever_made_it() -> None:
    text = summary_table({"otb2013": document("OTB-2013", {"siamese": (0.4, 0.6), "DSST": (0.5, 0.6)})})
    assert "DSST minus the other trackers" in text
    assert cells(text, "siamese")[-1] == ["siamese", "+0.100"]


def test_built_in_data_are_named_so_in_every_head() -> None:
    numbers = {"siamese": (0.4, 0.6), "KCF": (0.3, 0.5)}
    text = summary_table({"otb2013": document("OTB-2013 (built in)", numbers)})
    assert text.count("OTB-2013") == text.count("OTB-2013 (built in)") == 2


def test_nothing() -> None:
    assert summary_table({}) == ""


def test_trackers_on_some_benchmarks_follow_in_their_order_and_those_on_none_are_left_out() -> None:
    vot = scored("vot2016", kind="vot", trackers={"V": {"eao": 0.1}})
    text = summary_table(
        {
            "otb2013": document("OTB-2013", {"siamese": (0.2, 0.2), "A": (0.3, 0.3), "B": (0.5, 0.5)}),
            "uav123": document("UAV123", {"siamese": (0.2, 0.2)}),
            "vot2016": vot,
        }
    )
    first, margins, votes = text.split("\n\n")[1::2]
    assert [line.split()[0] for line in first.splitlines()[-3:]] == ["siamese", "B", "A"]
    assert "V " not in first + margins
    assert "V " in votes
