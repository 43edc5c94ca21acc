"""The table of sequences: seeds merged, trackers without all results marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines import paths
from pipelines.__main__ import main
from pipelines.tools.table import table
from tests.training.benchmark.scored import scored, tracked
from training.benchmark.report.speeds import Speeds
from training.benchmark.scores.score_document import TrackerScores
from training.benchmark.scores.score_file import save_scores


def tracker(missing: tuple[str, ...] = (), **values: tuple[float, float]) -> TrackerScores:
    sequences = {name: {"auc": auc, "dp20": dp20} for name, (auc, dp20) in values.items()}
    return tracked({}, sequences=sequences, missing=missing)


DOCUMENT = scored(
    "otb2015",
    title="OTB-2015",
    trackers={
        "KCF": tracker(Couple=(0.9, 0.3), missing=("David",)),
        "online-0": tracker(Couple=(0.5, 1.0), David=(0.7, 0.9)),
        "online-1": tracker(Couple=(0.7, 1.0), David=(0.9, 0.9)),
    },
)


def test_seeds_are_merged_and_partial_means_are_marked() -> None:
    assert table(DOCUMENT).splitlines() == [
        "| OTB-2015 | online DSLT | KCF |",
        "| --- | --- | --- |",
        "| Couple | 0.600/1.000 | 0.900/0.300 |",
        "| David | 0.800/0.900 | – |",
        "| mean | 0.700/0.950 | 0.900/0.300 (1) |",
        "| spread over seeds | 0.141/0.000 |  |",
        "| mean of the 1 that all have | 0.600/1.000 | 0.900/0.300 |",
    ]


def test_speeds_are_those_of_all_seeds() -> None:
    times = {"otb2015": {"online-0": (100, 2.0), "online-1": (100, 4.0)}}
    assert table(DOCUMENT, speeds=Speeds(times)).splitlines()[-1] == "| frames/s | 37.5 | – |"


def test_trackers_stand_in_the_order_asked_for_and_must_exist() -> None:
    assert table(DOCUMENT, ["KCF", "online"]).startswith("| OTB-2015 | KCF | online DSLT |")
    with pytest.raises(InputError, match=r"no scores of MDNet\. Known: KCF, online"):
        table(DOCUMENT, ["MDNet"])


def test_the_command_reads_the_score_stages_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    save_scores(paths.SCORES, [DOCUMENT, scored("vot2016", kind="vot", trackers={"KCF": {"eao": 0.1}})])
    assert main(["table", "otb2015", "KCF"]) == 0
    assert "| Couple | 0.900/0.300 |" in capsys.readouterr().out
    assert main(["table", "vot2016"]) == 1
    assert "Scored: otb2015" in caplog.text
