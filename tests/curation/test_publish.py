"""An output folder appears as a whole, and only the latest run may put it there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.publish import Claim


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "store", tmp_path / "data" / "out"


def publish(store: Path, out: Path, content: str) -> None:
    with Claim(store).publishing(out) as folder:
        (folder / "file").write_text(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_appears_whole_and_replaces_what_was_there(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publish(store, out, "old")
    (out / "stray").write_text("left from before")
    claim = Claim(store)
    with claim.publishing(out) as folder:
        (folder / "file").write_text("new")
        assert names(out) == ["file", "stray"]
    assert names(out) == ["file"]
    assert (out / "file").read_text() == "new"
    assert names(out.parent) == ["out"]


def test_error_leaves_the_old_output_and_nothing_else(folders: tuple[Path, Path]) -> None:
    store, out = folders
    publish(store, out, "old")

    def interrupted() -> None:
        with Claim(store).publishing(out) as folder:
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
    orphan = Claim(store)

    def overtaken() -> None:
        with orphan.publishing(out) as folder:
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
    claim = Claim(store)

    def refuse(*args: object, **options: object) -> str:
        raise OSError(error, "refused by the system")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    message = r"cannot write .*out: refused by the system"
    with pytest.raises(InputError, match=message) as caught, claim.publishing(out):
        pytest.fail("nothing must be done")
    assert "finished work is kept" in caught.value.do


def test_file_in_place_of_the_store_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(InputError, match="cannot write"):
        Claim(tmp_path / "store")
