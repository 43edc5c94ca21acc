"""The imdb file: what is written comes back, any JSON reader can read it, and damage is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.crops.crop_config import CropConfig
from curation.crops.shards import data_offsets
from curation.errors import InputError
from curation.files import MEND
from curation.imdb.columns import (
    Counts,
    Header,
    Rows,
    VideoRows,
    decode_videos,
    encode_video,
    file_parts,
    read_file,
)


@st.composite
def video_rows(draw: st.DrawFn) -> VideoRows:
    """A video of several tracks with gaps, some of whose crops in the shard are not listed."""
    number = draw(st.integers(1, 4))
    tracks = [
        sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=20)), key=int) for _ in range(number)
    ]
    ids = sorted(draw(st.sets(st.integers(0, 300), min_size=number, max_size=number)))
    members = sorted((frame, track) for track, frames in enumerate(tracks) for frame in frames)
    sizes = draw(st.lists(st.integers(0, 100_000), min_size=len(members), max_size=len(members)))
    offset = dict(zip(members, data_offsets(sizes), strict=True))
    size = dict(zip(members, sizes, strict=True))
    hidden = draw(st.sets(st.sampled_from(members), max_size=len(members) - 1))
    listed = [(f, t) for t, frames in enumerate(tracks) for f in frames if (f, t) not in hidden]
    kept = sorted({t for _, t in listed})
    values = st.integers(-(2**31), 2**31 - 1)
    boxes = draw(
        st.lists(st.tuples(values, values, values, values), min_size=len(listed), max_size=len(listed))
    )
    return VideoRows(
        video=f"a/video_{draw(st.integers(0, 9))}",
        shard_bytes=draw(st.integers(0, 2**40)),
        track=np.array([ids[t] for t in kept], np.int32),
        length=np.array([sum(track == t for _, track in listed) for t in kept], np.int32),
        frame=np.array([f for f, _ in listed], np.int32),
        boxes=np.array(boxes, np.int32).reshape(-1, 4),
        size=np.array([size[pair] for pair in listed], np.int32),
        offset=np.array([offset[pair] for pair in listed], np.int64),
    )


def assert_same(found: Rows, videos: list[VideoRows]) -> None:
    assert found.videos == [rows.video for rows in videos]
    assert found.shard_bytes == [rows.shard_bytes for rows in videos]
    assert found.tracks_of_video == [len(rows.track) for rows in videos]
    for name in ("track", "length", "frame", "boxes", "size", "offset"):
        expected = np.concatenate([getattr(rows, name) for rows in videos])
        assert np.array_equal(getattr(found, name), expected), name
        assert getattr(found, name).dtype == expected.dtype, name


@given(st.lists(video_rows(), min_size=1, max_size=4))
def test_what_is_encoded_comes_back_in_batches_of_any_size(videos: list[VideoRows]) -> None:
    records = [json.loads(encode_video(rows)) for rows in videos]
    assert_same(decode_videos(records), videos)
    for record, rows in zip(records, videos, strict=True):
        assert_same(decode_videos([record]), [rows])


def example(name: str = "a/video") -> VideoRows:
    sizes = [10, 20, 600, 40]
    return VideoRows(
        video=name,
        shard_bytes=99,
        track=np.array([3, 7], np.int32),
        length=np.array([3, 1], np.int32),
        frame=np.array([4, 5, 9, 5], np.int32),
        boxes=np.arange(16, dtype=np.int32).reshape(4, 4),
        size=np.array([10, 20, 40, 600], np.int32),
        offset=data_offsets(sizes)[[0, 1, 3, 2]],
    )


def test_line_holds_the_documented_columns() -> None:
    assert json.loads(encode_video(example())) == {
        "video": "a/video",
        "bytes": 99,
        "track": [3, 7],
        "length": [3, 1],
        "frame": [4, 2, 9, 1, 5, 1],
        "box": list(range(16)),
        "size": [10, 20, 40, 600],
        "skip": [],
    }


def test_skip_says_where_the_shard_holds_more() -> None:
    """The third crop of the shard, of 600 bytes, is not listed: its header and two blocks are left out."""
    rows = example()
    rows = VideoRows(
        rows.video,
        rows.shard_bytes,
        rows.track[:1],
        rows.length[:1],
        rows.frame[:3],
        rows.boxes[:3],
        rows.size[:3],
        rows.offset[:3],
    )
    record = json.loads(encode_video(rows))
    assert record["skip"] == [2, 512 + 1024]
    assert_same(decode_videos([record]), [rows])


def write(path: Path, lines: list[bytes]) -> Path:
    header = Header("train", CropConfig(recipe=3), {}, Counts(len(lines), 2 * len(lines), 4 * len(lines)))
    path.write_bytes(b"".join(file_parts(header, iter(lines))))
    return path


@pytest.mark.parametrize("number", [0, 1, 3])
def test_file_is_one_json_document_with_a_line_a_video(tmp_path: Path, number: int) -> None:
    lines = [encode_video(example(f"a/{n}")) for n in range(number)]
    path = write(tmp_path / "imdb.json", lines)
    whole = json.loads(path.read_bytes())
    assert whole["crop"] == CropConfig(recipe=3).recorded()
    assert [record["video"] for record in whole["videos"]] == [f"a/{n}" for n in range(number)]
    assert len(path.read_bytes().splitlines()) == number + 2
    header, records = read_file(path)
    assert list(records) == whole.pop("videos")
    assert header.fields() == whole


def test_file_reformatted_by_another_tool_is_still_read(tmp_path: Path) -> None:
    path = write(tmp_path / "imdb.json", [encode_video(example())])
    header, records = read_file(path)
    expected = header, list(records)
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=2))
    header, records = read_file(path)
    assert (header, list(records)) == expected


@pytest.mark.parametrize("lost", [1, 3, 5, 60, 200])
def test_file_cut_short_is_damaged(tmp_path: Path, lost: int) -> None:
    path = write(tmp_path / "imdb.json", [encode_video(example(f"a/{n}")) for n in range(3)])
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(InputError, match=r"imdb\.json is damaged") as caught:
        list(read_file(path)[1])
    assert caught.value.do == f"Run: {MEND}; then dvc repro imdb"


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "imdb.json"
    with pytest.raises(InputError, match="is missing"):
        read_file(path)
    path.write_text('{"num_videos": 1, "data_str": "Data/VID/train/", "videos": {}}')
    with pytest.raises(InputError, match="not an imdb of schema 1"):
        read_file(path)
    path.write_bytes(write(path, []).read_bytes().replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(InputError, match="not an imdb of schema 1"):
        read_file(path)
    path.write_bytes(b"\x00\x01")
    with pytest.raises(InputError, match="is damaged"):
        read_file(path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("size", [1, 2, 3], "differ in length"),
        ("box", [1, 2, 3, 4], "differ in length"),
        ("frame", [4, 3], "differ in length"),
        ("length", [3, 2], "differ in length"),
        ("size", [1, 2, 3, "x"], "other than whole numbers"),
        ("size", [1, 2, 3, 2.5], "other than whole numbers"),
        ("size", [1, 2, 3, 2**40], "other than whole numbers"),
    ],
)
def test_bad_columns_are_noticed(column: str, value: list[Any], message: str) -> None:
    record = json.loads(encode_video(example()))
    record[column] = value
    with pytest.raises(ValueError, match=message):
        decode_videos([record])
