"""The doctor's look at the installation: sound here, and told apart when something is broken."""

from __future__ import annotations

import shutil
import sys
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest

from pipelines.checks import installation
from pipelines.checks.finding import Answer, Finding, ask, counted
from pipelines.checks.installation import check_installation

ROOT = Path(__file__).parents[3]


def test_this_installation_works() -> None:
    findings = check_installation(ROOT)
    assert [f for f in findings if f.status == "fail"] == []
    assert {f.check for f in findings} == {"Python", "packages", "OpenCV", "git", "DVC", "disk space"}
    assert all(f.cure for f in findings if f.status != "ok")


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(installation, "ask", lambda command, folder: answer)


@pytest.mark.parametrize(
    ("complaint", "cure"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file", "apt-get install libgl1"),
        ("ModuleNotFoundError: No module named 'cv2'", "make setup"),
    ],
)
def test_opencv_without_its_libraries(monkeypatch: pytest.MonkeyPatch, complaint: str, cure: str) -> None:
    answering(monkeypatch, Answer(False, "", complaint))
    finding = installation._opencv(ROOT)
    assert finding.status == "fail"
    assert complaint in finding.message
    assert cure in finding.cure


def test_opencv_that_rounds_differently_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Answer(True, "5.0.0 False\n", ""))
    finding = installation._opencv(ROOT)
    assert finding.status == "warn"
    assert "grey level" in finding.message
    answering(monkeypatch, Answer(True, "5.0.0 True\n", ""))
    assert installation._opencv(ROOT).status == "ok"


def test_packages_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"curation": ["dslt-pipeline"]})
    answering(
        monkeypatch,
        Answer(False, "x 1 requires lxml, which is not installed.\nx 1 has requirement y>2\n", ""),
    )
    findings = installation._packages(ROOT)
    assert [f.status for f in findings] == ["fail", "fail"]
    assert "requires lxml" in findings[0].message
    answering(monkeypatch, Answer(True, "No broken requirements found.", ""))
    assert [f.status for f in installation._packages(ROOT)] == ["ok"]
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {})
    assert [f.status for f in installation._packages(ROOT)] == ["warn"]


def test_git_missing_or_no_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (finding,) = installation._git(tmp_path)
    assert finding.status == "fail"
    assert finding.cure.endswith("dvc config --local core.no_scm true")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (finding,) = installation._git(tmp_path)
    assert (finding.status, finding.cure) == ("fail", "Install it: apt-get install git")


def test_the_cure_for_a_project_without_git_works(tmp_path: Path) -> None:
    """As after a download of a ZIP: no command of DVC runs there until it is told."""
    shutil.copytree(
        ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "config.local")
    )
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    dvc = [sys.executable, "-m", "dvc"]
    assert not ask([*dvc, "repro"], folder=tmp_path).succeeded
    assert ask(
        [*dvc, *installation._git(tmp_path)[0].cure.split("dvc ")[1].split()], folder=tmp_path
    ).succeeded
    assert ask([*dvc, "repro"], folder=tmp_path).succeeded
    assert installation._git(tmp_path)[0].status == "ok"


def test_dvc_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Answer(False, "", "No module named dvc"))
    assert installation._dvc(ROOT) == Finding(
        "DVC", "fail", "DVC does not start: No module named dvc", "Run: make setup"
    )


@pytest.mark.parametrize(("free", "status"), [(1e9, "fail"), (10e9, "warn"), (100e9, "ok")])
def test_free_space(monkeypatch: pytest.MonkeyPatch, free: float, status: str) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, int(free)))
    assert installation._space(ROOT).status == status


def test_asking_a_program(tmp_path: Path) -> None:
    said = ask([sys.executable, "-c", "import sys; print('out'); sys.exit('first\\nlast')"], folder=tmp_path)
    assert said == Answer(False, "out\n", "last")
    assert ask([sys.executable, "-c", "print(1)"], folder=tmp_path) == Answer(True, "1\n", "1")
    assert not ask(["no-such-program-at-all"], folder=tmp_path).succeeded


def test_counting_in_words() -> None:
    assert [counted(n, "frame") for n in (0, 1, 1200)] == ["0 frames", "1 frame", "1,200 frames"]
