"""A sealed file is what was written under its key, or absent."""

from __future__ import annotations

import os
import random
import resource
from pathlib import Path

import pytest

from curation.outputs.sealed import read_sealed, write_sealed

CONTENT = b'{"boxes":[[1.0,2.0,3.0,4.0]]}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_sealed(tmp_path / "file", "key", CONTENT)
    return tmp_path / "file"


def test_what_was_sealed_is_read(path: Path) -> None:
    assert read_sealed(path, "key") == CONTENT


def test_want_of_file_handles_says_nothing_of_the_file(path: Path) -> None:
    lowest_free = os.open(path, os.O_RDONLY)
    os.close(lowest_free)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            read_sealed(path, "key")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert read_sealed(path, "key") == CONTENT


@pytest.mark.parametrize("content", [b"", b"\n", b"sealed 1 \n", b"\0" * 5000])
def test_any_bytes_can_be_sealed(path: Path, content: bytes) -> None:
    write_sealed(path, "key", content)
    assert read_sealed(path, "key") == content


def test_nothing_is_read_of_a_missing_file_or_a_folder(tmp_path: Path) -> None:
    assert read_sealed(tmp_path / "missing", "key") is None
    assert read_sealed(tmp_path, "key") is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_sealed(tmp_path / "pipe", "key") is None


def test_another_key_does_not_open_it(path: Path) -> None:
    assert read_sealed(path, "other") is None


def test_every_cut_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_sealed(path, "key") is None, length
    for tail in (b"\0", b"\n", whole):
        path.write_bytes(whole + tail)
        assert read_sealed(path, "key") is None


def test_every_altered_byte_is_noticed(path: Path) -> None:
    whole, rng = path.read_bytes(), random.Random(0)
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
        assert read_sealed(path, "key") is None, at


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", CONTENT, b"sealed 1 \n" + CONTENT])
def test_content_without_a_seal_is_not_believed(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_sealed(path, "key") is None
