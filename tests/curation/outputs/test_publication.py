"""An output folder appears as a whole, and only the latest run may put it there."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.outputs.claim import Claim, Process
from curation.outputs.publication import Publication


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "store", tmp_path / "data" / "out"


@contextmanager
def publishing(claim: Claim, out: Path, verify: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """A folder that becomes `out`, as the guard of the stages does it."""
    publication = Publication(claim)
    try:
        folder = publication.output(out)
        folder.mkdir()
        yield folder
        publication.publish(verify)
    except BaseException:
        publication.abandon()
        raise


def publish(store: Path, out: Path, content: str) -> None:
    with publishing(Claim.take(store), out) as folder:
        (folder / "file").write_text(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_appears_whole_and_replaces_what_was_there(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publish(store, out, "old")
    (out / "stray").write_text("left from before")
    claim = Claim.take(store)
    with publishing(claim, out) as folder:
        (folder / "file").write_text("new")
        assert names(out) == ["file", "stray"]
    assert names(out) == ["file"]
    assert (out / "file").read_text() == "new"
    assert names(out.parent) == ["out"]


def test_error_leaves_the_old_output_and_nothing_else(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publish(store, out, "old")

    def interrupted() -> None:
        with publishing(Claim.take(store), out) as folder:
            (folder / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (out / "file").read_text() == "old"
    assert names(out.parent) == ["out"]


def test_remains_of_a_killed_run_are_removed(folders: tuple[Path, Path]) -> None:
    store, out = folders
    out.parent.mkdir(parents=True)
    for name in (".out.abc.part", ".out.abc.part.old"):
        (out.parent / name).mkdir()
        (out.parent / name / "file").write_text("half")
    publish(store, out, "new")
    assert names(out.parent) == ["out"]


def test_later_run_takes_over_and_the_earlier_cannot_publish(folders: tuple[Path, Path]) -> None:
    """As after kill -9 of dvc, when its child works on while the user starts again."""
    store, out = folders
    orphan = Claim.take(store)

    def overtaken() -> None:
        with publishing(orphan, out) as folder:
            (folder / "file").write_text("orphan")
            orphan.check()
            publish(store, out, "new")

    with pytest.raises(InputError, match="taken over"):
        overtaken()
    with pytest.raises(InputError, match="taken over"):
        orphan.check()
    assert (out / "file").read_text() == "new"
    assert names(out.parent) == ["out"]


def test_output_that_was_a_link_is_replaced_not_followed(folders: tuple[Path, Path]) -> None:
    store, out = folders
    elsewhere = out.parent.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("theirs")
    out.parent.mkdir()
    out.symlink_to(elsewhere)
    publish(store, out, "new")
    assert (elsewhere / "file").read_text() == "theirs"
    assert not out.is_symlink()
    assert (out / "file").read_text() == "new"


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_output_that_cannot_be_written_is_one_clear_line(
    folders: tuple[Path, Path], error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, out = folders
    claim = Claim.take(store)

    def refuse(*args: object, **options: object) -> None:
        raise OSError(error, "refused by the system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    message = r"cannot write .*out: refused by the system"
    with pytest.raises(InputError, match=message) as caught, publishing(claim, out):
        pytest.fail("nothing must be done")
    assert "finished work is kept" in caught.value.do


def test_file_in_place_of_the_store_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(InputError, match="cannot write"):
        Claim.take(tmp_path / "store")


def test_what_differs_at_the_last_moment_stops_the_publication(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publish(store, out, "old")

    def refuse() -> None:
        raise InputError("params.yaml changed")

    with (
        pytest.raises(InputError, match="yaml changed"),
        publishing(Claim.take(store), out, refuse) as folder,
    ):
        (folder / "file").write_text("new")
    assert (out / "file").read_text() == "old"
    assert names(out.parent) == ["out"]


def test_a_report_of_the_failure_is_published_and_nothing_else(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publication = Publication(Claim.take(store))
    publication.output(out.parent / "report.json", even_if_failed=True).write_text("why")
    publication.output(out).mkdir()
    publication.abandon()
    assert names(out.parent) == ["report.json"]
    assert (out.parent / "report.json").read_text() == "why"


def test_an_orphan_publishes_not_even_its_report(folders: tuple[Path, Path]) -> None:
    store, out = folders
    orphan = Publication(Claim.take(store))
    orphan.output(out.parent / "report.json", even_if_failed=True).write_text("why")
    Claim.take(store)
    orphan.abandon()
    assert names(out.parent) == []


def test_files_and_folders_take_each_others_place(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publish(store, out, "a folder")
    publication = Publication(Claim.take(store))
    publication.output(out).write_text("a file")
    publication.publish(lambda: None)
    assert out.read_text() == "a file"
    publish(store, out, "a folder again")
    assert names(out) == ["file"]
    assert names(out.parent) == ["out"]


def test_a_claim_is_lost_with_the_process_that_waits(tmp_path: Path) -> None:
    """A process that has ended and is not yet buried has ended; another under its number is another."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        waiting = Process.of(process.pid)
        claim = Claim.take(tmp_path, waiting)
        claim.check()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(InputError, match="which started this stage, has ended") as caught:
            claim.check()
        assert caught.value.reason == "orphan"
    assert Process(waiting.host, os.getpid(), waiting.started).ended()
    assert not Process("another-machine", waiting.pid, waiting.started).ended()
