"""A subset's annotations: the document, the same for any layout and number of workers; and every fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.errors import ErrorPolicy, InputError, Skipped
from curation.files import digest
from curation.parallel import Workers
from curation.videos import annotations
from curation.videos.annotations import AnnotateConfig
from tests.curation.trees import RENAMED, annotate_tree, frame_xml, object_xml, write_tree, write_video

ONE = Workers(jobs=1)
SKIP = ErrorPolicy(policy="skip", max_skipped=1.0)


def annotate(root: Path, subset: str = "a", policy: ErrorPolicy = SKIP) -> tuple[dict, Skipped]:
    return annotate_tree(root, subset, policy)


def test_a_video_becomes_columns_by_track(tmp_path: Path) -> None:
    write_video(
        tmp_path,
        "a",
        "v",
        {
            3: frame_xml([object_xml(7, (0, 0, 9, 19), occluded=1), object_xml(2, (5, 5, 5, 5), label="n1")]),
            4: frame_xml(),
            5: frame_xml([object_xml(2, (6, 5, 7, 5), label="n2", generated=1)]),
        },
    )
    document, skipped = annotate(tmp_path, policy=ErrorPolicy())
    assert document == {
        "schema": 1,
        "subset": "a",
        "videos": {
            "v": {
                "width": 320,
                "height": 240,
                "frames": [3, 4, 5],
                "tracks": [
                    {
                        "id": 2,
                        "class": "n1",
                        "frames": [3, 5],
                        "boxes": [[5, 5, 1, 1], [6, 5, 2, 1]],
                        "occluded": [0, 0],
                        "generated": [0, 1],
                    },
                    {
                        "id": 7,
                        "class": "n02691156",
                        "frames": [3],
                        "boxes": [[0, 0, 10, 20]],
                        "occluded": [1],
                        "generated": [0],
                    },
                ],
            }
        },
    }
    assert (skipped.total, skipped.skipped) == (6, 0)  # 3 frames, 3 boxes


def test_layout_and_number_of_workers_change_nothing(tmp_path: Path) -> None:
    unpacked = write_tree(tmp_path / "unpacked", videos=5)
    renamed = write_tree(tmp_path / "renamed", layout=RENAMED, videos=5)
    for subset in ("a", "e"):
        first = annotate_tree(unpacked, subset)
        assert len(first[0]["videos"]) == 5
        assert annotate_tree(renamed, subset, jobs=2) == first


def test_the_recipe_number_goes_with_the_bytes(tmp_path: Path) -> None:
    """If this digest changes, raise the default of `AnnotateConfig.recipe` and of params.yaml with it."""
    border = frame_xml(
        [object_xml(3, (-5, 0, 320, 240), occluded=1), object_xml(1, (9, 9, 9, 9), generated=1)]
    )
    write_video(tmp_path / "tree", "a", "v", {0: border, 1: frame_xml(), 7: border})
    write_video(tmp_path / "tree", "a", "w", 40)
    document, _ = annotate(tmp_path / "tree", "a", ErrorPolicy())
    content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    assert (AnnotateConfig().recipe, digest(content)) == (1, "73dd4e7ce708dfa6b0ad6cd553f7e5f2")


GOOD = frame_xml([object_xml(0)])
FAULTS = {
    "malformed XML": {1: b"<annotation>"},
    "unsafe filename": {1: frame_xml(filename="../x")},
    "bad image size": {1: frame_xml(size=(0, 0))},
    "image size differs": {1: frame_xml(size=(640, 240))},
    "box outside image": {1: frame_xml([object_xml(5, (900, 0, 910, 9))])},
    "empty box": {1: frame_xml([object_xml(5, (9, 9, 8, 9))])},
    "bad number": {1: frame_xml([object_xml(5, ("NaN", 0, 1, 1))])},
    "bad trackid": {1: frame_xml([object_xml("five")])},
    "repeated track": {1: frame_xml([object_xml(5), object_xml(5)])},
}


@pytest.mark.parametrize("reason", FAULTS)
def test_each_fault_stops_or_is_counted(tmp_path: Path, reason: str) -> None:
    write_video(tmp_path, "a", "v", {0: GOOD, 2: GOOD, **FAULTS[reason]})
    with pytest.raises(InputError, match=r"v/000001\.xml") as caught:
        annotate(tmp_path, policy=ErrorPolicy())
    assert caught.value.reason == reason
    document, skipped = annotate(tmp_path)
    assert set(skipped.counts) == {reason}
    assert skipped.examples[reason] == [str(caught.value)]
    (track,) = document["videos"]["v"]["tracks"]
    assert (track["id"], track["frames"]) == (0, [0, 2])


def test_the_skip_limit_is_over_frames_and_boxes(tmp_path: Path) -> None:
    write_video(
        tmp_path, "a", "v", {0: GOOD, 1: b"", 2: frame_xml([object_xml(5, (9, 9, 8, 9)), object_xml(6)])}
    )
    _, skipped = annotate(tmp_path)
    assert (skipped.total, skipped.skipped) == (6, 2)  # 3 frames and 3 boxes; 1 frame and 1 box
    skipped.check(ErrorPolicy(policy="skip", max_skipped=0.34), stage="annotate a")
    with pytest.raises(
        InputError, match=r"annotate a: 2 of 6 items skipped \(1 empty box, 1 malformed XML\)"
    ):
        skipped.check(ErrorPolicy(policy="skip", max_skipped=0.33), stage="annotate a")


def test_a_missing_jpeg_and_a_missing_xml_are_both_faults(tmp_path: Path) -> None:
    images, annotations = write_video(tmp_path, "a", "v", 4)
    (images / "000001.JPEG").unlink()
    with pytest.raises(InputError, match=r"000001\.xml annotates a frame that is missing: .*000001\.JPEG"):
        annotate(tmp_path, policy=ErrorPolicy())
    (annotations / "000002.xml").unlink()
    document, skipped = annotate(tmp_path)
    assert skipped.counts == {"XML without JPEG": 1, "JPEG without XML": 1}
    assert document["videos"]["v"]["frames"] == [0, 3]
    (images / "000001.JPEG").touch()
    with pytest.raises(InputError, match=r"000002\.JPEG has no annotation: .*000002\.xml is missing"):
        annotate(tmp_path, policy=ErrorPolicy())


def test_the_size_of_most_frames_is_right_even_if_the_first_differs(tmp_path: Path) -> None:
    odd = frame_xml([object_xml(1)], size=(100, 100))
    write_video(tmp_path, "a", "v", {0: odd, 1: GOOD, 2: GOOD})
    with pytest.raises(
        InputError, match=r"000000\.xml: the image size is 100x100, but 320x240 in 2 of the 3"
    ):
        annotate(tmp_path, policy=ErrorPolicy())
    document, skipped = annotate(tmp_path)
    assert (document["videos"]["v"]["width"], document["videos"]["v"]["frames"]) == (320, [1, 2])
    assert skipped.counts == {"image size differs": 2}  # the frame and its box


def test_an_empty_video_is_named_and_left_out(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "full")
    write_video(tmp_path, "a", "hollow", 0)
    with pytest.raises(InputError, match="video a/hollow has no frame"):
        annotate(tmp_path, policy=ErrorPolicy())
    document, skipped = annotate(tmp_path)
    assert list(document["videos"]) == ["full"]
    assert skipped.counts == {"empty video": 1}


def test_a_video_whose_every_frame_is_unusable_is_left_out(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "full")
    write_video(tmp_path, "a", "ruined", {0: b"", 1: b"<"})
    document, skipped = annotate(tmp_path)
    assert list(document["videos"]) == ["full"]
    assert skipped.counts == {"malformed XML": 2}


def test_the_first_fault_is_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    for number in range(8):
        write_video(
            tmp_path, "a", f"v{number}", dict.fromkeys(range(3), GOOD) | {3: b"" if number >= 3 else GOOD}
        )
    messages = set()
    for jobs in (1, 2):
        with pytest.raises(InputError) as caught:
            annotate_tree(tmp_path, "a", jobs=jobs)
        messages.add(str(caught.value))
    (message,) = messages
    assert "v3/000003.xml" in message


def test_a_fault_ends_the_work_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when the error is forgotten: at the end of the process, the workers' pool waits for ever."""
    ended = []

    def in_order(function: Any, items: Any, **_: Any) -> Iterator[Any]:
        try:
            yield from map(function, items)
        finally:
            ended.append(True)

    monkeypatch.setattr(annotations, "run_in_order", in_order)
    for name in ("v_a", "v_b"):
        write_video(tmp_path, "a", name, {0: b"no XML"})
    with pytest.raises(InputError) as caught:
        annotate(tmp_path, policy=ErrorPolicy())
    assert (caught.value.reason, ended) == ("malformed XML", [True])


def test_the_report_is_json(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "v", {0: GOOD, 1: b""})
    _, skipped = annotate(tmp_path)
    report = orjson.loads(orjson.dumps(skipped.report()))
    assert (report["items"], report["skipped"], report["by_reason"]) == (3, 1, {"malformed XML": 1})


def test_the_real_snippet(shared: Path) -> None:
    document, skipped = annotate_tree(shared / "data" / "ILSVRC2015", "e")
    video = document["videos"]["ILSVRC2015_val_00007010"]
    assert (video["width"], video["height"], video["frames"]) == (1280, 720, list(range(144)))
    assert [len(track["frames"]) for track in video["tracks"]] == [144] * 7
    assert video["tracks"][0]["boxes"][0] == [805, 494, 70, 107]
    assert (skipped.total, skipped.skipped) == (144 + 1008, 0)
