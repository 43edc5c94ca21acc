"""The VID tree: ILSVRC15's layout and XML, the same bytes every time, and all that has to be learned."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import cv2
import numpy as np
import orjson
import pytest
from lxml import etree
from pydantic import TypeAdapter

from curation.errors import InputError
from curation.layouts.vid_layout import SUBSETS
from curation.parallel import Workers
from curation.sample.layers import Pose, Sprite, paste, render
from curation.sample.outlines import SHAPES, draw_outline
from curation.sample.sample_config import SampleConfig
from curation.sample.sighting import see
from curation.sample.training_set import FOLDERS, generate_vid
from tests.curation.sample.trees import contents, size
from tests.curation.trees import annotate_tree

ONE = Workers(jobs=1)


def frame_xml(root: Path) -> list[tuple[Path, etree._Element]]:
    return [
        (path, etree.fromstring(path.read_bytes())) for path in sorted((root / "Annotations").rglob("*.xml"))
    ]


@pytest.fixture(scope="module")
def tracks(default_vid) -> dict[str, dict]:
    """Video key -> annotations, read by the project's own reader."""
    videos = {}
    for subset in SUBSETS:
        document, skipped = annotate_tree(default_vid[0], subset)
        assert skipped.skipped == 0
        videos |= {f"{subset}/{name}": record for name, record in document["videos"].items()}
    return videos


def test_the_tree_is_that_of_ilsvrc15(default_vid):
    root, _ = default_vid
    for kind, suffix in (("Data", "JPEG"), ("Annotations", "xml")):
        pattern = re.compile(
            rf"{kind}/VID/(train/ILSVRC2015_VID_train_000[0-3]/ILSVRC2015_train_\d{{8}}|val/ILSVRC2015_val_\d{{8}})"
            rf"/\d{{6}}\.{suffix}"
        )
        names = [name for name in contents(root) if name.startswith(kind)]
        assert names
        assert [name for name in names if not pattern.fullmatch(name)] == []
    assert {path.name for path in root.iterdir()} == {"Data", "Annotations", "sample-vid.json"}


def test_every_frame_has_one_image_and_one_annotation(default_vid):
    root, _ = default_vid
    images = {path.relative_to(root / "Data").with_suffix("") for path in (root / "Data").rglob("*.JPEG")}
    annotated = {path.relative_to(root / "Annotations").with_suffix("") for path in root.rglob("*.xml")}
    assert images == annotated


def test_the_amount_is_what_was_promised(default_vid, tracks):
    root, counts = default_vid
    images = list((root / "Data").rglob("*.JPEG"))
    assert counts["videos"] == len(tracks) >= 20
    assert counts["frames"] == len(images) >= 800
    assert counts["boxes"] == sum(
        len(track["frames"]) for video in tracks.values() for track in video["tracks"]
    )
    assert size(root) < 18e6


def test_the_xml_has_the_fields_of_the_original_in_its_order(default_vid, shared):
    original = next((shared / "data/ILSVRC2015/Annotations").rglob("000000.xml"))
    real = etree.fromstring(original.read_bytes())
    ours = next(tree for _, tree in frame_xml(default_vid[0]) if tree.find("object") is not None)
    for place in (".", "source", "size", "object", "object/bndbox"):
        theirs = [child.tag for child in real.find(place) if child.tag != "object"]
        assert [child.tag for child in ours.find(place) if child.tag != "object"] == theirs, place
    for text in (original.read_bytes(), etree.tostring(ours)):
        assert b"\n\t\t\t<xmax>" in text


def test_the_xml_says_where_it_belongs_and_how_large_its_image_is(default_vid):
    root, _ = default_vid
    for path, tree in frame_xml(root)[::17]:
        image = cv2.imread(str(root / "Data" / path.relative_to(root / "Annotations").with_suffix(".JPEG")))
        assert [int(tree.findtext(f"size/{side}")) for side in ("height", "width")] == list(image.shape[:2])
        assert tree.findtext("filename") == path.stem
        below = path.parent.relative_to(root / "Annotations/VID").parts
        assert tree.findtext("folder") == "/".join(below[1:] if below[0] in ("train", "val") else below)


def test_boxes_lie_inside_the_image(tracks):
    for video in tracks.values():
        for track in video["tracks"]:
            boxes = np.array(track["boxes"])
            assert (boxes[:, :2] >= 0).all()
            assert (boxes[:, 2:] >= 6).all()
            assert (boxes[:, :2] + boxes[:, 2:] <= [video["width"], video["height"]]).all()


def test_a_box_is_tight_about_its_object():
    """Against the object alone, drawn on black and found by its brightness."""
    rng = np.random.default_rng(3)
    for shape in SHAPES:
        sprite = Sprite.cut(rng, np.full((96, 96, 3), 255, np.uint8), draw_outline(rng, shape))
        layer = render(sprite, Pose(x=40.3, y=12.8, size=50.0, angle=25.0, stretch=1.2, bend=0.05, phase=0.3))
        image = np.zeros((64, 80, 3), np.uint8)
        paste(image, layer)
        rows, columns = np.nonzero(image.max(axis=2) > 60)
        seen = see(layer, np.zeros((64, 80), bool), 25.0)
        found = (columns.min(), rows.min(), columns.max(), rows.max())
        assert np.abs(np.subtract(seen.corners, found)).max() <= 1
        assert 0 < seen.inside < 1, "the object reaches over the upper edge"


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_bytes_are_the_same_on_every_run_and_with_any_number_of_workers(tmp_path, tiny, jobs):
    generate_vid(tmp_path / "first", tiny, ONE)
    generate_vid(tmp_path / "second", tiny, Workers(jobs=jobs))
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_another_seed_gives_other_videos(tmp_path, tiny):
    generate_vid(tmp_path / "first", tiny, ONE)
    generate_vid(tmp_path / "second", dataclasses.replace(tiny, seed=tiny.seed + 1), ONE)
    first, second = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first if name.endswith(".JPEG"))


def test_more_videos_change_none_of_the_training_ones_that_were_there(tmp_path, tiny):
    generate_vid(tmp_path / "few", tiny, ONE)
    generate_vid(tmp_path / "more", dataclasses.replace(tiny, videos_per_subset=2), ONE)
    few, more = contents(tmp_path / "few"), contents(tmp_path / "more")
    name = f"Data/VID/{FOLDERS[0]}/ILSVRC2015_train_00000000/000003.JPEG"
    assert few[name] == more[name]


def test_some_frames_have_no_objects(default_vid):
    empty = [path for path, tree in frame_xml(default_vid[0]) if tree.find("object") is None]
    assert default_vid[1]["empty_frames"] == len(empty) >= 10
    assert len({path.parent for path in empty}) >= 3


def test_some_tracks_have_gaps(tracks):
    gaps = [
        key
        for key, video in tracks.items()
        for track in video["tracks"]
        if np.diff([video["frames"].index(frame) for frame in track["frames"]]).max(initial=1) > 1
    ]
    assert len(set(gaps)) >= 5


def test_some_objects_are_occluded_and_most_are_not(tracks):
    occluded = np.concatenate([track["occluded"] for video in tracks.values() for track in video["tracks"]])
    assert 0.03 < occluded.mean() < 0.4


def test_some_objects_leave_over_an_edge_and_their_boxes_are_cut(tracks):
    cut = 0
    for video in tracks.values():
        for track in video["tracks"]:
            boxes = np.array(track["boxes"])
            cut += bool(((boxes[:, 0] == 0) | (boxes[:, 0] + boxes[:, 2] == video["width"])).any())
    assert cut >= 10


def test_objects_move_grow_and_turn(tracks):
    """Over a video: centres travel, and sizes and shapes of boxes change, for most tracks."""
    travel, growth = [], []
    for video in tracks.values():
        for track in video["tracks"]:
            boxes = np.array(track["boxes"], float)
            centres = boxes[:, :2] + boxes[:, 2:] / 2
            travel.append(np.ptp(centres, axis=0).max())
            growth.append(np.ptp(np.log(boxes[:, 2] * boxes[:, 3])))
    assert np.median(travel) > 25
    assert np.median(growth) > np.log(1.3)


def test_most_videos_hold_several_objects(tracks):
    assert np.mean([len(video["tracks"]) >= 3 for video in tracks.values()]) > 0.9


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, tiny):
    precious = tmp_path / "Data" / "VID" / "val" / "mine.JPEG"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"Data exists and was not made by the sample stage"):
        generate_vid(tmp_path, tiny, ONE)
    assert precious.read_bytes() == b"mine"


def test_a_second_run_replaces_what_the_first_left(tmp_path, tiny):
    generate_vid(tmp_path, dataclasses.replace(tiny, frames=7), ONE)
    generate_vid(tmp_path, tiny, ONE)
    assert max(path.stem for path in (tmp_path / "Data").rglob("*.JPEG")) == "000005"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 1}, "frames"),
        ({"quality": 82.0}, "quality"),
        ({"min_objects": 5, "max_objects": 4}, r"min_objects \(5\) must not be above max_objects \(4\)"),
        ({"world": {"smallest": 0.4, "largest": 0.3}}, r"smallest \(0.4\) must not be above largest \(0.3\)"),
        ({"camera": {"blur": 1.0}}, "blur"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        TypeAdapter(SampleConfig).validate_json(orjson.dumps(change))


@pytest.mark.parametrize(
    "change",
    [
        {"frames": 2, "sequence_frames": 2},
        {"min_objects": 1, "max_objects": 1},
        {"width": 96, "height": 160},
        {"rotation": 0.0, "scale": 1.0, "deformation": 0.0, "lighting": 0.0},
    ],
)
def test_extreme_parameters_still_give_videos_that_can_be_read(tmp_path, tiny, change):
    generate_vid(tmp_path, dataclasses.replace(tiny, **change), ONE)
    for subset in SUBSETS:
        document, _ = annotate_tree(tmp_path, subset)
        assert len(document["videos"]) == 1
