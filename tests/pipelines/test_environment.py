"""The revision is git's word, or why git says nothing; never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from pipelines.environment import environment, revision

IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *IDENTITY, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a module and a README."""
    git(tmp_path, "init", "-q")
    (tmp_path / "training/trainer").mkdir(parents=True)
    (tmp_path / "training/trainer/loop.py").write_text("1\n")
    (tmp_path / "README.md").write_text("1\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def test_it_is_the_last_commit_of_the_code(project: Path) -> None:
    code = git(project, "rev-parse", "HEAD")
    (project / "README.md").write_text("2\n")
    git(project, "commit", "-q", "-a", "-m", "two")
    assert revision(project) == code != git(project, "rev-parse", "HEAD")


def test_files_that_git_does_not_know_are_no_change(project: Path) -> None:
    before = revision(project)
    (project / "training/notes.txt").write_text("notes")
    (project / "README.md").write_text("2\n")
    assert revision(project) == before


def test_changed_code_is_dirty(project: Path) -> None:
    before = revision(project)
    (project / "training/trainer/loop.py").write_text("2\n")
    assert revision(project) == f"{before}-dirty"


def test_somebody_elses_repository_is_said_to_be_unknown(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for such tests
    assert revision(project).startswith("unknown: fatal: detected dubious ownership in repository at ")


def test_without_a_repository_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision(tmp_path).startswith("unknown: fatal: not a git repository")


def test_without_a_commit_it_is_unknown(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert revision(tmp_path).startswith("unknown: fatal: your current branch")
    (tmp_path / "README.md").write_text("1\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    assert revision(tmp_path) == "unknown: no commit holds the code"


def test_without_git_it_is_unknown(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    assert revision(project) == "unknown: git cannot be run (No such file or directory)"


def test_an_environment_names_versions_and_processor() -> None:
    found = json.loads(json.dumps(environment()))
    assert all(isinstance(value, str) and value for value in found.values())
    assert re.match(r"OpenCV \d+\.\d+.*, .*\d", found["pictures"])
    assert re.match(r"\d+\.\d+", found["torch"])
