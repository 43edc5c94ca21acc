"""The tracks of a part survive their file, and one that is not whole is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from curation.documents import document
from curation.documents.annotated_tracks import Tracks, VideoTracks, read_tracks, write_tracks
from curation.errors import InputError
from tests.curation.trees import annotate_tree, frame_xml, object_xml, write_video


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What the annotate stage writes of two videos, one of them without an object."""
    objects = [object_xml(7, (0, 0, 9, 19), occluded=1), object_xml(2, (5, 5, 5, 5), generated=1)]
    write_video(
        tmp_path / "tree", "a", "v", {3: frame_xml(objects), 4: frame_xml(), 5: frame_xml(objects[1:])}
    )
    write_video(tmp_path / "tree", "a", "w", {0: frame_xml()})
    made, _ = annotate_tree(tmp_path / "tree", "a")
    path = tmp_path / "a.json"
    path.write_bytes(orjson.dumps(made, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    return path


def test_what_is_written_is_what_was_read(file: Path, tmp_path: Path) -> None:
    tracks = read_tracks(file)
    write_tracks(tmp_path / "again.json", tracks)
    assert (tmp_path / "again.json").read_bytes() == file.read_bytes()
    video = tracks.videos["v"]
    assert (tracks.subset, video.size, video.frames.tolist()) == ("a", (320, 240), [3, 4, 5])
    assert (video.track.tolist(), video.length.tolist(), video.owner.tolist()) == ([2, 7], [2, 1], [2, 2, 7])
    assert (video.frame.tolist(), video.occluded.tolist(), video.generated.tolist()) == (
        [3, 5, 3],
        [0, 0, 1],
        [1, 1, 0],
    )
    assert video.boxes.tolist() == [[5, 5, 1, 1], [5, 5, 1, 1], [0, 0, 10, 20]]
    assert tracks.videos["w"].boxes.shape == (0, 4)


def test_videos_are_written_as_they_come_and_what_stops_them_leaves_the_file(
    file: Path, tmp_path: Path
) -> None:
    tracks = read_tracks(file)
    out = tmp_path / "out/a.json"
    write_tracks(out, Tracks("a", {}), iter(tracks.videos.items()))
    assert out.read_bytes() == file.read_bytes()

    def stopped(error: Exception) -> Iterator[tuple[str, VideoTracks]]:
        yield "v", tracks.videos["v"]
        assert len(list(out.parent.iterdir())) == 2, "what is there stays until the end"
        raise error

    errors = (
        InputError("a fault", do="Mend it"),
        OSError(5, "Input/output error", "0000.xml"),
        ValueError("x"),
    )
    for error in errors:
        with pytest.raises(type(error)) as caught:
            write_tracks(out, Tracks("b", {}), stopped(error))
        assert caught.value is error, "not as if this file could not be written"
        assert [path.read_bytes() for path in out.parent.iterdir()] == [file.read_bytes()]


@pytest.mark.parametrize("size", range(8, 40))
def test_marks_may_lie_across_the_border_of_what_is_read_at_once(
    file: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "CHUNK", size)
    whole = orjson.loads(file.read_bytes())["videos"]
    found = dict(document._records(file, b',"width":'))
    assert orjson.dumps(found) == orjson.dumps(whole)


def test_a_file_reformatted_by_another_tool_is_still_read(file: Path, tmp_path: Path) -> None:
    write_tracks(tmp_path / "before.json", read_tracks(file))
    file.write_bytes(orjson.dumps(orjson.loads(file.read_bytes()), option=orjson.OPT_INDENT_2))
    write_tracks(tmp_path / "after.json", read_tracks(file))
    assert (tmp_path / "after.json").read_bytes() == (tmp_path / "before.json").read_bytes()


def test_a_class_of_any_text_is_read_as_it_is(file: Path, tmp_path: Path) -> None:
    video = read_tracks(file).videos["v"]
    odd = replace(video, label=['},"width":3}', 'a"":{'])
    write_tracks(tmp_path / "b.json", Tracks("b", {"v": odd, "w": video}))
    again = read_tracks(tmp_path / "b.json").videos
    assert (again["v"].label, again["w"].label) == (odd.label, video.label)


def test_fractional_boxes_stay_as_they_are(file: Path, tmp_path: Path) -> None:
    found = read_tracks(file).videos["v"]
    values = {field.name: getattr(found, field.name) for field in fields(VideoTracks)}
    boxes = np.array([[0.1, 2.5, 3, 4], [1 / 3, 2, 3, 4], [5, 6, 7, 8]])
    write_tracks(tmp_path / "b.json", Tracks("b", {"v": VideoTracks(**{**values, "boxes": boxes})}))
    again = read_tracks(tmp_path / "b.json").videos["v"].boxes
    assert again.dtype == np.float64
    assert again.tolist() == boxes.tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"schema":1,"vid',
        b"[1]",
        b'{"schema":2,"videos":{}}',
        b'{"schema":1}',
        b'{"schema":1,"subset":3}',
    ],
)
def test_a_file_that_is_no_document_names_the_stage_to_run(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json.*dvc repro annotate"):
        read_tracks(tmp_path / "a.json")


def test_a_later_schema_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"schema":9,"subset":"a","videos":{}}')
    with pytest.raises(InputError, match="has schema 9, of another version"):
        read_tracks(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("frames", [3], "differ in length"),
        ("boxes", [[5, 5, 1, 1]], "differ in length"),
        ("boxes", [[5, 5, 1], [5, 5, 1, 1, 1]], "not four numbers"),
        ("boxes", [[5, 5, 1, "1"], [5, 5, 1, 1]], "other than numbers"),
        ("frames", [3, 4.5], "other than whole numbers"),
        ("frames", [3, 2**40], "other than whole numbers"),
        ("occluded", [0, 2], "other than 0 and 1"),
        ("id", "2", "other than whole numbers"),
        ("class", 5, "class is 5, not a text"),
        ("generated", None, "NoneType"),
    ],
)
def test_a_column_that_is_not_of_the_form_is_named(file: Path, column: str, value: Any, message: str) -> None:
    document = orjson.loads(file.read_bytes())
    document["videos"]["v"]["tracks"][0][column] = value
    file.write_bytes(orjson.dumps(document))
    with pytest.raises(
        InputError, match=rf"a\.json is not whole as an annotations file: .*{message}"
    ) as caught:
        read_tracks(file)
    assert caught.value.reason == "damaged file"
    assert "doctor cache --mend; then dvc repro annotate" in caught.value.do


@pytest.mark.parametrize("key", ["width", "frames", "tracks"])
def test_a_key_that_is_missing_is_named(file: Path, key: str) -> None:
    document = orjson.loads(file.read_bytes())
    del document["videos"]["w"][key]
    file.write_bytes(orjson.dumps(document))
    with pytest.raises(InputError, match=f"it lacks '{key}'"):
        read_tracks(file)
