"""`draw` as users run it: what it writes from which trees, and bad input in one line."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines import paths
from pipelines.__main__ import main
from pipelines.scoring import LABELS
from pipelines.tools.draw import drawn_series
from tests.training.benchmark.builders import still, write_rows
from tests.training.tracking.clips import read_back
from training.benchmark.report.content import ReportContent
from training.benchmark.report.page import render
from training.benchmark.scores.score_file import load_scores
from training.benchmark.trajectory import Trajectory, write_trajectories

FRAMES = 71  # of Deer


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one sequence of OTB, as frames and truth, and results of two trackers and a broken one."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "OTB/Deer/img"
    folder.mkdir(parents=True)
    for number in range(1, FRAMES + 1):
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), np.full((90, 120, 3), number, np.uint8))
    write_rows(tmp_path / "OTB/Deer/groundtruth_rect.txt", still(FRAMES))
    write_rows(tmp_path / "results/KCF/Deer.txt", still(FRAMES, (12, 12, 20, 20)))
    write_rows(tmp_path / "results/DSST/Deer.txt", [[30.0, 30, 20, 20]] * 40 + [[np.nan] * 4] * 31)
    write_rows(tmp_path / "results/Broken/Deer.txt", [[1.0, 2, 3]] * FRAMES)
    return tmp_path


DRAW = ("draw", "otb2015", "results", "--root", "OTB")


def test_a_video_of_all_trackers_named_after_the_sequence(
    here: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main([*DRAW, "--sequence", "Deer", "--start", "3", "--end", "12"]) == 0
    assert capsys.readouterr().out == "10 frames of Deer with DSST, KCF: Deer.drawn.mp4\n"
    assert "Broken is left out: " in caplog.text
    frames, code, _ = read_back(Path("Deer.drawn.mp4"))
    assert (len(frames), code) == (10, "h264")
    assert frames[0].shape[1] == 600  # five times as large, and a legend below
    assert frames[0].shape[0] > 450


def test_a_strip_of_some_trackers_in_their_order(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DRAW[:3], "KCF", *DRAW[3:], "DSST", "--strip", "3", "--out", "deer.png"]) == 0
    assert capsys.readouterr().out == "3 frames of Deer with KCF, DSST: deer.png\n"
    picture = cv2.imread("deer.png")
    assert picture is not None
    shades = [int(picture[250, x, 0]) for x in (300, 720, 1140)]
    assert shades == pytest.approx([1, 36, 71], abs=3), "the first frame, the middle one, the last"


def test_nothing_is_written_over_without_being_told(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main([*DRAW, "KCF", "--strip"]) == 0
    before = Path("Deer.drawn.png").read_bytes()
    assert main([*DRAW, "DSST", "--strip"]) == 1
    assert (
        "Deer.drawn.png is there already. Write over it with --force, or name another: --out FILE"
        in caplog.text
    )
    assert Path("Deer.drawn.png").read_bytes() == before
    assert main([*DRAW, "DSST", "--strip", "--force"]) == 0
    assert Path("Deer.drawn.png").read_bytes() != before


def test_a_folder_of_frames_with_result_files_and_a_truth(
    here: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run = Trajectory.from_rows([[1], [5, 5, 10, 10], [2], *[[0]] * 4, [1], *[[6, 6, 9, 9]] * 63])
    [kept] = write_trajectories(here / "vot", "Deer", [run])
    files = ["results/KCF/Deer.txt", "results/DSST/Deer.txt", str(kept)]  # two are called alike
    words = ["draw", "OTB/Deer/img", *files, "--truth", "OTB/Deer/groundtruth_rect.txt", "--strip", "8"]
    assert main(words) == 0
    assert capsys.readouterr().out == ("8 frames of OTB/Deer/img with KCF, DSST, Deer_001: Deer.drawn.png\n")
    write_rows(Path("short.txt"), still(50))
    assert main(["draw", "OTB/Deer/img", "short.txt", "--strip", "--out", "s.png", "--origin", "0"]) == 0
    assert "short has 50 rows for 71 frames" in caplog.text


def test_a_folder_of_frames_with_a_tree_of_results(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "OTB/Deer/img", "results", "KCF", "--strip", "2"]) == 0
    assert "2 frames of OTB/Deer/img with KCF: Deer.drawn.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["draw", "otb2105", "results"],
            "no benchmark, and no folder of frames and no video is named 'otb2105'. Did you mean otb2015?",
        ),
        ([*DRAW, "--sequence", "Dear"], "Did you mean Deer?"),
        ([*DRAW, "--sequence", "Coke"], "Coke of OTB-2015 is not here"),
        ([*DRAW, "KFC"], "Did you mean KCF?"),
        ([*DRAW, "Broken"], "Deer.txt, line 1"),
        ([*DRAW, "KCF", "--start", "99"], "Deer has 71 frames, none from 99 on"),
        ([*DRAW, "KCF", "--strip", "0"], "--strip 0: a strip has 1 to 100 frames"),
        ([*DRAW, "KCF", "--rate", "0"], "--rate 0: a video has 1 to 1000 frames a second"),
        ([*DRAW, "KCF", "--out", "deer.png"], "deer.png does not end in .mp4"),
        ([*DRAW, "KCF", "--run", "2"], "has 1 runs on Deer, and no run 2"),
        ([*DRAW, "KCF", "--truth", "x.txt"], "--truth is for frames alone"),
        (["draw", "OTB/Deer/img", "nothing.txt"], "there is no result file nothing.txt"),
        (
            ["draw", "OTB/Deer/img", "results/KCF/Deer.txt", "results/KCF/Deer.txt"],
            "2 result files are called KCF",
        ),
        (["draw", "OTB/Deer/img", "OTB/Deer/img/0001.jpg"], "0001.jpg is no result file"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], said: str, here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = sorted(here.rglob("*"))
    assert main(words) == 1
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert said in record.getMessage()
    assert "\n" not in record.getMessage()
    assert sorted(here.rglob("*")) == before


def test_colours_are_those_of_the_report(here: Path) -> None:
    paths.SCORES.parent.mkdir(parents=True)
    (here / "results/Broken/Deer.txt").unlink()
    (here / "results/Broken").rmdir()
    (here / paths.RESULTS / "otb2015/DSST").mkdir(parents=True)  # tracked here, the other imported
    assert main(["evaluate", *DRAW[1:], "--short", "--json", str(paths.SCORES)]) == 0
    scores = load_scores(paths.SCORES)
    page = render(ReportContent(scores=scores, labels=LABELS, imported=["KCF"]))
    mine = drawn_series(["Other", "KCF", "DSST"])
    for name in ("KCF", "DSST"):
        shown = re.search(rf"stroke:var\(--s(\d)\)[^>]*/></svg>\s*<span>{name}</span>", page)
        assert shown
        assert int(shown[1]) == mine[name].colour
    assert mine["Other"].index == 2
