from __future__ import annotations

from typing import Any

from tests.training.benchmark.scored import scored, tracked
from training.benchmark.report.summary import summary_table
from training.benchmark.scores.score_document import Scores


def document(title: str, numbers: dict[str, tuple[float, float]], **more: Any) -> Scores:
    trackers = {name: {"auc": auc, "dp20": dp} for name, (auc, dp) in numbers.items()}
    return scored("x", title=title, trackers=trackers, **more)


def cells(text: str, name: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith(name)]


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
    (row,) = (line for line in text.splitlines() if line.startswith("Siamese network") and " / " not in line)
    assert row.split()[2:] == ["–", f"{overall['accuracy']:.3f}", "0.000", "0.0", "2", "48"]
    assert "AUC of Siamese network minus" in text


def test_missing_results_of_one_tracker_are_told() -> None:
    part = tracked({"auc": 0.5, "dp20": 0.7}, missing=("A", "B", "C", "D"))
    text = summary_table({"otb2013": scored(partial=True, trackers={"siamese": part})})
    assert "siamese has no result for 4 (A, B, C, ...)" in text


def test_without_the_trained_tracker_there_are_no_margins() -> None:
    text = summary_table({"otb2013": document("OTB-2013", {"KCF": (0.4, 0.6), "DSST": (0.5, 0.6)})})
    assert "minus" not in text
    assert cells(text, "DSST")


def test_a_title_s_remark_stands_below_the_tables() -> None:
    text = summary_table({"otb2013": document("OTB-2013 (built in)", {"siamese": (0.4, 0.6)})})
    assert "(built in)" not in text.rpartition("\n")[0]
    assert text.splitlines()[-1] == "* Sequences: OTB-2013 (built in)"


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
