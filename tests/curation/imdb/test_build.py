"""The imdb stage: joins boxes with crops that exist, splits in a way that stays, counts what is left out."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import CropIndex, ShardIndex, save_crop_index
from curation.crops.shards import ShardFolder, data_offsets, shard_bytes
from curation.documents.annotated_tracks import Tracks, VideoTracks, write_tracks
from curation.errors import ErrorPolicy, InputError
from curation.imdb import Imdb, ImdbConfig, build_imdb, load_imdb, split_file
from curation.imdb.columns import Counts
from curation.imdb.imdb_config import is_val
from curation.parallel import Workers
from tests.curation.crops.crop_trees import SUBSET, crop_tree, documents, write_pictures
from tests.curation.trees import video_tracks

ONE = Workers(jobs=1)
ALL = ImdbConfig(val_fraction=0)

Frames = dict[int, list[int]]
"""Trackid -> frame numbers; the box of a track in a frame is [frame, trackid, 10, 20]."""


def annotated(tracks: Frames) -> VideoTracks:
    """A video with these tracks."""
    return video_tracks({t: (frames, [(f, t, 10, 20) for f in frames]) for t, frames in tracks.items()})


class Made:
    """Annotations and crop indices in a folder, and the imdb built from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.annotations: dict[str, dict[str, VideoTracks]] = {}
        self.crops: dict[str, dict[str, ShardIndex]] = {}

    def video(
        self,
        name: str,
        tracks: Frames,
        *,
        subset: str = "a",
        without: tuple[tuple[int, int], ...] = (),
        exemplar: bool = False,
    ) -> None:
        """Add a video; `without` are the (frame, trackid) whose crop is missing."""
        self.annotations.setdefault(subset, {})[name] = annotated(tracks)
        pairs = sorted((f, t) for t, frames in tracks.items() for f in frames)
        pairs = [pair for pair in pairs if pair not in without]
        sizes = [100 + 700 * (n % 3) for n in range(len(pairs))]
        columns: dict[str, Any] = {
            "frame": [f for f, _ in pairs],
            "track": [t for _, t in pairs],
            "size": sizes,
        }
        if exemplar:
            columns["exemplar"] = [50] * len(sizes)
        self.crops.setdefault(subset, {})
        if pairs:
            self.crops[subset][name] = ShardIndex.of(columns, bytes=shard_bytes(sizes))

    def build(self, config: ImdbConfig = ALL, *, jobs: int = 1) -> dict[str, Any]:
        for subset, videos in self.annotations.items():
            write_tracks(self.folder / f"annotations/{subset}.json", Tracks(subset, videos))
            index = CropIndex(subset, CropConfig(), self.crops[subset])
            save_crop_index(self.folder / "crops" / subset, index)
        return self.build_again(config, jobs=jobs)

    def build_again(self, config: ImdbConfig = ALL, *, jobs: int = 1) -> dict[str, Any]:
        """Of the files as they are."""
        return build_imdb(
            self.folder / "annotations",
            self.folder / "crops",
            sorted(self.annotations),
            config,
            self.folder / "imdb",
            Workers(jobs=jobs),
        )

    def load(self, split: str = "train") -> Imdb:
        return load_imdb(split_file(self.folder / "imdb", split))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def listed(imdb: Imdb) -> dict[str, Frames]:
    """What an imdb holds, as it was given to `Made.video`."""
    found: dict[str, Frames] = {}
    for number, (video, track) in enumerate(zip(imdb.track_video, imdb.track_id, strict=True)):
        rows = slice(imdb.track_start[number], imdb.track_start[number + 1])
        found.setdefault(imdb.videos[video], {})[int(track)] = imdb.frame[rows].tolist()
        expected = [[frame, track, 10, 20] for frame in imdb.frame[rows]]
        assert np.array_equal(imdb.boxes[rows], expected)
    return found


def test_lists_every_box_with_its_crop(made: Made) -> None:
    videos = {"v": {0: [0, 1, 2], 5: [1, 2, 7]}, "w": {1: [3, 4]}}
    for name, tracks in videos.items():
        made.video(name, tracks)
    made.build()
    imdb = made.load()
    assert listed(imdb) == {f"a/{name}": tracks for name, tracks in videos.items()}
    # Shard of v in order: (0,0) (1,0) (1,5) (2,0) (2,5) (7,5)
    offsets = data_offsets([100, 800, 1500, 100, 800, 1500])
    assert imdb.offset[:6].tolist() == offsets[[0, 1, 3, 2, 4, 5]].tolist()
    assert imdb.size[:6].tolist() == [100, 800, 100, 1500, 800, 1500]
    assert imdb.header.crop == CropConfig()
    assert imdb.header.counts == Counts(videos=2, tracks=3, instances=8)


def test_real_shards_are_read_through_it(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "tree", 2, frames=5)
    _, annotations, _ = documents(root)
    write_tracks(tmp_path / "annotations/e.json", annotations)
    for config in (CropConfig(), CropConfig(exemplar_crops=True)):
        crop_tree(root, tmp_path / "crops" / SUBSET, tmp_path / "store", config=config)
        build_imdb(tmp_path / "annotations", tmp_path / "crops", [SUBSET], ALL, tmp_path / "imdb", ONE)
        imdb = load_imdb(split_file(tmp_path / "imdb", "train"))
        assert imdb.header.crop.exemplar_crops == config.exemplar_crops
        shards = ShardFolder(tmp_path / "crops")
        assert len(imdb) == 20
        for track, video in enumerate(imdb.track_video):
            for row in range(imdb.track_start[track], imdb.track_start[track + 1]):
                crop = shards.read(
                    imdb.shard(video),
                    int(imdb.offset[row]),
                    int(imdb.size[row]),
                    shard_size=int(imdb.shard_bytes[video]),
                )
                assert crop.startswith(b"\xff\xd8")
                assert crop.endswith(b"\xff\xd9")


def test_short_tracks_and_videos_without_tracks_are_left_out_and_counted(made: Made) -> None:
    made.video("short", {0: [4]})
    made.video("mixed", {0: [4], 1: [4, 5]})
    made.video("none", {})
    report = made.build()
    assert listed(made.load()) == {"a/mixed": {1: [4, 5]}}
    assert made.load().header.counts.videos == 1
    assert report["left_out"] == {"boxes_without_crop": 0, "tracks_too_short": 2, "videos_without_track": 2}
    made.build(ImdbConfig(val_fraction=0, min_track_length=1))
    assert set(listed(made.load())) == {"a/short", "a/mixed"}


def test_boxes_without_crop_are_left_out_and_counted(made: Made) -> None:
    made.video("v", {0: [0, 1, 2], 1: [0, 1]}, without=((1, 0), (0, 1)))
    made.video("gone", {0: [0, 1]}, without=((0, 0), (1, 0)))
    report = made.build()
    assert listed(made.load()) == {"a/v": {0: [0, 2]}}
    assert report["left_out"] == {"boxes_without_crop": 4, "tracks_too_short": 1, "videos_without_track": 1}
    # the shard holds (0,0) (1,1) (2,0): the second is not listed
    assert made.load().offset.tolist() == data_offsets([100, 800, 1500])[[0, 2]].tolist()


def test_crops_that_no_annotation_knows_are_refused(made: Made) -> None:
    made.video("v", {0: [0, 1, 2]})
    made.annotations["a"]["v"] = annotated({0: [0, 1]})
    with pytest.raises(InputError, match="video a/v has crops of objects") as caught:
        made.build()
    assert caught.value.reason == "stale crops"
    made.annotations["a"].pop("v")
    with pytest.raises(InputError, match="video a/v has crops"):
        made.build()


def test_subsets_cropped_in_different_ways_are_refused(made: Made) -> None:
    made.video("v", {0: [0, 1]})
    made.video("w", {0: [0, 1]}, subset="b")
    made.build()
    save_crop_index(made.folder / "crops" / "b", CropIndex("b", CropConfig(recipe=2), made.crops["b"]))
    with pytest.raises(InputError, match="subset b was cropped with") as caught:
        build_imdb(
            made.folder / "annotations", made.folder / "crops", ["a", "b"], ALL, made.folder / "imdb", ONE
        )
    assert caught.value.reason == "mixed crops"


def test_a_part_that_gives_nothing_is_named(made: Made) -> None:
    made.video("v", {0: [0, 1]})
    made.video("short", {0: [4]}, subset="clips")
    with pytest.raises(
        InputError, match=r"part clips has no track to list: 1 videos, .* 1 tracks too short"
    ) as caught:
        made.build()
    assert caught.value.reason == "empty part"


def test_a_video_name_in_two_parts_is_said(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    for subset in ("a", "clips"):
        made.video("same", {0: [0, 1]}, subset=subset)
    with caplog.at_level("WARNING"):
        made.build()
    assert "part clips has 1 videos whose names part a has too, the first same" in caplog.text
    assert set(listed(made.load())) == {"a/same", "clips/same"}


def test_split_by_video_depends_on_the_name_alone(made: Made) -> None:
    names = [f"ILSVRC2015_train_{n:08d}" for n in range(60)]
    for name in names:
        made.video(name, {0: [0, 1]})
    config = ImdbConfig(val_fraction=0.3)
    made.build(config)
    before = set(listed(made.load("val")))
    assert 5 < len(before) < 35
    assert not before & set(listed(made.load("train")))
    made.video("ILSVRC2015_train_99999999", {0: [0, 1]}, subset="c")
    made.build(config)
    assert before <= set(listed(made.load("val"))), "adding a video moves no other"
    made.annotations, made.crops = {"d": made.annotations["a"]}, {"d": made.crops["a"]}
    made.build(config)
    assert {name[2:] for name in listed(made.load("val"))} == {name[2:] for name in before}


def test_share_of_validation_videos() -> None:
    names = [f"ILSVRC2015_train_{n:08d}" for n in range(20_000)]
    for fraction in (0.0, 0.1, 0.5):
        share = np.mean([is_val(name, fraction) for name in names])
        assert share == pytest.approx(fraction, abs=0.01)
    assert {n for n in names if is_val(n, 0.1)} < {n for n in names if is_val(n, 0.2)}


def test_split_by_time_puts_the_end_of_every_video_aside(made: Made) -> None:
    made.video("v", {0: list(range(20)), 1: list(range(10, 30))})
    made.video("w", {0: [*range(5), *range(50, 60)]})
    made.build(ImdbConfig(val_fraction=0.2, split_by="time"))
    train, val = listed(made.load("train")), listed(made.load("val"))
    assert train == {
        "a/v": {0: list(range(20)), 1: list(range(10, 24))},
        "a/w": {0: [*range(5), *range(50, 57)]},
    }
    assert val == {"a/v": {1: list(range(24, 30))}, "a/w": {0: [57, 58, 59]}}


def test_workers_change_no_byte(made: Made) -> None:
    for subset in "abc":
        for number in range(5):
            made.video(f"{subset}{number}", {0: [0, 1, 2], 3: [2, 5]}, subset=subset)
    reports = []
    files = []
    for jobs in (1, 2):
        reports.append(made.build(ImdbConfig(val_fraction=0.4), jobs=jobs))
        files.append([split_file(made.folder / "imdb", split).read_bytes() for split in ("train", "val")])
    assert files[0] == files[1]
    assert reports[0] == reports[1]


def test_empty_split_is_refused_with_a_way_out(made: Made) -> None:
    made.video("v", {0: [0, 1]})
    with pytest.raises(InputError, match="has no track") as caught:
        made.build(ImdbConfig(val_fraction=0.5))
    assert "imdb.split_by to time" in caught.value.do
    made.build(ImdbConfig(val_fraction=0))
    assert len(made.load("val")) == 0


def test_a_video_too_short_for_split_by_time_gets_another_cure_that_works(made: Made) -> None:
    made.video("a/v", {0: list(range(6))})
    with pytest.raises(InputError, match="the val split has no track") as caught:
        made.build(ImdbConfig(split_by="time"))
    assert "split_by to time" not in caught.value.do
    assert "Raise imdb.val_fraction (0.5 " in caught.value.do
    made.build(ImdbConfig(split_by="time", val_fraction=0.5))


def test_statistics(made: Made) -> None:
    made.video("v", {0: [0, 1, 2, 9, 10, 20], 1: [3, 4]})
    report = made.build()["train"]
    assert report["videos"] == 1
    assert report["tracks"] == 2
    assert report["instances"] == 8
    assert report["gaps"] == 2
    assert report["gap"]["min"] == 6
    assert report["gap"]["max"] == 9
    assert report["track_length"]["max"] == 6
    assert report["track_length"]["median"] == 4
    assert report["box_side"]["median"] == pytest.approx(200**0.5, abs=0.01)
    assert report["tracks_by_class"] == {"n0": 1, "n1": 1}


def test_memory_does_not_grow_with_the_number_of_boxes(made: Made) -> None:
    """But for the area of each, 4 bytes, and, of one split at a time, its side, 8: there are quantiles of it."""
    peaks = []
    for videos in (5, 50):
        for number in range(videos):
            made.video(f"v{number:02d}", {0: list(range(2000))})
        made.build()
        gc.collect()
        tracemalloc.start()
        made.build_again()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 16 * 45 * 2000


def test_an_index_out_of_order_is_refused(made: Made) -> None:
    for name in ("one", "two", "three"):
        made.video(name, {0: [0, 1]})
    made.build()
    index = made.folder / "crops/a/index.json"
    document = orjson.loads(index.read_bytes())
    document["videos"] = dict(reversed(document["videos"].items()))
    index.write_bytes(orjson.dumps(document) + b"\n")
    with pytest.raises(
        InputError, match=r"index\.json is not as the crop stage writes it: .* stands behind two"
    ):
        made.build_again()
    index.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))  # another tool's: read as a whole
    made.build_again()
    assert made.load().videos == ["a/one", "a/three", "a/two"]


def test_a_shard_of_another_length_than_indexed_is_refused(made: Made) -> None:
    made.video("one", {0: [1, 2, 3]})
    made.video("two", {0: [1, 2, 3]})
    made.build(ALL)  # shards that are not here, after a partial pull, do not matter to it
    for name in ("one.tar", "two.tar"):
        (made.folder / "crops" / "a" / name).touch()
    with pytest.raises(
        InputError,
        match=r"2 of 2 shards in .*crops/a .* the first, one.tar, has 0 bytes, not \d+\. Run: .* doctor cache --mend",
    ):
        made.build(ALL)


def test_missing_inputs_name_the_stage_to_run(made: Made) -> None:
    made.video("v", {0: [0, 1]})
    made.build()
    (made.folder / "crops/a/index.json").unlink()
    with pytest.raises(InputError, match=r"crops/a/index\.json is missing") as caught:
        build_imdb(made.folder / "annotations", made.folder / "crops", ["a"], ALL, made.folder / "imdb", ONE)
    assert "dvc repro crop" in caught.value.do


def test_skipped_frames_of_the_crop_stage_are_counted_here(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "tree", 1, frames=5)
    _, annotations, _ = documents(root)
    write_tracks(tmp_path / "annotations/e.json", annotations)
    next(root.rglob("000002.JPEG")).write_bytes(b"")
    policy = ErrorPolicy(policy="skip", max_skipped=1)
    crop_tree(root, tmp_path / "crops/e", tmp_path / "store", policy=policy)
    report = build_imdb(tmp_path / "annotations", tmp_path / "crops", ["e"], ALL, tmp_path / "imdb", ONE)
    assert report["left_out"]["boxes_without_crop"] == 2
    assert report["train"]["instances"] == 8
    assert report["train"]["gaps"] == 2
