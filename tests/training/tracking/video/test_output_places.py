"""Where outputs can be written is known before the work, and nothing but a plain file is replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curation.errors import InputError
from training.tracking.video.output_places import check_place


def test_a_place_in_a_new_folder_is_fine_and_left_empty(tmp_path: Path) -> None:
    assert check_place(tmp_path / "new" / "b.txt") == tmp_path / "new" / "b.txt"
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is not a plain file"),
        ("link", "it is not a plain file"),
        ("file/b.txt", "File exists|Not a directory"),
        ("/proc/b.txt", "cannot write /proc/b.txt"),
        ("/dev/null", "it is not a plain file"),
    ],
)
def test_what_cannot_be_written_or_is_no_file_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("dear")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    with pytest.raises(InputError, match=problem):
        check_place(tmp_path / name)


def test_a_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.txt").write_text("dear")
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may write everything
    with pytest.raises(InputError, match="it is read-only"):
        check_place(tmp_path / "b.txt")
