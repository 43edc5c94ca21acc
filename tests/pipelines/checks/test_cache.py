"""The doctor's look at a real DVC cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from pipelines.checks import cache
from pipelines.checks.cache import check_cache
from pipelines.checks.finding import Finding


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC project with two outputs in its cache."""
    project = tmp_path_factory.mktemp("project")
    quiet = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    (project / "first").write_text("one")
    (project / "second").write_text("two")
    for command in (["init", "--quiet", "--no-scm"], ["add", "--quiet", "first", "second"]):
        subprocess.run(
            [sys.executable, "-m", "dvc", *command], cwd=project, check=True, env=quiet, capture_output=True
        )
    return project


@pytest.fixture
def project(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "project"))


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def objects(project: Path) -> list[Path]:
    return sorted(path for path in (project / ".dvc/cache/files/md5").rglob("*") if path.is_file())


def test_a_sound_cache(project: Path) -> None:
    findings = by_check(check_cache(project))
    assert [f.check for f in findings.values() if f.status != "ok"] == []
    assert str(project / ".dvc" / "cache") in findings["cache"].message
    assert (
        findings["cache content"].message == "2 of 2 objects, taken evenly, and the sizes of all, are sound"
    )


def test_damaged_and_missing_content_is_named(project: Path) -> None:
    first, second = objects(project)
    first.chmod(0o644)
    first.write_text("not what it was")
    second.unlink()
    findings = by_check(check_cache(project))
    assert findings["cache content"].status == "fail"
    assert "1 of 1 objects read are damaged" in findings["cache content"].message
    assert str(first) in findings["cache content"].message
    assert findings["outputs"].status == "warn"
    assert "1 output on record" in findings["outputs"].message
    assert "dvc pull" in findings["outputs"].cure


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    (finding,) = check_cache(tmp_path)
    assert (finding.status, finding.check) == ("fail", "DVC project")
    assert "root folder" in finding.cure


def test_a_broken_configuration_is_one_failure(project: Path) -> None:
    (project / ".dvc" / "config").write_text("[core\n")
    (finding,) = check_cache(project)
    assert finding.status == "fail"
    assert "DVC cannot say" in finding.message


def lock(project: Path, pid: int) -> None:
    content = {str(project / "first"): {"write": {"pid": pid, "cmd": "dvc repro"}, "read": []}}
    (project / ".dvc" / "tmp").mkdir(exist_ok=True)
    (project / ".dvc" / "tmp" / "rwlock").write_bytes(orjson.dumps(content))


def test_a_run_under_way_and_a_killed_one_are_told_apart(project: Path) -> None:
    assert cache._runs(project).status == "ok"
    lock(project, os.getpid())
    assert f"under way (process {os.getpid()})" in cache._runs(project).message
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock(project, ended.pid)
    assert "was killed" in cache._runs(project).message
    for content in (
        b"",
        b"[]",
        b'{"a": 1}',
        b'{"a": {"write": 5}}',
        b'{"a": {"read": [{"pid": "x"}]}}',
        b"\xff",
    ):
        (project / ".dvc" / "tmp" / "rwlock").write_bytes(content)
        assert cache._runs(project).status == "ok"


def test_another_file_system_and_a_read_only_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is empty" in cache._place(tmp_path, tmp_path / "absent")[0].message
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: False if path == tmp_path else real(path, mode))
    (finding,) = cache._place(tmp_path, tmp_path)
    assert (finding.status, "cannot be written" in finding.message) == ("fail", True)
    monkeypatch.undo()
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second file system to look at")
    (finding,) = cache._place(tmp_path, elsewhere)
    assert (finding.status, "another file system" in finding.message) == ("warn", True)
