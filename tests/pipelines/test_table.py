"""The table of sequences: seeds merged, trackers without all results marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import InputError
from curation.files import write_json
from pipelines import paths
from pipelines.__main__ import main
from pipelines.tools.table import table


def tracker(**values: tuple[float, float]) -> dict[str, object]:
    return {"sequences": {name: {"auc": auc, "dp20": dp20} for name, (auc, dp20) in values.items()}}


DOCUMENT = {
    "title": "OTB-2015",
    "kind": "ope",
    "trackers": {
        "online-0": tracker(Couple=(0.5, 1.0), David=(0.7, 0.9)),
        "online-1": tracker(Couple=(0.7, 1.0), David=(0.9, 0.9)),
        "KCF": tracker(Couple=(0.2, 0.3)),
    },
}


def test_seeds_are_merged_and_partial_means_are_marked() -> None:
    assert table(DOCUMENT).splitlines() == [
        "| OTB-2015 | online DSLT | KCF |",
        "| --- | --- | --- |",
        "| Couple | 0.600/1.000 | 0.200/0.300 |",
        "| David | 0.800/0.900 | – |",
        "| mean | 0.700/0.950 | 0.200/0.300 (1) |",
        "| spread over seeds | 0.141/0.000 |  |",
    ]


def test_trackers_stand_in_the_order_asked_for_and_must_exist() -> None:
    assert table(DOCUMENT, ["KCF", "online"]).startswith("| OTB-2015 | KCF | online DSLT |")
    with pytest.raises(InputError, match=r"no scores of MDNet\. Known: online, KCF"):
        table(DOCUMENT, ["MDNet"])


def test_the_command_reads_the_score_stages_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_json(paths.SCORES, {"otb2015": DOCUMENT, "vot2016": {"kind": "vot"}})
    assert main(["table", "otb2015", "KCF"]) == 0
    assert "| Couple | 0.200/0.300 |" in capsys.readouterr().out
    assert main(["table", "vot2016"]) == 1
    assert "Scored: otb2015" in caplog.text
