"""`evaluate`, `convert` and `compare` from the command line, as somebody with result files uses them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from curation.files import write_json
from pipelines.__main__ import main
from tests.training.benchmark.builders import still, write_images, write_rows
from training.benchmark.results.result_writer import FORMATS, write_starts
from training.benchmark.scores.starts import temporal_starts
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.sequences.sequence_list import load_listing
from training.benchmark.trajectory import Trajectory, write_trajectories

ROOT = Path(__file__).parents[2]
ROWS = {"Couple": 140, "Crossing": 120, "Deer": 71, "Skiing": 81, "Tiger1": 354}
"""Lengths of some of OTB's annotation files."""
FRAMES = sum(ROWS.values()) - 5  # Tiger1 starts at frame 6
HIT = sum(1 / (rows - 5 * (name == "Tiger1")) for name, rows in ROWS.items()) / len(ROWS)
"""Share of the first frames, which the truth replaces: all that a lost tracker hits."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with annotations, and results of a perfect and of a lost tracker."""
    for name, rows in ROWS.items():
        write_rows(tmp_path / "truth" / f"{name}.txt", still(rows))
        write_rows(tmp_path / "results/good" / f"{name}.txt", still(rows - 5 * (name == "Tiger1")))
        far = still(rows - 5 * (name == "Tiger1"), (300, 300, 20, 20))
        write_rows(tmp_path / "results/lost" / f"{name}.txt", far)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(words) == 0
    return capsys.readouterr().out.splitlines()


def refused(caplog: pytest.LogCaptureFixture, *words: str) -> str:
    caplog.clear()
    assert main(words) == 1
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    return record.getMessage()


EVALUATE = ("evaluate", "otb2015", "results", "--root", "truth")


def test_evaluate_says_what_it_did(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, *EVALUATE, "--json", "scores.json")
    assert lines[0] == "OTB-2015, one-pass evaluation, protocol matlab"
    assert [line.split() for line in lines[4:6]] == [
        ["good", "0.9524", *["1.0000"] * 4, "5", f"{FRAMES}"],
        ["lost", f"{HIT * 20 / 21:.4f}", *[f"{HIT:.4f}"] * 4, "5", f"{FRAMES}"],
    ]
    assert "These scores are partial." in lines
    assert "No sequence here for 95: Basketball, Biker," in " ".join(lines)
    assert json.loads((here / "scores.json").read_text())["trackers"]["good"]["overall"]["sequences"] == 5


def test_evaluate_one_tracker_under_another_protocol(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--protocol", "got10k", "--attributes", "--sequences", "--json", "scores.json")
    lines = printed(capsys, *EVALUATE[:3], "lost", *EVALUATE[3:], *more)
    assert lines[0].endswith("protocol got10k")
    assert lines[4].split()[-2:] == ["5", f"{FRAMES + 5}"]
    assert [line.split()[0] for line in lines if line.startswith(tuple(ROWS))] == [*ROWS, *ROWS]


@pytest.mark.parametrize(
    "words",
    [
        ("lost", "--root", "truth", "good"),
        ("--root", "truth", "lost", "good"),
        ("--root", "truth", "--sequences", "lost", "good", "--protocol", "matlab"),
    ],
)
def test_trackers_stand_before_and_after_options(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    lines = printed(capsys, *EVALUATE[:3], *words)
    assert [line.split()[0] for line in lines[4:6]] == ["good", "lost"]


def test_several_roots(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "more").mkdir()
    (here / "truth/Deer.txt").rename(here / "more/Deer.txt")
    assert printed(capsys, *EVALUATE, "good")[4].split()[-2] == "4"
    assert printed(capsys, *EVALUATE, "good", "--root", "more")[4].split()[-2] == "5"
    assert (
        main(("convert", "otb2015", "results", "--root", "truth", "good", "--root", "more", "got10k", "o"))
        == 0
    )
    assert len(list((here / "o").rglob("*.txt"))) == 5


def test_evaluate_starts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = (entry for entry in load_listing("otb2015").sequences if entry.name == "Deer")
    deer = Sequence("Deer", (), still(71), omit=entry.init_omit)
    runs = [still(71 - start) for start in temporal_starts(deer)]
    write_starts(here / "tre", "KCF", deer, "tre", runs, form="jwlim")
    write_rows(here / "deer/Deer.txt", still(71))
    lines = printed(capsys, "evaluate", "otb2015", "tre", "--starts", "tre", "--root", "deer")
    assert lines[0] == "OTB-2015, temporal robustness (TRE), protocol matlab"
    assert lines[4].split()[:2] == ["KCF", "0.9524"]


def test_evaluate_another_year_of_vot(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list knows the frames' size: no image is needed."""
    bag = still(196, (10, 10, 19, 19))
    write_rows(here / "vot/bag/groundtruth.txt", bag)
    run = Trajectory.from_boxes(still(196, (10, 10, 19, 15)))
    write_trajectories(here / "SiamFC", "bag", [run])
    words = ("evaluate", "vot2017", "SiamFC", "--root", "vot")
    lines = printed(capsys, *words)
    rules = "overlap rule vot2016, bounds frame-1, EAO by the rules of matlab over lengths 100 to 356"
    assert lines[0] == f"VOT2017, supervised, {rules}"
    assert lines[4].split()[:3] == ["SiamFC", "0.8000", "0.8000"]
    lines = printed(capsys, *words, "--overlap", "exact", "--bounds", "frame", "--year", "vot2019")
    assert "overlap rule exact, bounds frame" in lines[0]
    assert lines[0].endswith("over lengths 46 to 291")
    assert lines[4].split()[1] == f"{15 / 19:.4f}"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ((*EVALUATE[:3], "godo", *EVALUATE[3:]), "is named 'godo'. Did you mean good?"),
        ((*EVALUATE, "--protocol", "matlb"), "no protocol is named 'matlb'. Did you mean matlab?"),
        (("evaluate", "otb2015", "none", "--root", "truth"), "there is no results folder none"),
        (("evaluate", "otb2015", "results", "--root", "none"), "the root none does not exist"),
        (("evaluate", "uav123", "results", "--root", "truth"), "no sequence of UAV123 found under truth"),
        (EVALUATE[:3], "no otb_root is set"),
        (
            ("evaluate", "vot2017", "results"),
            "no vot2017_root is set, so nothing says where vot2017 is",
        ),
        (("convert", "otb2015", "results", "god", "pysot", "out", "--root", "truth"), "Did you mean good?"),
        (
            ("convert", "otb2015", "results", "good", "vot", "out", "--root", "truth"),
            "does not hold results of OTB-2015",
        ),
    ],
)
def test_one_clear_line(
    here: Path, caplog: pytest.LogCaptureFixture, words: tuple[str, ...], answer: str
) -> None:
    message = refused(caplog, *words)
    assert answer in message
    assert "\n" not in message


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"vot"}))
def test_converted_results_keep_their_score(
    here: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    before = printed(capsys, *EVALUATE)[4]
    printed(capsys, "convert", "otb2015", "results", "good", form, "out", "--root", "truth")
    assert printed(capsys, "evaluate", "otb2015", "out", "--root", "truth")[4] == before


def test_compare_names_what_is_no_difference(
    here: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    printed(capsys, *EVALUATE, "--json", "a.json")
    lines = printed(capsys, "compare", "lost", "good", "--scores", "a.json", "--sequences")
    assert lines[0] == "OTB-2015, protocol matlab, 5 sequences"
    assert lines[2].split()[:3] == ["auc", f"{HIT * 20 / 21:.4f}", "0.9524"]
    assert lines[2].endswith("]")
    assert sum(line.split()[0] in ROWS for line in lines if line) == 5
    (here / "truth/Couple.txt").unlink()
    printed(capsys, *EVALUATE, "--json", "few.json")
    few = printed(capsys, "compare", "lost", "good", "--scores", "few.json")
    assert few[2].endswith("fewer than 5 sequences show no difference")
    same = printed(capsys, "compare", "good", "good", "--scores", "a.json", "a.json")
    assert same[2].endswith("no difference shown")
    printed(capsys, *EVALUATE, "--protocol", "pysot", "--json", "b.json")
    assert "cannot compare protocol matlab with pysot" in refused(
        caplog, "compare", "good", "good", "--scores", "a.json", "b.json"
    )
    assert "Did you mean good?" in refused(caplog, "compare", "good", "goood", "--scores", "a.json")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--scores", "none.json"), "there is no file none.json. Write it: evaluate ... --json FILE"),
        (("--scores", "odd.json"), "odd.json holds no scores"),
        (("--scores", "list.json"), "list.json holds no scores"),
        (("--scores", "broken.json"), "broken.json"),
        (("--scores", "a.json", "--benchmark", "otb2013"), "named 'otb2013'. Did you mean otb2015?"),
        (("--scores", "a.json", "a.json", "a.json"), "--scores takes one file or two"),
        ((), "reports/score/scores.json is missing. Run: dvc repro score"),
    ],
)
def test_files_that_cannot_be_compared(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    words: tuple[str, ...],
    answer: str,
) -> None:
    printed(capsys, *EVALUATE, "--json", "a.json")
    (here / "odd.json").write_text('{"otb2015": {"trackers": {}}}')
    (here / "list.json").write_text("[1]")
    (here / "broken.json").write_text('{"trackers"')
    assert answer in refused(caplog, "compare", "lost", "good", *words)


def test_the_built_in_sequences_need_no_root(
    here: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """As a new user's first command beside the pipeline's own results; a root that is set comes first."""
    words = ("evaluate", "otb2015", "results", "good")
    write_rows(here / "data/sample/sequences/Deer.txt", still(71))
    assert "no otb_root is set" in refused(caplog, *words)
    (here / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    assert printed(capsys, *words)[4].split()[-2:] == ["1", "71"]
    printed(capsys, "settings", "--set", "otb_root=truth")
    assert printed(capsys, *words)[4].split()[-2:] == ["5", f"{FRAMES}"]


@pytest.mark.parametrize(
    "fields",
    [
        {"startFrame": float("nan")},
        {"startFrame": float("inf")},
        {"res": "hello"},
        {"res": np.array([[1, "a"]], object)},
    ],
)
def test_a_mat_file_with_something_else_than_numbers(
    here: Path, caplog: pytest.LogCaptureFixture, fields: dict[str, object]
) -> None:
    cell = np.empty(1, object)
    cell[0] = {"type": "rect", "res": np.ones((71, 4)), "len": 71.0, **fields}
    (here / "results/T").mkdir()
    scipy.io.savemat(here / "results/T/Deer.mat", {"results": cell})
    message = refused(caplog, *EVALUATE, "T")
    assert message.startswith("error: results of T in results: results/T/Deer.mat has a")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x01x", "\\x01x"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\udce9", "\\xe9"),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_a_tracker_folder_whose_name_cannot_be_printed(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    name: str,
    shown: str,
) -> None:
    (here / "results/good").rename(here / "results" / name)
    message = refused(caplog, *EVALUATE)
    assert message.isprintable()
    assert f"{shown}: the tracker {shown} in results has a name that cannot be printed" in message
    assert "\nlost " in capsys.readouterr().out  # the others are scored


def test_names_of_odd_files_reach_no_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "results/good/zzz\x1b[2J\udcff.txt").write_text("1,2,3,4\n")
    lines = printed(capsys, *EVALUATE, "good", "--json", "scores.json")
    assert any("zzz\\x1b[2J\\xff.txt" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert "zzz" in (here / "scores.json").read_text()


def test_an_archive_for_a_server(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results of the track stage, with the times that it recorded, from the set as it is distributed."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("track: {}\n")
    names = [f"GOT-10k_Test_{number:06d}" for number in range(1, 181)]
    for name in names:
        write_images(tmp_path / "test" / name, ["00000001.jpg", "00000002.jpg"])
        write_rows(tmp_path / f"test/{name}/groundtruth.txt", still(1, (3, 4, 5, 6)))
        write_rows(tmp_path / f"data/results/got10k_test/siamese/{name}.txt", still(2, (3, 4, 5, 6)))
    times = {"trackers": {"siamese": {"sequences": {name: [0.1, 0.2] for name in names}}}}
    write_json(tmp_path / "data/times/got10k_test.json", times)
    given = ["submit", "got10k_test", "--root", "test"]
    assert main([*given, "data/results/got10k_test", "siamese", "--out", "siamese.zip"]) == 0
    assert main([*given, "siamese.zip"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second == "siamese.zip: 180 sequences of GOT-10k test, repetitions: 1; complete"
    assert main(["submit", "otb2015", "siamese.zip"]) == 1
    assert main([*given, "data/results/got10k_test"]) == 1
    assert "no test set with a server is named 'otb2015'" in caplog.text
    assert "no tracker was named" in caplog.text
