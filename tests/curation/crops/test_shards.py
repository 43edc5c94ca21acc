"""Shards: the same bytes always, readable by everybody's tools, and read at random without wrong answers."""

from __future__ import annotations

import io
import multiprocessing
import pickle
import shutil
import subprocess
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.crops.shards import (
    ShardFolder,
    ShardReader,
    _header,
    data_offsets,
    member_name,
    shard_bytes,
    write_shard,
)
from curation.errors import InputError

LEFT_OPEN = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""webdataset leaves closing its files to the garbage collector, which Python warns of."""

contents = st.lists(st.binary(max_size=2000), max_size=8)


def named(video: str, crops: list[bytes]) -> list[tuple[str, bytes]]:
    return [(member_name(video, frame, 0, "x"), crop) for frame, crop in enumerate(crops)]


@pytest.fixture
def crops() -> list[bytes]:
    return [bytes([n]) * size for n, size in enumerate([0, 1, 511, 512, 513, 5000])]


@pytest.fixture
def shard(tmp_path: Path, crops: list[bytes]) -> Path:
    path = tmp_path / "video.tar"
    with path.open("wb") as stream:
        write_shard(stream, named("video", crops))
    return path


def read_all(reader: ShardReader, crops: list[bytes]) -> list[bytes]:
    sizes = [len(crop) for crop in crops]
    return [reader.read(int(at), size) for at, size in zip(data_offsets(sizes), sizes, strict=True)]


@given(contents)
def test_offsets_and_length_follow_from_the_sizes(crops: list[bytes]) -> None:
    stream = io.BytesIO()
    sizes = write_shard(stream, named("video", crops))
    assert sizes == [len(crop) for crop in crops]
    assert shard_bytes(sizes) == len(stream.getvalue())
    for offset, crop in zip(data_offsets(sizes), crops, strict=True):
        assert stream.getvalue()[offset : offset + len(crop)] == crop


@given(contents)
def test_python_tarfile_reads_it_and_finds_nothing_of_this_machine(crops: list[bytes]) -> None:
    stream = io.BytesIO()
    write_shard(stream, named("video", crops))
    stream.seek(0)
    with tarfile.open(fileobj=stream) as archive:
        members = archive.getmembers()
        assert [archive.extractfile(member).read() for member in members] == crops  # type: ignore[union-attr]
    for member in members:
        assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
        assert member.isfile()


def test_tar_lists_it_without_a_complaint(shard: Path, crops: list[bytes]) -> None:
    tar = shutil.which("tar")
    if tar is None:
        pytest.skip("there is no tar command")
    run = subprocess.run([tar, "-tf", str(shard)], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [name for name, _ in named("video", crops)]
    assert run.stderr == ""


@LEFT_OPEN
def test_webdataset_makes_one_sample_of_an_object_in_a_frame(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    for video in ("one", "two"):
        with (tmp_path / f"{video}.tar").open("wb") as stream:
            members = [
                (member_name(video, frame, track, kind), f"{video} {frame} {track} {kind}".encode())
                for frame in (0, 7)
                for track in (0, 11)
                for kind in "xz"
            ]
            write_shard(stream, members)
    urls = [str(tmp_path / "one.tar"), str(tmp_path / "two.tar")]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False))
    assert [sample["__key__"] for sample in samples[:5]] == [
        "one/000000-00",
        "one/000000-11",
        "one/000007-00",
        "one/000007-11",
        "two/000000-00",
    ]
    assert len(samples) == 8
    assert samples[3]["x.jpg"] == b"one 7 11 x"
    assert samples[3]["z.jpg"] == b"one 7 11 z"


@LEFT_OPEN
def test_two_shards_that_end_and_begin_alike_stay_two_samples(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    for video in ("one", "two"):
        with (tmp_path / f"{video}.tar").open("wb") as stream:
            write_shard(stream, [(member_name(video, 0, 0, "x"), video.encode())])
    urls = [str(tmp_path / "one.tar"), str(tmp_path / "two.tar")]
    assert [s["x.jpg"] for s in webdataset.WebDataset(urls, shardshuffle=False)] == [b"one", b"two"]


@pytest.mark.parametrize("size", [0, 1, 511, 12345, 8**11 - 1])
@pytest.mark.parametrize(
    "name", ["a", "video/000007-00.x.jpg", "v" * 99, "v" * 100, "v/" + "w" * 90, "é" * 20]
)
def test_headers_are_those_of_tarfile(name: str, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    assert _header(name, size) == member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def test_long_and_non_ascii_video_names(tmp_path: Path) -> None:
    for video in ("v" * 155, "vidéo_飛行機"):
        path = tmp_path / "shard.tar"
        with path.open("wb") as stream:
            write_shard(stream, named(video, [b"crop"]))
        with tarfile.open(path) as archive:
            assert archive.getnames() == [f"{video}/000000-00.x.jpg"]


@pytest.mark.parametrize("video", ["v" * 156, "飛" * 60, "bad\udc80name"])
def test_video_name_that_fits_no_header_is_refused(video: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of a tar member") as caught:
        write_shard(io.BytesIO(), named(video, [b"crop"]))
    assert caught.value.reason == "bad video name"


def test_reads_every_member(shard: Path, crops: list[bytes]) -> None:
    assert read_all(ShardReader(shard, shard.stat().st_size), crops) == crops


def test_reader_is_picklable_and_shared_by_threads(shard: Path, crops: list[bytes]) -> None:
    reader = ShardReader(shard)
    assert read_all(pickle.loads(pickle.dumps(reader)), crops) == crops
    barrier = threading.Barrier(8)

    def work(_: int) -> bool:
        barrier.wait()
        return all(read_all(reader, crops) == crops for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_reader_survives_a_fork(shard: Path, crops: list[bytes]) -> None:
    reader = ShardReader(shard)
    read_all(reader, crops)
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        results = pool.starmap(read_all, [(reader, crops)] * 4)
    assert results == [crops] * 4
    assert read_all(reader, crops) == crops


def test_folder_opens_no_more_than_it_may(tmp_path: Path) -> None:
    for number in range(10):
        with (tmp_path / f"{number}.tar").open("wb") as stream:
            write_shard(stream, named("video", [str(number).encode()]))

    def open_shards() -> int:
        return sum(
            ".tar" in str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()
        )

    folder = ShardFolder(tmp_path, max_open=3)
    for number in [*range(10), *range(10)]:
        assert folder.read(f"{number}.tar", 512, 1) == str(number).encode()
        assert open_shards() <= 3
    copy = pickle.loads(pickle.dumps(folder))
    assert copy.read("4.tar", 512, 1) == b"4"
    del folder, copy
    assert open_shards() == 0


@pytest.mark.parametrize("lost", [1, 512, 1024, 3000, 20_000])
def test_truncated_shard_is_refused(shard: Path, lost: int, crops: list[bytes]) -> None:
    content = shard.read_bytes()
    shard.write_bytes(content[: max(len(content) - lost, 0)])
    for size in (len(content), None):
        with pytest.raises(InputError, match=r"video\.tar") as caught:
            read_all(ShardReader(shard, size), crops)
        assert caught.value.reason in ("truncated shard", "foreign shard")
        assert "dvc" in caught.value.do


def test_shard_cut_short_while_it_is_open_is_noticed(shard: Path, crops: list[bytes]) -> None:
    reader = ShardReader(shard)
    reader.read(512, 0)
    with shard.open("r+b") as stream:
        stream.truncate(2048)
    with pytest.raises(InputError, match="cut short"):
        read_all(reader, crops)


def test_other_files_are_refused(tmp_path: Path, shard: Path) -> None:
    foreign = tmp_path / "foreign.tar"
    for content in (b"", b"not a tar", bytes(10_240), np.random.default_rng(0).bytes(10_240)):
        foreign.write_bytes(content)
        with pytest.raises(InputError) as caught:
            ShardReader(foreign).read(512, 10)
        assert caught.value.reason in ("foreign shard", "truncated shard")
    with pytest.raises(InputError) as caught:
        ShardReader(tmp_path / "absent.tar").read(512, 10)
    assert caught.value.reason == "missing shard"
    with pytest.raises(InputError) as caught:
        ShardReader(shard, shard.stat().st_size + 512).read(512, 0)
    assert caught.value.reason == "foreign shard"


def test_wrong_place_in_a_good_shard_is_an_error_never_other_bytes(shard: Path, crops: list[bytes]) -> None:
    """As after indexing one shard and reading another of the same length."""
    reader = ShardReader(shard)
    right = {
        (int(at), len(crop)) for at, crop in zip(data_offsets([len(c) for c in crops]), crops, strict=True)
    }
    refused = 0
    for offset in range(0, shard.stat().st_size, 256):
        for size in (0, 1, 511, 512, 513, 5000):
            if (offset, size) not in right:
                with pytest.raises(InputError):
                    reader.read(offset, size)
                refused += 1
    assert refused > 100
