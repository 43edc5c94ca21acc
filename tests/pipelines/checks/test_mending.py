"""Mending a DVC project: what is damaged goes, what is sound stays, and `dvc repro` makes the rest again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.checks import damage, mending
from pipelines.checks.cache import check_cache
from pipelines.checks.damage import Damage, find_damage
from pipelines.checks.mending import mend
from tests.pipelines.checks.projects import Project, made
from tests.pipelines.checks.projects import damage as spoil


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return made(tmp_path_factory.mktemp("mending") / "project")


@pytest.fixture
def project(sound: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy, with its hard links; DVC's own databases are looked at only where a test is about them."""
    shutil.copytree(sound.folder, tmp_path / "project", symlinks=True)
    copy = Project(tmp_path / "project")
    for name in ("single", "after"):
        (copy.folder / name).unlink()
        os.link(copy.object("single"), copy.folder / name)
    monkeypatch.setattr(damage, "find_databases", lambda folder: [])
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", copy.environment()["DVC_SITE_CACHE_DIR"])
    return copy


def look(project: Project, *, strict: bool = False) -> Damage:
    return find_damage(project.folder, project.cache, sample=None if strict else 0)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_found_in_a_sound_project(project: Project) -> None:
    for strict in (False, True):
        found = look(project, strict=strict)
        assert not found
        assert found.known == 7
    assert look(project, strict=True).read == 7
    before = contents(project.folder)
    assert mend(project.folder, look(project)) == []
    assert contents(project.folder) == before


def zeros(path: Path) -> bytes:
    return bytes(path.stat().st_size)


@pytest.mark.parametrize(
    ("content", "strict"), [(lambda path: b"", False), (lambda path: b"cut", False), (zeros, True)]
)
def test_a_damaged_object_with_a_sound_copy_is_restored_from_it(
    project: Project, content: Callable[[Path], bytes], strict: bool
) -> None:
    path, before = project.object("out/two"), project.outputs()
    whole = path.read_bytes()
    spoil(path, content(path))
    found = look(project, strict=strict)
    assert list(found.objects.values()) == [path]
    assert not found.outputs
    assert not found.runs, "they are sound as soon as the object is restored"
    (done,) = mend(project.folder, found)
    assert done.message.startswith("restored 1 object.")
    assert path.read_bytes() == whole
    assert path.stat().st_mode & 0o777 == 0o444
    assert project.outputs() == before
    assert not look(project, strict=True)


def test_damage_of_the_same_size_is_found_only_where_all_is_read(project: Project) -> None:
    path = project.object("out/two")
    spoil(path, zeros(path))
    assert not look(project)
    assert look(project, strict=True)


def test_an_object_and_the_outputs_linked_to_it_go_with_the_records_of_their_runs(project: Project) -> None:
    spoil(project.object("single"))
    sound = {path: content for path, content in contents(project.cache).items() if content}
    found = look(project)
    assert sorted(found.outputs) == [project.folder / "after", project.folder / "single"]
    (done,) = mend(project.folder, found)
    assert done.message.startswith("deleted 2 outputs, deleted 1 object, deleted 2 run-cache records.")
    assert project.outputs()["single"] is project.outputs()["after"] is None
    assert project.runs() == []
    assert not any((project.cache / "runs").glob("??/*")), "DVC stumbles over empty folders"
    runs = project.cache / "runs"
    assert {p: c for p, c in sound.items() if not p.is_relative_to(runs)}.items() <= contents(
        project.cache
    ).items()
    assert not look(project, strict=True)


def test_a_copy_that_dvc_made_of_a_damaged_object_goes_too(project: Project) -> None:
    path = project.object("out/one")
    for content in (b"", b"cut", zeros(path)):
        spoil(path, content)
        (project.folder / "out/one").write_bytes(content)
        found = look(project, strict=True)
        assert found.outputs == [project.folder / "out/one"]
        assert not found.changed


def test_symbolic_links_to_damaged_objects_go(project: Project) -> None:
    path = project.object("single")
    (project.folder / "single").unlink()
    (project.folder / "single").symlink_to(path)
    spoil(path, b"cut")
    assert project.folder / "single" in look(project).outputs
    mend(project.folder, look(project))
    assert not (project.folder / "single").is_symlink()


def test_an_emptied_output_goes_though_its_object_is_sound(project: Project) -> None:
    """DVC may remember the empty file for the right one: after it linked an empty object that has been mended."""
    (project.folder / "out/one").write_bytes(b"")
    found = look(project)
    assert found.outputs == [project.folder / "out/one"]
    assert not found.objects
    mend(project.folder, found)
    assert not (project.folder / "out/one").exists()
    assert project.object("out/two").exists()


def test_an_output_that_someone_changed_stays(project: Project) -> None:
    (project.folder / "out/one").write_bytes(b"changed")
    spoil(project.object("out/two"))
    found = look(project, strict=True)
    assert found.changed == [project.folder / "out/one"]
    mend(project.folder, found)
    assert (project.folder / "out/one").read_bytes() == b"changed"


@pytest.mark.parametrize("content", [b"", b"\0" * 186, b"[", b"[]"])
def test_a_damaged_listing(project: Project, content: bytes) -> None:
    spoil(project.object("out"), content)
    found = look(project)
    assert list(found.objects.values()) == [project.object("out")]
    assert len(found.runs) == 1
    mend(project.folder, found)
    assert not project.object("out").exists()
    assert not look(project, strict=True)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 300, b"\xff\xfe\xfd", b"cmd: python\nouts:\n- path: single\n"]
)
def test_a_damaged_record_of_a_run(project: Project, content: bytes) -> None:
    run, *others = project.runs()
    spoil(run, content)
    assert look(project).runs == [run]
    mend(project.folder, look(project))
    assert project.runs() == others
    assert not run.parent.exists()


def test_an_empty_folder_of_runs_goes_and_records_being_written_stay(project: Project) -> None:
    run, other = project.runs()
    run.unlink()
    (other.parent / "half.tmp").write_bytes(b"cmd")
    assert look(project).runs == [run.parent]
    mend(project.folder, look(project))
    assert not run.parent.exists()
    assert (other.parent / "half.tmp").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 500, b"\xff\xfe", b"schema: '2.0'\nstages:\n  make:\n    cmd: x\n    outs:\n    - pat"],
)
def test_a_damaged_lock_is_taken_from_git(project: Project, content: bytes) -> None:
    lock = project.folder / "dvc.lock"
    whole = lock.read_bytes()
    path = project.object("out/two")
    spoil(path)
    lock.write_bytes(content)
    found = look(project)
    assert found.records == [lock]
    assert found.sources, "what git has tells which output holds what"
    mend(project.folder, found)
    assert lock.read_bytes() == whole
    assert path.stat().st_size


def test_a_damaged_lock_that_git_does_not_have_goes(project: Project) -> None:
    project.run("git", "rm", "-q", "--cached", "dvc.lock")
    (project.folder / "dvc.lock").write_bytes(b"")
    mend(project.folder, look(project))
    assert not (project.folder / "dvc.lock").exists()


def test_a_lock_in_conflict_is_the_users(project: Project) -> None:
    conflict = b"<<<<<<< ours\n" + (project.folder / "dvc.lock").read_bytes()
    (project.folder / "dvc.lock").write_bytes(conflict)
    assert not look(project)


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"\n"])
def test_an_empty_list_of_running_stages(project: Project, content: bytes) -> None:
    path = project.folder / ".dvc/tmp/rwlock"
    path.write_bytes(content)
    assert look(project).records == [path]
    mend(project.folder, look(project))
    assert not path.exists()
    path.write_bytes(b"{}")
    assert not look(project)


def test_what_may_not_be_deleted_is_said_with_its_owner(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = project.object("out/one"), project.object("single")
    for path in (mine, theirs, project.folder / "out/one"):
        spoil(path)
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == theirs:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    done, refused = mend(project.folder, look(project))
    assert done.status == "ok"
    assert refused.status == "fail"
    assert refused.message.startswith("1 damaged file could not be repaired: they belong to ")
    assert "doctor cache --mend" in refused.cure
    assert theirs.exists()
    assert not mine.exists()


def test_a_full_disk_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(project.object("out/two"))
    found = look(project)

    def full(name: str, source: Path, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mending, "_put_back", full)
    (refused,) = mend(project.folder, found)
    assert refused.message == "1 damaged file could not be repaired: No space left on device"


@pytest.mark.slow
@pytest.mark.parametrize("linked", [False, True], ids=["at once", "after DVC has linked empty objects"])
def test_after_all_is_emptied_dvc_makes_it_again(project: Project, linked: bool) -> None:
    before = project.outputs()
    kept = list(contents(project.cache))
    for path in kept:
        if not (linked and path.is_relative_to(project.cache / "runs")):
            spoil(path)
    if linked:
        shutil.rmtree(project.folder / "out")
        project.dvc("repro", "-q", check=False)
    else:
        spoil(project.folder / "dvc.lock")
        (project.folder / ".dvc/tmp/rwlock").write_bytes(b"")
    assert project.outputs() != before or not linked
    findings = {f.check: f for f in check_cache(project.folder, mend=True)}
    assert findings["mended"].status == "ok"
    project.dvc("repro")
    assert project.outputs() == before
    assert "Data and pipelines are up to date" in project.dvc("status")
    assert not look(project, strict=True)
    for name in ("out", "single", "after"):
        path = project.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.dvc("checkout", "-q")
    assert project.outputs() == before, "the cache holds all of it"


@pytest.mark.slow
def test_what_dvc_remembers_of_a_file_that_has_changed_unnoticed_is_forgotten(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", project.environment()["DVC_SITE_CACHE_DIR"])
    before = project.outputs()
    assert "up to date" in project.dvc("status")
    spoil(project.folder / "out/one", zeros(project.folder / "out/one"))
    assert "up to date" in project.dvc("status"), "DVC does not notice"
    findings = {f.check: f for f in check_cache(project.folder, strict=True)}
    assert findings["workspace"].status == "warn"
    assert "out/one" in findings["workspace"].message
    check_cache(project.folder, strict=True, mend=True)
    project.dvc("repro")
    assert project.outputs() == before


@pytest.mark.slow
def test_broken_databases_of_dvc_are_deleted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", project.environment()["DVC_SITE_CACHE_DIR"])
    project.dvc("status")
    (database,) = Path(project.environment()["DVC_SITE_CACHE_DIR"]).glob("repo/*/hashes/local/cache.db")
    database.write_bytes(bytes(32768))
    assert "not a database" in project.dvc("status", check=False)
    findings = {f.check: f for f in check_cache(project.folder)}
    assert findings["DVC's memory"].status == "fail"
    findings = {f.check: f for f in check_cache(project.folder, mend=True)}
    assert "deleted 1 state database" in findings["mended"].message
    assert "up to date" in project.dvc("status")


@pytest.mark.slow
def test_nothing_is_mended_while_dvc_runs(project: Project) -> None:
    spoil(project.object("out/two"))
    lock = f'{{"out": {{"write": {{"pid": {os.getpid()}, "cmd": "dvc repro"}}, "read": []}}}}'
    (project.folder / ".dvc/tmp/rwlock").write_text(lock)
    findings = {f.check: f for f in check_cache(project.folder, mend=True)}
    assert "under way" in findings["DVC runs"].message
    assert findings["cache content"].status == "fail"
    assert project.object("out/two").stat().st_size == 0
