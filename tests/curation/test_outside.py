"""Files from outside: what is no plain file of bounded size is refused at once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.outside import open_outside, read_outside


def refused(path: Path, limit: int = 100) -> InputError:
    with pytest.raises(InputError) as caught:
        read_outside(path, limit=limit, kind="a result file")
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_plain_file_is_read_whole(size: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)
    (tmp_path / "link").symlink_to("a")
    assert read_outside(tmp_path / "link", limit=100, kind="a file") == b"x" * size


def test_nothing_waits_at_a_pipe_and_nothing_drinks_from_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero"), tmp_path / "folder"):
        error = refused(path)
        assert error.reason == "not a plain file"
        assert f"{path} is" in str(error)
        assert "a result file" in str(error)


def test_a_socket_and_a_loop_of_links_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert refused(Path("socket")).reason == "unreadable file"
    Path("loop").symlink_to("loop")
    assert refused(Path("loop")).reason == "unreadable file"
    assert refused(Path("a\0b")).reason == "unreadable file"


def test_a_larger_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(8 << 30)
    error = refused(tmp_path / "sparse")
    assert error.reason == "file too large"
    assert "8,589,934,592 bytes, more than the 100" in str(error)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    true_size = os.fstat

    def grow(handle: int) -> os.stat_result:
        found = true_size(handle)
        with path.open("ab") as stream:
            stream.write(b"x" * 70)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fstat", grow)
        error = refused(path)
    assert error.reason == "file too large"


def test_a_missing_file_is_for_the_caller_to_explain(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_outside(tmp_path / "none", limit=1, kind="a file")


def test_an_error_of_reading_in_the_block_is_of_the_file_and_others_pass(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(InputError, match="cannot read"), open_outside(tmp_path / "a", limit=1, kind="a file"):
        raise OSError(5, "Input/output error")
    with pytest.raises(KeyError), open_outside(tmp_path / "a", limit=1, kind="a file"):
        raise KeyError


def test_no_handle_stays_open(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a").write_bytes(b"x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        refused(tmp_path / "folder")
        read_outside(tmp_path / "a", limit=9, kind="a file")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
