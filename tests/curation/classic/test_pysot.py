"""PySOT's form: read by a loader like its own, read back to the byte, and refused in one line where it is damaged."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from curation.classic.exporter import export_classic
from curation.classic.importer import import_classic
from curation.crops.crop_config import CropConfig
from curation.crops.geometry import search_side
from curation.errors import InputError
from curation.images.image_files import check_jpeg
from curation.imdb import Imdb, load_imdb, split_file
from curation.parallel import Workers
from tests.curation.classic.loose_trees import PysotLoader, moving, write_pysot
from tests.curation.classic.test_exchange import Curated
from tests.curation.crops.crop_trees import ONE, contents

COLUMNS = ("track_video", "track_id", "track_start", "frame", "boxes", "offset", "size", "shard_bytes")


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Curated:
    return Curated(tmp_path_factory.mktemp("pysot"), CropConfig(search_size=511))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    videos = {f"{part}/video_{part}": moving() for part in "ab"}
    return write_pysot(tmp_path / "pysot", {"train": videos, "val": {"e/video_e": moving(3, 1)}})


def imported(tree: Path, out: Path, *, workers: Workers = ONE, **options: Any) -> dict[str, Any]:
    arguments = (tree, tree, CropConfig(), out / "crops", out / "imdb")
    return import_classic(*arguments, form="pysot", workers=workers, **options)


def loaded(out: Path, split: str = "train") -> Imdb:
    return load_imdb(split_file(out / "imdb", split))


def test_a_loader_like_pysots_reads_an_export(curated: Curated, tmp_path: Path) -> None:
    report = export_classic(curated.imdb, curated.crops, tmp_path, form="pysot", workers=ONE)
    assert report["files"] == 120
    seen = 0
    for split in ("train", "val"):
        imdb = load_imdb(split_file(curated.imdb, split))
        loader = PysotLoader(tmp_path / "crop511", tmp_path / f"{split}.json")
        assert sorted(loader.videos) == sorted(imdb.videos)
        for track, video in enumerate(imdb.track_video):
            rows = slice(*imdb.track_start[track : track + 2])
            name = (imdb.videos[video], f"{imdb.track_id[track]:02d}")
            assert loader.frames(*name) == imdb.frame[rows].tolist()
            for frame, box in zip(imdb.frame[rows].tolist(), imdb.boxes[rows].tolist(), strict=True):
                assert loader.image(*name, frame).shape == (511, 511, 3)
                width, height = loader.box(*name, frame)[2:]
                scale = 511 / search_side(box[2], box[3], 0.5, 127, 511)
                assert (width, height) == pytest.approx((box[2] * scale, box[3] * scale))
                seen += 1
    assert seen == 60


@pytest.mark.parametrize("exemplars", [True, False])
def test_what_was_exported_comes_back_to_the_byte(curated: Curated, tmp_path: Path, exemplars: bool) -> None:
    export_classic(
        curated.imdb, curated.crops, tmp_path / "out", form="pysot", exemplars=exemplars, workers=ONE
    )
    report = imported(tmp_path / "out", tmp_path)
    assert (report["crops"], report["pixels"]) == (60, 511)
    assert contents(tmp_path / "crops") == contents(curated.crops)
    for split in ("train", "val"):
        ours, theirs = loaded(tmp_path, split), load_imdb(split_file(curated.imdb, split))
        assert ours.header.crop == theirs.header.crop
        assert ours.header.imdb == {"imported": "pysot"}
        assert ours.videos == theirs.videos
        assert all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in COLUMNS)


def test_a_tree_of_pysots_scripts(tree: Path, tmp_path: Path) -> None:
    """The size stands in the crops alone: the parameters still say 255."""
    imported(tree, tmp_path)
    imdb = loaded(tmp_path)
    assert imdb.videos == ["a/video_a", "b/video_b"]
    assert (imdb.header.crop.search_size, imdb.header.crop.exemplar_size, imdb.header.crop.context) == (
        511,
        127,
        0.5,
    )
    assert imdb.boxes[:4].tolist() == [[20 + 7 * k, 30 + 5 * k, 61 + 2 * k, 42 + 3 * k] for k in range(4)]
    shard = (tmp_path / "crops/a/video_a.tar").read_bytes()
    crop = shard[imdb.offset[1] : imdb.offset[1] + imdb.size[1]]
    assert crop == (tree / "crop511/a/video_a/000001.00.x.jpg").read_bytes()
    assert loaded(tmp_path, "val").videos == ["e/video_e"]


def test_the_folder_of_parts_may_be_named_and_the_indices_elsewhere(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    for split in ("train", "val"):
        (tree / f"{split}.json").rename(tmp_path / f"json/{split}2017.json")
    import_classic(
        tree / "crop511",
        tmp_path / "json",
        CropConfig(),
        tmp_path / "crops",
        tmp_path / "imdb",
        form="pysot",
        workers=ONE,
    )
    assert loaded(tmp_path).videos == ["a/video_a", "b/video_b"]


def test_without_a_val_json_names_decide_and_one_part_takes_all(tmp_path: Path) -> None:
    videos = {f"./yt_bb/{number}/v{number}": moving(2, 1) for number in range(8)}
    write_pysot(tmp_path, {"train": videos})
    imported(tmp_path, tmp_path, part="ytb", val_fraction=0.5)
    train, val = loaded(tmp_path).videos, loaded(tmp_path, "val").videos
    assert sorted(train + val) == [f"ytb/yt_bb_{number}_v{number}" for number in range(8)]
    assert train
    assert val


def test_still_images_are_known_as_such(tmp_path: Path) -> None:
    images = {f"train2017/{number:012d}": {0: {0: (10.5, 20.25, 60.0, 90.75)}} for number in range(3)}
    write_pysot(tmp_path, {"train": {**images, "a/video": moving()}})
    imported(tmp_path, tmp_path, val_fraction=0.0)
    imdb = loaded(tmp_path)
    assert imdb.header.still == ("train2017",)
    assert imdb.boxes[-1].tolist() == [10, 20, 50, 70]
    out = tmp_path / "out"
    arguments = (tmp_path / "imdb", tmp_path / "crops", out)
    with pytest.raises(InputError, match=r"part train2017 is of still images.*--form pysot.*--part"):
        export_classic(*arguments, workers=ONE)
    export_classic(*arguments, parts=["a"], workers=ONE)
    assert [path.name for path in (out / "Data/VID/train").iterdir()] == ["a"]
    assert list(json.loads((out / "imdb_video_train.json").read_text())["videos"]) == ["video"]
    export_classic(*arguments, form="pysot", parts=["train2017"], workers=ONE)
    assert len(json.loads((out / "train.json").read_text())) == 3
    with pytest.raises(InputError, match=r"no part of the imdb is named 'train2018'. Did you mean train2017"):
        export_classic(*arguments, parts=["train2018"], workers=ONE)


def test_boxes_as_shares_of_the_frame_are_none(tmp_path: Path) -> None:
    write_pysot(tmp_path, {"train": {"a/v": moving()}})

    def shares(document: dict[str, Any]) -> None:
        for frames in document["a/v"].values():
            for frame in frames:
                frames[frame] = [0.25, 0.5, 0.5, 1.0]

    edit(tmp_path / "train.json", shares)
    imported(tmp_path, tmp_path, val_fraction=0.0)
    imdb = loaded(tmp_path)
    assert imdb.header.imdb == {"imported": "pysot", "boxes": "none"}
    assert not imdb.boxes.any()
    with pytest.raises(InputError, match="imported without boxes"):
        export_classic(tmp_path / "imdb", tmp_path / "crops", tmp_path / "out", form="pysot", workers=ONE)


def edit(path: Path, change: Any) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def _first(**boxes: Any) -> Any:
    """Put boxes into the first track of a, by frame."""
    return lambda document: document["a/video_a"]["00"].update(boxes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            _first(**{"000001": [math.nan, 2, 30, 40]}),
            r"1 of 19.*track 00, frame 000001: .*nan.*not lie in an image",
        ),
        (_first(**{"000001": [1, 2, math.inf, 40]}), "not lie in an image"),
        (_first(**{"000001": [1, 2, 3]}), r"\[1, 2, 3\] is not x1, y1, x2, y2"),
        (_first(**{"000001": ["1", 2, 30, 40]}), "is not x1, y1, x2, y2"),
        (_first(**{"000001": None}), "None is not x1, y1, x2, y2"),
        (
            _first(first=[1, 2, 30, 40], second=[1, 2, 30, 40]),
            r"2 of 21.*frame first: track and frame are not both",
        ),
        (
            _first(**{"000099": [1, 2, 30, 40]}),
            r"1 of 20.*\(1 missing crop\).*the crop of frame 99, track 0 is missing",
        ),
        (lambda d: d.update({"a/v": [1]}), r"video a/v is not as that form has it"),
        (lambda d: d.update({"a/v": {"00": 3}}), r"video a/v is not as that form has it"),
        (lambda d: d.update({"../v": {}}), r"'\.\./v' is not the name of a video"),
        (lambda d: d.update({"v": {}}), r"'v' is not the name of a video.*--part NAME"),
        (lambda d: d.update({"a/x/y": {}, "a/x_y": {}}), r"a/x_y and a/x/y are both called a/x_y here"),
    ],
)
def test_a_json_that_cannot_be_used_is_one_line(tree: Path, tmp_path: Path, change: Any, words: str) -> None:
    edit(tree / "train.json", change)
    with pytest.raises(InputError, match=words) as caught:
        imported(tree, tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "imdb").exists()


def test_boxes_without_size_are_left_out_as_pysot_leaves_them_out(tree: Path, tmp_path: Path) -> None:
    edit(tree / "train.json", _first(**{"000001": [5, 5, 5, 40], "000002": [5, 5, 40, 4]}))
    assert imported(tree, tmp_path)["left_out"] == "2 zero size"
    assert loaded(tmp_path).header.counts.instances == 14


def test_what_is_not_json(tree: Path, tmp_path: Path) -> None:
    whole = (tree / "train.json").read_bytes()
    (tree / "train.json").write_bytes(whole[:-400])
    with pytest.raises(InputError, match=r"train\.json is not whole JSON"):
        imported(tree, tmp_path)
    (tree / "train.json").write_bytes(b'{"a/v": ' + 100_000 * b"[")
    with pytest.raises(InputError, match=r"train\.json is not whole JSON"):
        imported(tree, tmp_path)
    (tree / "train.json").unlink()
    with pytest.raises(InputError, match=r"train\.json is missing.*--indices"):
        imported(tree, tmp_path)


def test_tens_of_thousands_of_missing_crops_are_one_line_and_can_be_left_out(
    tree: Path, tmp_path: Path
) -> None:
    lost = {f"{frame:06d}": [1, 2, 30, 40] for frame in range(100, 30_100)}
    edit(tree / "train.json", lambda document: document.update({"a/lost": {"00": lost}}))
    (tree / "crop511/a/video_a/000001.00.x.jpg").unlink()
    with pytest.raises(InputError, match=r"30,001 of 30,019 .*30,001 missing crop.*--skip") as caught:
        imported(tree, tmp_path)
    assert caught.value.reason == "missing crop"
    assert imported(tree, tmp_path, skip=True)["left_out"] == "30,001 missing crop"
    imdb = loaded(tmp_path)
    assert imdb.videos == ["a/video_a", "b/video_b"]
    assert imdb.header.counts.instances == 15


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_crop_cut_short_stops_the_import_or_is_left_out(tree: Path, tmp_path: Path, jobs: int) -> None:
    crop = tree / "crop511/b/video_b/000002.01.x.jpg"
    crop.write_bytes(crop.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"000002\.01\.x\.jpg .*--skip") as caught:
        imported(tree, tmp_path, workers=Workers(jobs))
    assert caught.value.reason == "truncated image"
    assert imported(tree, tmp_path, skip=True, workers=Workers(jobs))["left_out"] == "1 truncated image"
    imdb = loaded(tmp_path)
    assert imdb.header.counts.instances == 15
    for row in range(len(imdb)):
        track = int(imdb.track_start.searchsorted(row, side="right")) - 1
        shard = (tmp_path / "crops" / imdb.shard(int(imdb.track_video[track]))).read_bytes()
        content = shard[imdb.offset[row] : imdb.offset[row] + imdb.size[row]]
        assert check_jpeg(content, Path("crop")) == (511, 511)


def test_crops_that_are_png_are_refused_whatever_they_are_called(tree: Path, tmp_path: Path) -> None:
    crop = tree / "crop511/b/video_b/000002.01.x.jpg"
    png = cv2.imencode(".png", np.zeros((511, 511, 3), np.uint8))[1].tobytes()
    crop.write_bytes(png)
    with pytest.raises(InputError, match=r"000002\.01\.x\.jpg is not a JPEG") as caught:
        imported(tree, tmp_path)
    assert imported(tree, tmp_path, skip=True)["left_out"] == f"1 {caught.value.reason}"
    crop.rename(crop.with_suffix(".png"))
    with pytest.raises(
        InputError, match=r"1 missing crop.*is missing: there is 000002\.01\.x\.png, but crops are JPEG files"
    ):
        imported(tree, tmp_path)
    assert imported(tree, tmp_path, skip=True)["left_out"] == "1 missing crop"


def test_crops_of_another_size_or_none_at_all(tree: Path, tmp_path: Path) -> None:
    crop = tree / "crop511/b/video_b/000002.01.x.jpg"
    cv2.imwrite(str(crop), np.zeros((255, 255, 3), np.uint8))
    with pytest.raises(InputError, match="255 x 255 pixels, not 511 x 511"):
        imported(tree, tmp_path)
    for path in (tree / "crop511").rglob("*.x.jpg"):
        cv2.imwrite(str(path), np.zeros((100, 100, 3), np.uint8))
    with pytest.raises(InputError, match="100 x 100 pixels, which is no square around an exemplar of 127"):
        imported(tree, tmp_path)
    for path in (tree / "crop511").rglob("*.x.jpg"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="has zero bytes"):
        imported(tree, tmp_path, skip=True)
