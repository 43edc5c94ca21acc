"""A small tree in each layout becomes tracks, crops and an imdb; every rule is counted, every fault is one line."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import load_crop_index
from curation.crops.crop_subset import crop_subset
from curation.documents.annotated_tracks import write_tracks
from curation.errors import ErrorPolicy, InputError
from curation.images.frames import FrameReader
from curation.imdb import Imdb, ImdbConfig, build_imdb, load_imdb, split_file
from curation.layouts.layout_table import LAYOUTS, layout_named, natural, number_frames
from curation.manifest import scan
from curation.parallel import Workers
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import PartConfig, open_dataset
from tests.curation.crops.crop_trees import jpeg, picture
from tests.curation.layouts import layout_trees as trees
from tests.curation.layouts.layout_trees import BOXES, MAKERS, SIZE, SKIP, annotate, text
from tests.curation.trees import frame_xml, object_xml, video_folders

ONE = Workers(jobs=1)


def only(document: dict[str, Any]) -> dict[str, Any]:
    (video,) = document["videos"].values()
    return dict(video)


def test_every_row_names_code_that_is_there() -> None:
    assert [name for name in LAYOUTS if not layout_named(name).holds] == []
    assert set(MAKERS) == set(LAYOUTS) - {"vid"}


@pytest.mark.parametrize(
    ("layout", "first", "label"),
    [("got10k", 1, "object"), ("lasot", 1, "airplane"), ("trackingnet", 0, "object"), ("clips", 0, "object")],
)
def test_a_video_of_one_target_is_one_track(tmp_path: Path, layout: str, first: int, label: str) -> None:
    MAKERS[layout](tmp_path)
    document, skipped = annotate(tmp_path, layout)
    video = only(document)
    (track,) = video["tracks"]
    assert (video["width"], video["height"]) == (96, 72)
    assert track["frames"] == video["frames"] == list(range(first, first + 6))
    assert track["boxes"] == [list(box) for box in BOXES]
    assert (track["id"], track["class"]) == (0, label)
    assert (skipped.total, skipped.skipped) == (12, 0)


def test_boxes_from_one_on_are_taken_to_zero(tmp_path: Path) -> None:
    trees.clips(tmp_path, rect=True)
    assert only(annotate(tmp_path, "clips")[0])["tracks"][0]["boxes"] == [list(box) for box in BOXES]


def test_fractional_boxes_stay_and_whole_ones_are_whole(tmp_path: Path) -> None:
    trees.got10k(tmp_path, boxes=[(10.25, 12, 30.5, 24), *BOXES[1:]])
    boxes = only(annotate(tmp_path, "got10k")[0])["tracks"][0]["boxes"]
    assert boxes[0] == [10.25, 12.0, 30.5, 24.0]
    trees.got10k(tmp_path / "whole")
    boxes = only(annotate(tmp_path / "whole", "got10k")[0])["tracks"][0]["boxes"]
    assert all(type(number) is int for box in boxes for number in box)


def test_several_targets_a_video(tmp_path: Path) -> None:
    trees.mot(tmp_path)
    video = only(annotate(tmp_path, "mot")[0])
    assert [(track["id"], track["class"], len(track["frames"])) for track in video["tracks"]] == [
        (3, "class 1", 6),
        (7, "class 1", 6),
    ]
    assert video["tracks"][0]["boxes"][0] == [25, 12, 30, 24]
    assert video["frames"] == [1, 2, 3, 4, 5, 6]


def test_still_images_are_tracks_of_one_frame_each_of_its_own_size(tmp_path: Path) -> None:
    trees.coco(tmp_path)
    document, skipped = annotate(tmp_path, "coco")
    assert document["still"] is True
    assert set(document["videos"]) == {"train2017_000000", "train2017_000001"}
    video = document["videos"]["train2017_000000"]  # a.jpg, then b.jpg
    assert video["sizes"] == [[64, 80], [96, 72]]
    assert [(t["id"], t["frames"], t["boxes"], t["class"]) for t in video["tracks"]] == [
        (0, [0], [[5, 5, 20, 30]], "cat"),
        (1, [1], [[10.5, 12, 30, 24]], "cat"),
    ]
    assert skipped.left_out == {"ignored": 1}


def test_det_is_vid_without_trackids(tmp_path: Path) -> None:
    trees.det(tmp_path)
    document, _ = annotate(tmp_path, "det")
    (name,) = document["videos"]
    assert name == "ILSVRC2013_train_n00007846"
    assert [(t["id"], t["frames"]) for t in document["videos"][name]["tracks"]] == [
        (0, [0]),
        (1, [0]),
        (2, [1]),
        (3, [1]),
    ]


def cropped(folder: Path, layout: str, **options: Any) -> tuple[dict[str, Any], Imdb]:
    """Crop and index the part in `folder/tree`: the crop stage's report, and the imdb."""
    dataset, state = open_dataset(folder / "tree", PartConfig(layout=layout, **options)), folder / "state"
    manifest = scan(dataset, "part", state=state, strict=False, workers=ONE)
    tracks, _ = annotate_subset(dataset, "part", manifest, ErrorPolicy(), ONE, state=state)
    write_tracks(folder / "annotations/part.json", tracks)
    report, _ = crop_subset(
        dataset,
        "part",
        tracks,
        manifest,
        CropConfig(search_size=64, exemplar_size=32),
        folder / "crops/part",
        folder / "store",
        ErrorPolicy(),
        ONE,
        state=state,
    )
    assert report["crops"] == sum(len(video.frame) for video in tracks.videos.values()) > 0
    config = ImdbConfig(val_fraction=0)
    build_imdb(folder / "annotations", folder / "crops", ["part"], config, folder / "imdb", ONE)
    return report, load_imdb(split_file(folder / "imdb", "train"))


@pytest.mark.parametrize("layout", MAKERS)
def test_each_layout_is_cropped_and_indexed(tmp_path: Path, layout: str) -> None:
    MAKERS[layout](tmp_path / "tree")
    report, imdb = cropped(tmp_path, layout)
    assert load_crop_index(tmp_path / "crops/part").subset == "part"
    assert len(imdb) == report["crops"]
    assert all(video.startswith("part/") for video in imdb.videos)
    assert imdb.header.still == (("part",) if layout in ("coco", "det") else ())


def test_every_fifth_frame_makes_a_fifth_of_the_crops_and_reads_a_fifth_of_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trees.clips(tmp_path / "all/tree", names=[f"shot{n}.jpg" for n in range(40)])
    (folder / "groundtruth.txt").write_text(text([(10 + n / 4, 12, 30, 24) for n in range(40)]))
    shutil.copytree(tmp_path / "all", tmp_path / "fifth")
    decoded: list[Path] = []
    decode = FrameReader.decode

    def counting(reader: FrameReader, content: bytes, path: Path, **more: Any) -> Any:
        decoded.append(path)
        return decode(reader, content, path, **more)

    monkeypatch.setattr(FrameReader, "decode", counting)
    whole = cropped(tmp_path / "all", "clips")[0]
    images = len(decoded)
    fifth, imdb = cropped(tmp_path / "fifth", "clips", every=5)
    assert (whole["crops"], fifth["crops"], images, len(decoded) - images) == (40, 8, 40, 8)
    assert imdb.frame.tolist() == list(range(0, 40, 5))


def test_jpegs_and_pngs_in_one_folder_are_cropped_in_their_order(tmp_path: Path) -> None:
    folder = trees.clips(tmp_path / "tree")
    for path in sorted(folder.glob("*.jpg"))[::2]:
        cv2.imwrite(str(path.with_suffix(".png")), cv2.imread(str(path)))
        path.unlink()
    report, imdb = cropped(tmp_path, "clips")
    assert (report["crops"], imdb.frame.tolist()) == (6, list(range(6)))
    assert imdb.boxes[:, 0].tolist() == [int(box[0]) for box in BOXES]


def test_the_fifth_pack_of_the_vid_release_of_2017_is_a_split(tmp_path: Path) -> None:
    pack = "ILSVRC2017_VID_train_0000"
    shots, xmls = video_folders(tmp_path / "tree", "a", f"{pack[:-5]}_00000000", {"a": f"train/{pack}"})
    trees.images(shots, [f"{n:06d}.JPEG" for n in range(4)])
    for n in range(4):
        frame = frame_xml([object_xml(0, (10 + n, 20, 49 + n, 59))], size=trees.SIZE)
        (xmls / f"{n:06d}.xml").write_bytes(frame)
    assert open_dataset(tmp_path / "tree").subsets == (pack,)
    report, imdb = cropped(tmp_path, "vid", split=pack)
    assert (report["crops"], imdb.videos) == (4, [f"part/{pack[:-5]}_00000000"])


def test_every_keeps_one_frame_in_so_many(tmp_path: Path) -> None:
    trees.got10k(tmp_path)
    (track,) = only(annotate(tmp_path, "got10k", every=5)[0])["tracks"]
    assert track["frames"] == [1, 6]


@pytest.mark.parametrize(
    ("make", "left_out"),
    [
        (lambda root: trees.got10k(root, flags={"absence.label": "0\n1\n0\n0\n0\n0\n"}), {"absent": 1}),
        (lambda root: trees.got10k(root, flags={"cover.label": "8\n8\n0\n0\n1\n8\n"}), {"covered": 2}),
        (lambda root: trees.got10k(root, boxes=[*BOXES[:5], (0, 0, 0, 0)]), {"zero size": 1}),
        (lambda root: trees.lasot(root, occluded="0,0,1,0,0,0"), {"covered": 1}),
        (lambda root: trees.lasot(root, gone="0,0,1,1,0,0"), {"out of view": 2}),
        (
            lambda root: trees.mot(root, ["1,1,5,5,9,9,0", "2,1,5,5,9,9,1,1,0", "3,1,5,5,9,9"]),
            {"ignored": 1, "covered": 1},
        ),
    ],
)
def test_what_the_source_says_to_leave_out_is_counted_and_no_fault(
    tmp_path: Path, make: Any, left_out: dict[str, int]
) -> None:
    make(tmp_path)
    layout = {"train": "got10k", "airplane": "lasot", "street": "mot"}[next(tmp_path.iterdir()).name]
    document, skipped = annotate(tmp_path, layout)
    assert skipped.left_out == left_out
    assert skipped.skipped == 0
    assert skipped.report()["left_out"] == left_out
    assert only(document)["frames"] == [1, 2, 3, 4, 5, 6], "the frames are annotated nevertheless"


def test_boxes_cut_by_the_image_are_kept_or_left_out(tmp_path: Path) -> None:
    cut = [(-3.0, 12.0, 30.0, 24.0), *BOXES[1:]]
    trees.got10k(tmp_path, boxes=cut, flags={"cut_by_image.label": "0\n0\n0\n1\n0\n0\n"})
    document, skipped = annotate(tmp_path, "got10k")
    assert len(only(document)["tracks"][0]["frames"]) == 6
    document, skipped = annotate(tmp_path, "got10k", without_cut=True)
    assert only(document)["tracks"][0]["frames"] == [2, 3, 5, 6]
    assert skipped.left_out == {"cut by the image": 2}


FAULTS: dict[str, tuple[Any, str, str, int]] = {
    "short": (
        lambda f: (f / "groundtruth.txt").write_text(text(BOXES[:4])),
        "rows and images differ",
        "has 4 rows",
        6,
    ),
    "long": (
        lambda f: (f / "groundtruth.txt").write_text(text([*BOXES, *BOXES])),
        "rows and images differ",
        "has 12 rows",
        6,
    ),
    "flags": (
        lambda f: (f / "absence.label").write_text("0\n1\n"),
        "flags and rows differ",
        "has 2 flags",
        6,
    ),
    "gap": (
        lambda f: (f / "00000003.jpg").rename(f / "00000009.jpg"),
        "row without image",
        "annotates a frame that is missing",
        2,
    ),
    "words": (
        lambda f: (f / "groundtruth.txt").write_text(text(BOXES).replace("12", "1x", 1)),
        "malformed row",
        r"row 1: '10,1x,30,24' is not 4 numbers",
        1,
    ),
    "NaN": (
        lambda f: (f / "groundtruth.txt").write_text(text(BOXES).replace("10,12", "nan,12", 1)),
        "bad number",
        "row 1: the box does not lie",
        1,
    ),
    "far": (
        lambda f: (f / "groundtruth.txt").write_text(text([(500, 12, 30, 24), *BOXES[1:]])),
        "box outside image",
        "500, 12, 30, 24 lies outside the image of 96x72",
        1,
    ),
    "none": (lambda f: (f / "groundtruth.txt").unlink(), "no annotation", "groundtruth.txt is missing", 6),
    "binary": (
        lambda f: (f / "groundtruth.txt").write_bytes(b"\xff\xd8\xff\x00"),
        "malformed rows",
        "is not text",
        6,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_line_or_counted(tmp_path: Path, fault: str) -> None:
    damage, reason, message, items = FAULTS[fault]
    trees.got10k(tmp_path, name="good")
    damage(trees.got10k(tmp_path))
    with pytest.raises(InputError, match=message) as caught:
        annotate(tmp_path, "got10k")
    assert "\n" not in str(caught.value)
    assert caught.value.do
    document, skipped = annotate(tmp_path, "got10k", SKIP)
    assert skipped.counts[reason] == skipped.skipped - skipped.counts["image without row"] <= items
    assert skipped.skipped == items
    assert len(document["videos"]["good"]["tracks"][0]["frames"]) == 6


def test_a_track_twice_in_a_frame_is_left_out_both_times(tmp_path: Path) -> None:
    trees.mot(tmp_path, ["1,1,5,5,9,9", "1,1,6,5,9,9", "2,1,5,5,9,9", "1,2,5,5,9,9"])
    with pytest.raises(InputError, match=r"gt\.txt, row 1: track 1 is there 2 times"):
        annotate(tmp_path, "mot")
    document, skipped = annotate(tmp_path, "mot", SKIP)
    assert skipped.counts == {"repeated track": 2}
    assert [track["frames"] for track in only(document)["tracks"]] == [[2], [1]]


def test_a_list_that_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    trees.got10k(tmp_path)
    (tmp_path / "train" / "list.txt").write_text("one\ntwo\nthree\n")
    with pytest.raises(InputError, match=r"list\.txt names two and 1 more, and there is no such video"):
        annotate(tmp_path, "got10k")


def test_a_list_without_a_name(tmp_path: Path) -> None:
    trees.got10k(tmp_path)
    (tmp_path / "train/list.txt").write_text("")
    with pytest.raises(InputError, match="part part has no video in"):
        annotate(tmp_path, "got10k")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("trackingnet", "TRAIN_0/anno/abc_1.txt"),
        ("clips", "my_clip/groundtruth.txt"),
        ("mot", "street/gt/gt.txt"),
    ],
)
def test_a_text_that_is_missing_is_named_where_it_should_be(tmp_path: Path, layout: str, text: str) -> None:
    trees.MAKERS[layout](tmp_path)
    (tmp_path / text).unlink()
    with pytest.raises(InputError, match=rf"no annotation: {tmp_path / text} is missing"):
        annotate(tmp_path, layout)


def test_a_box_of_nan_in_coco(tmp_path: Path) -> None:
    path = trees.coco(tmp_path) / "annotations/instances_train2017.json"
    path.write_text(path.read_text().replace("10.5", "NaN"))
    with pytest.raises(InputError, match=r"box 0 of b\.jpg: the box does not lie in an image: \(nan, 12"):
        annotate(tmp_path, "coco")
    assert annotate(tmp_path, "coco", SKIP)[1].counts == {"bad number": 1}


def test_two_images_of_one_frame_are_refused(tmp_path: Path) -> None:
    folder = trees.got10k(tmp_path)
    (folder / "00000002.jpeg").write_bytes(jpeg(picture(2)))
    with pytest.raises(InputError, match=r"two images of one frame: 00000002\.jpeg and 00000002\.jpg"):
        annotate(tmp_path, "got10k")


def test_videos_are_left_out_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trees.got10k(tmp_path)
    trees.got10k(tmp_path, name="two")
    assert list(annotate(tmp_path, "got10k", leave_out=("two",))[0]["videos"]) == ["one"]
    monkeypatch.chdir(tmp_path)
    Path("without.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\n")  # as editors on Windows write it
    assert list(annotate(tmp_path, "got10k", leave_out=("without.txt",))[0]["videos"]) == ["two"]
    with pytest.raises(InputError, match="has no video three to leave out"):
        annotate(tmp_path, "got10k", leave_out=("three",))


def test_videos_are_left_out_by_lists_and_counted(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        trees.got10k(tmp_path, name=name)
    part = PartConfig(layout="got10k", leave_out=("tested", "one"))
    dataset = open_dataset(tmp_path, part, {"tested": {"two", "absent"}.__contains__})
    assert [video.name for video in dataset.videos("part")] == ["three"]
    assert dataset.left_out("part") == {"named": 1, "tested": 1}
    assert open_dataset(tmp_path, PartConfig(layout="got10k")).left_out("part") == {}
    with pytest.raises(
        InputError, match=r"part x leaves out all its 3 videos\. Correct dataset\.parts\.x\.leave_out"
    ):
        open_dataset(tmp_path, part, {"tested": bool}).videos("x")


@pytest.mark.parametrize("layout", [*MAKERS, "vid"])
def test_a_root_of_another_kind_is_one_line(tmp_path: Path, layout: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=str(tmp_path)) as caught:
        annotate(tmp_path / "empty", layout)
    assert caught.value.do


def test_a_split_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    trees.got10k(tmp_path)
    with pytest.raises(InputError, match=r"there is no subset 'val' in .* There is: train"):
        annotate(tmp_path, "got10k", split="val")


def test_an_image_that_tells_no_size_is_named(tmp_path: Path) -> None:
    folder = trees.got10k(tmp_path)
    (folder / "00000001.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"00000001\.jpg is not a readable image; its size stands for all"):
        annotate(tmp_path, "got10k")
    assert only(annotate(tmp_path, "got10k", SKIP)[0])["width"] == 96, "the next one tells it"


def test_other_kinds_of_images_are_cropped(tmp_path: Path) -> None:
    folder = trees.clips(tmp_path)
    for path in list(folder.glob("*.jpg")):
        cv2.imwrite(str(path.with_suffix(".png")), cv2.imread(str(path)))
        path.unlink()
    assert only(annotate(tmp_path, "clips")[0])["width"] == 96


def test_the_json_of_an_annotation_tool_with_faults(tmp_path: Path) -> None:
    trees.coco(tmp_path)
    path = tmp_path / "annotations" / "instances_train2017.json"
    whole = json.loads(path.read_text())
    for change, message in (
        (lambda d: d["annotations"][0].pop("category_id"), "an element of annotations is not of COCO's form"),
        (lambda d: d["annotations"][0].update(image_id=99), "annotates image 99, which it does not list"),
        (lambda d: d["images"][0].update(file_name="../../x.jpg"), "leads out of"),
        (lambda d: d["annotations"][0].update(bbox=[1, 2, 3]), "is not four numbers"),
    ):
        document = json.loads(json.dumps(whole))
        change(document)
        path.write_text(json.dumps(document))
        with pytest.raises(InputError, match=message):
            annotate(tmp_path, "coco")
    path.write_text(json.dumps(whole)[:-40])
    with pytest.raises(InputError, match="is not whole JSON"):
        annotate(tmp_path, "coco")


def test_a_changed_box_of_one_image_changes_one_video_of_many(tmp_path: Path) -> None:
    trees.coco(tmp_path / "tree")
    dataset = open_dataset(tmp_path / "tree", PartConfig(layout="coco"))
    before = scan(dataset, "p", state=tmp_path / "state", strict=False, workers=ONE).entries
    path = tmp_path / "tree/annotations/instances_train2017.json"
    path.write_text(path.read_text().replace("[1, 2, 30, 40]", "[1, 2, 30, 41]"))
    after = scan(dataset, "p", state=tmp_path / "state", strict=False, workers=ONE).entries
    assert after["train2017_000000"] == before["train2017_000000"]
    assert after["train2017_000001"].annotations != before["train2017_000001"].annotations


def test_names_are_sorted_as_people_do() -> None:
    assert sorted(["f10.jpg", "f2.jpg", "a.jpg", "f02.jpg"], key=natural) == [
        "a.jpg",
        "f02.jpg",
        "f2.jpg",
        "f10.jpg",
    ]
    assert number_frames(["f10.jpg", "f9.jpg"], "", "here") == {0: "f9.jpg", 1: "f10.jpg"}
    assert number_frames(["10.jpg", "9.jpg", "x.jpg"], "%d", "here") == {9: "9.jpg", 10: "10.jpg"}


@pytest.mark.parametrize("name", ["LaSOT", "OTB", "DTB70"])
def test_real_clips(shared: Path, name: str) -> None:
    root = {
        "LaSOT": shared / "data/LaSOT",
        "OTB": shared / "data/more_sequences/OTB",
        "DTB70": shared / "data/more_sequences/DTB70",
    }[name]
    document, skipped = annotate(root, "lasot" if name == "LaSOT" else "clips", SKIP)
    lengths = {video: len(record["frames"]) for video, record in document["videos"].items()}
    assert sum(lengths.values()) == {"LaSOT": 600, "OTB": np.inf, "DTB70": 81}[name] or len(lengths) > 5
    assert skipped.skipped == 0


def both_texts(root: Path, rect: str) -> Path:
    folder = trees.clips(root)
    (folder / "groundtruth_rect.txt").write_text(rect)
    return folder


def test_two_texts_of_one_clip_must_say_the_same_boxes(tmp_path: Path) -> None:
    folder = both_texts(tmp_path, text(BOXES, base=1, between="\t"))
    assert only(annotate(tmp_path, "clips")[0])["tracks"][0]["boxes"] == [list(box) for box in BOXES]
    for rect, said in (
        (text(BOXES), "row 1 is 10, 12, 30, 24 and 9, 11, 30, 24"),
        (text(BOXES[:5], base=1), "6 and 5"),
    ):
        (folder / "groundtruth_rect.txt").write_text(rect)
        with pytest.raises(InputError, match=f"my_clip holds both .* say different boxes: {said}"):
            annotate(tmp_path, "clips")
        assert annotate(tmp_path, "clips", SKIP)[1].counts == {"two texts of boxes": 6}


def test_four_times_nan_is_an_absent_target_of_a_clip(tmp_path: Path) -> None:
    folder = trees.clips(tmp_path)
    (folder / "groundtruth.txt").write_text(f"NaN\tnan NaN,NaN\n{text(BOXES[1:])}")
    document, skipped = annotate(tmp_path, "clips")
    assert skipped.left_out == {"absent": 1}
    assert only(document)["tracks"][0]["frames"] == [1, 2, 3, 4, 5]
    (folder / "groundtruth.txt").write_text(f"NaN,1,2,3\n{text(BOXES[1:])}")
    with pytest.raises(InputError, match="row 1: the box does not lie in an image"):
        annotate(tmp_path, "clips")


ROWS = [f"{n},{track},{10 + n},20,30,24,1,1,1" for track in (3, 7) for n in range(1, 7)]


@pytest.mark.parametrize(
    "row",
    [
        "3,3,x,20,30,24,1",
        "3,3,10",
        "3,nan,10,20,30,24",
        "3,inf,10,20,30,24",
        "nan,3,10,20,30,24",
        "f,3,1,2,9,9",
    ],
)
def test_a_malformed_row_of_mot_costs_its_box_alone(tmp_path: Path, row: str) -> None:
    trees.mot(tmp_path, [*ROWS[:2], row, "", *ROWS[3:]])
    with pytest.raises(InputError, match=r"gt\.txt, row 3: "):
        annotate(tmp_path, "mot")
    document, skipped = annotate(tmp_path, "mot", SKIP)
    assert (skipped.counts, skipped.total) == ({"malformed row": 1}, 6 + 12)
    assert [track["frames"] for track in only(document)["tracks"]] == [[1, 2, 4, 5, 6], [1, 2, 3, 4, 5, 6]]


def test_images_of_mot_may_have_any_number_of_digits(tmp_path: Path) -> None:
    folder = trees.mot(tmp_path)
    for path in list((folder / "img1").iterdir()):
        path.rename(path.with_name(f"00{path.name}"))
    assert only(annotate(tmp_path, "mot")[0])["frames"] == [1, 2, 3, 4, 5, 6]
    (folder / "img1/00000004.jpg").unlink()
    with pytest.raises(InputError, match=r"there is no .*/img1/00000004\.jpg"):
        annotate(tmp_path, "mot")


def test_images_that_coco_lists_and_that_are_not_there_are_counted(tmp_path: Path) -> None:
    trees.coco(tmp_path)
    (tmp_path / "train2017/a.jpg").unlink()
    with pytest.raises(InputError, match=r"a frame that is missing: there is no .*/train2017/a\.jpg"):
        annotate(tmp_path, "coco")
    document, skipped = annotate(tmp_path, "coco", SKIP)
    assert skipped.counts == {"row without image": 1}
    assert document["videos"]["train2017_000000"]["tracks"][0]["boxes"] == [[10.5, 12, 30, 24]]
    assert document["videos"]["train2017_000000"]["frames"] == [1], "the other keeps its number"
    (tmp_path / "train2017/b.jpg").unlink()
    assert set(annotate(tmp_path, "coco", SKIP)[0]["videos"]) == {"train2017_000001"}


def test_boxes_of_an_image_of_coco_that_vanishes_before_crop_are_not_cut_from_another(tmp_path: Path) -> None:
    trees.coco(tmp_path / "tree")
    trees.images(tmp_path / "tree/train2017", ["a.jpg"], size=SIZE)  # as large as b.jpg
    changed_coco(tmp_path / "tree", lambda d: d["images"][1].update(width=96, height=72))
    whole = cropped(tmp_path, "coco")[1]
    dataset, state = open_dataset(tmp_path / "tree", PartConfig(layout="coco")), tmp_path / "state"
    manifest = scan(dataset, "part", state=state, strict=False, workers=ONE)
    tracks, _ = annotate_subset(dataset, "part", manifest, SKIP, ONE, state=state)
    (tmp_path / "tree/train2017/a.jpg").unlink()
    report, skipped = crop_subset(
        open_dataset(tmp_path / "tree", PartConfig(layout="coco")),
        "part",
        tracks,
        manifest,
        CropConfig(search_size=64, exemplar_size=32),
        tmp_path / "crops/lacking",
        tmp_path / "store/other",
        SKIP,
        ONE,
        state=state,
    )
    assert (len(whole), report["crops"], skipped.counts) == (3, 2, {"missing image": 1})
    with tarfile.open(tmp_path / "crops/lacking/train2017_000000.tar") as shard:
        assert shard.getnames() == ["train2017_000000/000001-01.x.jpg"], "b.jpg, under its own number"


def changed_coco(root: Path, change: Any) -> None:
    path = root / "annotations/instances_train2017.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8-sig")


def test_one_id_of_two_images_is_refused(tmp_path: Path) -> None:
    trees.coco(tmp_path)
    changed_coco(tmp_path, lambda d: d["images"].append({**d["images"][0], "file_name": "c.jpg"}))
    with pytest.raises(InputError, match=r"gives the id 7 to two images, b\.jpg and c\.jpg"):
        annotate(tmp_path, "coco")


def test_images_of_one_name_in_two_folders_have_their_own_boxes(tmp_path: Path) -> None:
    trees.coco(tmp_path)
    for folder, name in (("x", "b.jpg"), ("y", "a.jpg")):
        (tmp_path / "train2017" / folder).mkdir()
        (tmp_path / "train2017" / name).rename(tmp_path / "train2017" / folder / "1.jpg")
    changed_coco(
        tmp_path,
        lambda d: [
            i.update(file_name=f"{'x' if i['id'] == 7 else 'y'}/1.jpg") for i in d["images"] if i["id"] < 99
        ],
    )
    videos = annotate(tmp_path, "coco")[0]["videos"]
    found = {name: (video["sizes"], video["tracks"][0]["boxes"]) for name, video in videos.items()}
    assert found["train2017_000000"] == ([[96, 72]], [[10.5, 12, 30, 24]])
    assert found["train2017_000000.1"] == ([[64, 80]], [[5, 5, 20, 30]])


def test_a_box_that_coco_lacks_costs_itself_alone_and_images_may_lie_below_images(tmp_path: Path) -> None:
    trees.coco(tmp_path)
    changed_coco(tmp_path, lambda d: d["annotations"][0].update(bbox=None))
    (tmp_path / "images").mkdir()
    (tmp_path / "train2017").rename(tmp_path / "images/train2017")
    assert annotate(tmp_path, "coco", SKIP)[1].counts == {"bad number": 1}


def test_an_xml_of_det_without_its_image_is_named(tmp_path: Path) -> None:
    trees.det(tmp_path)
    next(tmp_path.rglob("n1_1.JPEG")).unlink()
    with pytest.raises(
        InputError, match=r"n1_1\.xml annotates a frame that is missing: there is no .*n1_1\.jpg"
    ):
        annotate(tmp_path, "det")


def test_names_of_trackingnet_may_begin_with_a_dash(tmp_path: Path) -> None:
    folder = trees.trackingnet(tmp_path / "tree")
    (folder / "frames/abc_1").rename(folder / "frames/-3TIfnTSM6c_2")
    (folder / "anno/abc_1.txt").rename(folder / "anno/-3TIfnTSM6c_2.txt")
    assert cropped(tmp_path, "trackingnet")[1].videos == ["part/-3TIfnTSM6c_2"]


def test_a_text_of_trackingnet_without_images_is_noticed(tmp_path: Path) -> None:
    folder = trees.trackingnet(tmp_path)
    shutil.copy(folder / "anno/abc_1.txt", folder / "anno/xyz_0.txt")
    (tmp_path / "TRAIN_1/anno").mkdir(parents=True)
    shutil.copy(folder / "anno/abc_1.txt", tmp_path / "TRAIN_1/anno/not_used.txt")
    with pytest.raises(InputError, match=r"part/xyz_0 has 6 rows .* holds no image like 1\.jpg"):
        annotate(tmp_path, "trackingnet")
    assert annotate(tmp_path, "trackingnet", SKIP)[1].counts == {"empty video": 1}


def test_lists_of_videos_are_whole_and_may_name_one_twice(tmp_path: Path) -> None:
    trees.lasot(tmp_path / "l")
    (tmp_path / "l/training_set.txt").write_bytes(b"airplane-1\r\nairplane-1\r\n\r\n")
    assert list(annotate(tmp_path / "l", "lasot")[0]["videos"]) == ["airplane-1"]
    (tmp_path / "l/training_set.txt").write_text("airplane-1\nbus-2\n")
    with pytest.raises(InputError, match=r"training_set\.txt names bus-2, and there is no such video"):
        annotate(tmp_path / "l", "lasot")
    trees.got10k(tmp_path / "g")
    (tmp_path / "g/train/list.txt").write_text("one\none\n")
    assert list(annotate(tmp_path / "g", "got10k")[0]["videos"]) == ["one"]
