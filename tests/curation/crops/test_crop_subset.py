"""The crop stage: exact, the same for any number of workers, increments by video, and errors by name."""

from __future__ import annotations

import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.crops import crop_video
from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import load_crop_index
from curation.crops.crop_video import reduction
from curation.crops.shards import ShardReader, member_name
from curation.errors import ErrorPolicy, InputError
from curation.images.codec import codec
from curation.parallel import Workers
from tests.curation.crops import plain_crops
from tests.curation.crops.crop_trees import (
    ONE,
    SUBSET,
    contents,
    crop_as_stage,
    crop_tree,
    documents,
    jpeg,
    picture,
    write_picture_video,
    write_pictures,
)
from tests.curation.trees import frame_xml, object_xml, video_folders

VIDEO = "ILSVRC2015_val_00000000"
SKIP = ErrorPolicy(policy="skip", max_skipped=0.5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "tree", 3)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "data" / "crops" / SUBSET


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def image(root: Path, frame: int, video: str = VIDEO) -> Path:
    return video_folders(root, SUBSET, video)[0] / f"{frame:06d}.JPEG"


def members(shard: Path) -> dict[str, bytes]:
    with tarfile.open(shard) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def test_every_crop_equals_the_plain_one_byte_for_byte(root: Path, out: Path, store: Path) -> None:
    report = crop_tree(root, out, store)
    expected: dict[str, dict[str, bytes]] = {}
    for xml in sorted((root / "Annotations/VID/val").glob("*/*.xml")):
        video, frame = xml.parent.name, int(xml.stem)
        pixels = cv2.imread(str(image(root, frame, video)))
        for track, box in plain_crops.read_objects(xml):
            crop = plain_crops.crops(pixels, box)[1]
            encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
            expected.setdefault(video, {})[member_name(video, frame, track, "x")] = encoded
    assert {path.stem: members(path) for path in out.glob("*.tar")} == expected
    assert report == {
        "videos": 3,
        "shards": 3,
        "frames": 9,
        "crops": 18,
        "bytes": sum(path.stat().st_size for path in out.glob("*.tar")),
        "reused": 0,
        "skipped": {"items": 18, "skipped": 0, "by_reason": {}, "examples": {}},
        "waiting": 0,
        "made_with": {codec(): 3},
    }


def test_real_snippet_equals_plain_in_every_byte(
    shared: Path, out: Path, store: Path, tmp_path: Path
) -> None:
    root = tmp_path / "snippet"
    for tree, suffix in (("Data", "JPEG"), ("Annotations", "xml")):
        folder = root / tree / "VID/val/ILSVRC2015_val_00007010"
        folder.mkdir(parents=True)
        source = shared / "data/ILSVRC2015" / tree / "VID/val/ILSVRC2015_val_00007010"
        for number in range(0, 144, 16):
            (folder / f"{number:06d}.{suffix}").symlink_to(source / f"{number:06d}.{suffix}")
    report = crop_tree(root, out, store, config=CropConfig(exemplar_crops=True))
    assert report["crops"] == 9 * 7
    plain_crops.crop_tree(root / "Annotations/VID/val", root / "Data/VID/val", tmp_path / "loose")
    loose = contents(tmp_path / "loose")
    assert len(loose) == 2 * report["crops"]
    found = members(out / "ILSVRC2015_val_00007010.tar")
    for name, content in loose.items():
        frame, track, _, kind, _ = Path(name).name.split(".")
        assert found[f"ILSVRC2015_val_00007010/{frame}-{track}.{kind}.jpg"] == content


def test_index_leads_to_every_crop(root: Path, out: Path, store: Path) -> None:
    for config in (CropConfig(), CropConfig(exemplar_crops=True, search_size=511)):
        crop_tree(root, out, store, config=config)
        index = load_crop_index(out)
        assert index.crop == config
        for video, entry in index.videos.items():
            reader = ShardReader(out / f"{video}.tar", entry.bytes)
            named = members(out / f"{video}.tar")
            places = zip(entry.offsets.tolist(), entry.size.tolist(), strict=True)
            for crop, place in zip(entry.crops, places, strict=True):
                assert reader.read(*place) == named[member_name(video, *crop, "x")]
            assert len(named) == len(entry.frame) * (2 if config.exemplar_crops else 1)


def test_members_are_in_order_of_frame_track_and_kind(root: Path, out: Path, store: Path) -> None:
    crop_tree(root, out, store, config=CropConfig(exemplar_crops=True))
    names = list(members(out / f"{VIDEO}.tar"))
    assert names == sorted(names)
    assert names[:3] == [f"{VIDEO}/000000-{rest}.jpg" for rest in ("00.x", "00.z", "01.x")]


def test_workers_change_no_byte(root: Path, out: Path, store: Path, tmp_path: Path) -> None:
    crop_tree(root, out, store)
    crop_tree(root, tmp_path / "two", tmp_path / "store2", workers=Workers(jobs=2))
    assert contents(out) == contents(tmp_path / "two")


def test_store_is_asked_before_anything_is_read(root: Path, out: Path, store: Path) -> None:
    dataset, annotations, manifest = documents(root)
    arguments = (dataset, SUBSET, annotations, manifest, CropConfig(), out, store, ErrorPolicy(), ONE)
    crop_as_stage(*arguments)
    before = contents(out)
    shutil.rmtree(out)  # as DVC does
    for path in root.rglob("*.JPEG"):
        path.write_bytes(b"never read again")
    assert crop_as_stage(*arguments)["reused"] == 3
    assert contents(out) == before
    assert (out / f"{VIDEO}.tar").stat().st_nlink == 2


def test_the_report_tells_shards_of_other_libraries_from_ones_cut_here(
    root: Path, out: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is the same, so such shards are used; their bytes and the index hold nothing of it."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(crop_video, "codec", lambda: "OpenCV 4.0.0, libjpeg 6b")
        assert crop_tree(root, out, store)["made_with"] == {"OpenCV 4.0.0, libjpeg 6b": 3}
    before = contents(out)
    image(root, 1).write_bytes(jpeg(picture(99)))
    assert crop_tree(root, out, store)["made_with"] == {"OpenCV 4.0.0, libjpeg 6b": 2, codec(): 1}
    shutil.rmtree(store)
    assert crop_tree(root, out, store)["made_with"] == {codec(): 3}
    assert {name for name, content in contents(out).items() if content != before[name]} == {
        f"{VIDEO}.tar",
        "index.json",
    }


@pytest.mark.parametrize("change", ["image", "box", "new frame"])
def test_one_changed_video_crops_one_video(root: Path, out: Path, store: Path, change: str) -> None:
    crop_tree(root, out, store)
    before = contents(out)
    images, annotations = video_folders(root, SUBSET, VIDEO)
    if change == "image":
        image(root, 1).write_bytes(jpeg(picture(99)))
    elif change == "box":
        (annotations / "000001.xml").write_bytes(frame_xml([object_xml(0, (1, 2, 30, 40))], size=(96, 72)))
    else:
        (images / "000003.JPEG").write_bytes(jpeg(picture(98)))
        (annotations / "000003.xml").write_bytes(frame_xml([object_xml(0, (1, 2, 30, 40))], size=(96, 72)))
    assert crop_tree(root, out, store)["reused"] == 2
    after = contents(out)
    assert {name for name in after if after[name] != before[name]} == {f"{VIDEO}.tar", "index.json"}


def test_what_changes_no_crop_crops_nothing(root: Path, out: Path, store: Path) -> None:
    crop_tree(root, out, store)
    xml = video_folders(root, SUBSET, VIDEO)[1] / "000001.xml"
    xml.write_bytes(xml.read_bytes().replace(b"n02691156", b"n02084071").replace(b"<folder>", b"<folder> "))
    assert crop_tree(root, out, store)["reused"] == 3


@pytest.mark.parametrize(
    "other",
    [
        {"recipe": 2},
        {"quality": 80},
        {"search_size": 511},
        {"context": 0.4},
        {"exemplar_crops": True},
        {"decode": "reduced"},
    ],
)
def test_every_parameter_crops_again_and_coming_back_does_not(
    root: Path, out: Path, store: Path, other: dict[str, Any]
) -> None:
    crop_tree(root, out, store)
    assert crop_tree(root, out, store, config=CropConfig(**other))["reused"] == 0
    assert crop_tree(root, out, store)["reused"] == 3


def test_removed_video_leaves_the_output(root: Path, out: Path, store: Path) -> None:
    crop_tree(root, out, store)
    for folder in video_folders(root, SUBSET, VIDEO):
        shutil.rmtree(folder)
    crop_tree(root, out, store)
    assert f"{VIDEO}.tar" not in contents(out)
    assert VIDEO not in load_crop_index(out).videos


def test_frames_without_boxes_are_never_decoded(root: Path, out: Path, store: Path) -> None:
    images, annotations = video_folders(root, SUBSET, VIDEO)
    (images / "000003.JPEG").write_bytes(b"not even a JPEG")
    (annotations / "000003.xml").write_bytes(frame_xml(size=(96, 72)))
    assert crop_tree(root, out, store)["frames"] == 9


def test_video_without_boxes_has_no_shard(root: Path, out: Path, store: Path) -> None:
    images, annotations = video_folders(root, SUBSET, "ILSVRC2015_val_00000009")
    (images / "000000.JPEG").write_bytes(jpeg(picture(0)))
    (annotations / "000000.xml").write_bytes(frame_xml(size=(96, 72)))
    report = crop_tree(root, out, store)
    assert (report["videos"], report["shards"]) == (4, 3)
    assert crop_tree(root, out, store)["reused"] == 4


DAMAGE = {
    "empty image": lambda path: path.write_bytes(b""),
    "not a JPEG": lambda path: path.write_bytes(b"GIF89a"),
    "truncated image": lambda path: os.truncate(path, path.stat().st_size - 100),
    "image size": lambda path: path.write_bytes(jpeg(picture(1, (90, 72)))),
}


@pytest.mark.parametrize("reason", DAMAGE)
@pytest.mark.parametrize("jobs", [1, 2])
def test_frame_that_cannot_be_used_stops_the_stage_by_name(
    root: Path, out: Path, store: Path, reason: str, jobs: int
) -> None:
    path = image(root, 1)
    DAMAGE[reason](path)

    def crop(policy: ErrorPolicy) -> dict[str, Any]:
        return crop_tree(root, out, store, policy=policy, workers=Workers(jobs=jobs))

    with pytest.raises(InputError) as caught:
        crop(ErrorPolicy())
    assert caught.value.reason == reason
    assert str(path) in str(caught.value)
    assert not out.exists()
    report = crop(SKIP)
    assert report["skipped"]["by_reason"] == {reason: 2}, "the frame holds two boxes"
    assert report["crops"] == 16
    assert report["waiting"] == 0, "the frame is on record like this: that is final"
    assert str(path) in report["skipped"]["examples"][reason][0]
    again = crop(SKIP)
    assert again["reused"] == 3
    assert again["skipped"] == report["skipped"], "what was left out is known without a second look"
    with pytest.raises(InputError, match="over the limit"):
        crop(ErrorPolicy(policy="skip", max_skipped=0.1))
    with pytest.raises(InputError) as caught:
        crop(ErrorPolicy())
    assert caught.value.reason == reason, "a shard with gaps does not do under the policy `raise`"


def test_first_fault_in_order_is_reported_for_any_number_of_workers(
    root: Path, out: Path, store: Path
) -> None:
    dataset, annotations, manifest = documents(root)
    for video in sorted(annotations.videos):
        image(root, 2, video).unlink()
    messages = set()
    for jobs in (1, 2):
        with pytest.raises(InputError) as caught:
            crop_as_stage(
                dataset,
                SUBSET,
                annotations,
                manifest,
                CropConfig(),
                out,
                store,
                ErrorPolicy(),
                Workers(jobs=jobs),
            )
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert VIDEO in messages.pop()


def test_fault_loses_no_finished_video(root: Path, out: Path, store: Path) -> None:
    dataset, annotations, manifest = documents(root)
    last = sorted(annotations.videos)[-1]
    content = image(root, 0, last).read_bytes()
    image(root, 0, last).unlink()
    arguments = (dataset, SUBSET, annotations, manifest, CropConfig(), out, store, ErrorPolicy(), ONE)
    with pytest.raises(InputError):
        crop_as_stage(*arguments)
    image(root, 0, last).write_bytes(content)
    assert crop_as_stage(*arguments)["reused"] == 2


def test_annotations_of_a_video_that_is_gone_are_refused(root: Path, out: Path, store: Path) -> None:
    dataset, annotations, manifest = documents(root)
    unlisted = {name: entry for name, entry in manifest.entries.items() if name != VIDEO}
    evil = {**annotations.videos, "../../evil": annotations.videos[VIDEO]}
    for tracks, listed in (
        (annotations, replace(manifest, entries=unlisted)),
        (replace(annotations, videos=evil), manifest),
    ):
        with pytest.raises(InputError) as caught:
            crop_as_stage(
                dataset,
                SUBSET,
                tracks,
                listed,
                CropConfig(),
                out,
                store,
                ErrorPolicy(),
                ONE,
            )
        assert caught.value.reason == "stale annotations"


def test_damaged_shard_in_the_store_is_made_again(root: Path, out: Path, store: Path) -> None:
    crop_tree(root, out, store)
    before = contents(out)
    victim = next((store / SUBSET).glob("*.tar"))
    os.truncate(victim, 1024)
    assert crop_tree(root, out, store)["reused"] == 2
    assert contents(out) == before


def test_search_size_under_exemplar_size_is_refused() -> None:
    with pytest.raises(ValueError, match="search_size 100 is under exemplar_size 127"):
        CropConfig(search_size=100)


def test_large_frames_and_511(tmp_path: Path, out: Path, store: Path) -> None:
    write_picture_video(tmp_path / "tree", VIDEO, 1, 1, (1920, 1080), 5)
    crop_tree(tmp_path / "tree", out, store, config=CropConfig(search_size=511))
    (crop,) = members(out / f"{VIDEO}.tar").values()
    xml = video_folders(tmp_path / "tree", SUBSET, VIDEO)[1] / "000000.xml"
    frame = cv2.imread(str(image(tmp_path / "tree", 0)))
    [(_, box)] = plain_crops.read_objects(xml)
    theirs = plain_crops.crops(frame, box, search=511)[1]
    assert crop == cv2.imencode(".jpg", theirs, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def test_reduced_decoding_leaves_crops_as_they_are_unless_every_window_is_twice_its_crop(
    tmp_path: Path, out: Path, store: Path
) -> None:
    root = write_pictures(tmp_path / "tree", 1, size=(320, 241))
    for size, same in ((93, True), (60, True), (46, False), (24, False), (16, False)):
        smaller = plain_crops.sides(21, 26, search=size, exemplar=size // 2)[1]
        assert (smaller < 2 * size) == same
        found = {}
        for decode in ("exact", "reduced"):
            crop_tree(
                root, out, store, config=CropConfig(search_size=size, exemplar_size=size // 2, decode=decode)
            )
            found[decode] = members(out / f"{VIDEO}.tar")
        assert found["exact"].keys() == found["reduced"].keys()
        assert (found["exact"] == found["reduced"]) == same, size
        for name, content in found["exact"].items():
            one, other = (
                cv2.imdecode(np.frombuffer(data, np.uint8), 1) for data in (content, found["reduced"][name])
            )
            assert np.abs(one.astype(int) - other).mean() < 12, "they show the same"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([255, 511]),
)
def test_no_window_is_enlarged(sizes: list[tuple[int, int]], exemplars: bool, search: int) -> None:
    boxes = [[0.0, 0.0, float(w), float(h)] for w, h in sizes]
    config = CropConfig(decode="reduced", exemplar_crops=exemplars, search_size=search)
    by = reduction(Path("000000.JPEG"), boxes, config)

    def enough(reduced: int) -> bool:
        return all(
            side // reduced >= size
            for w, h in sizes
            for side, size in zip(plain_crops.sides(w, h, search=search), (127, search), strict=True)
            if exemplars or size == search
        )

    assert by == 1 or enough(by)
    assert by == 8 or not enough(2 * by)
    assert reduction(Path("000000.png"), boxes, config) == 1
    assert reduction(Path("000000.JPEG"), boxes, replace(config, decode="exact")) == 1


def test_headers_say_how_frames_were_decoded_where_it_is_not_the_usual_way(
    root: Path, out: Path, store: Path
) -> None:
    crop_tree(root, out, store)
    assert b"decode" not in (out / "index.json").read_bytes()
    crop_tree(root, out, store, config=CropConfig(decode="reduced"))
    assert load_crop_index(out).crop.decode == "reduced"
