from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.crops.crop_config import CropConfig
from curation.crops.geometry import CropGeometry
from curation.errors import InputError
from curation.imdb import Imdb, load_imdb
from curation.imdb.columns import Counts, Header
from tests.training.fabricate import CROP, EXEMPLAR, fabricate
from training.batches.pairs import PairConfig, PairSampler, PairStreams
from training.trainer.loop import Inputs

CROPS = CropConfig(exemplar_size=EXEMPLAR, search_size=CROP)
CONFIG = PairConfig(search_size=CROP, max_distance=3)


def pair_random(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The stream of a pair, from nothing."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, index, epoch]))


def imdb_of(tracks: list[tuple[int, list[int]]], videos: int) -> Imdb:
    """An imdb of (video, frame numbers) tracks."""
    frames = [frame for _, listed in tracks for frame in listed]
    count = len(frames)
    return Imdb(
        header=Header("train", CROPS, {}, Counts(videos, len(tracks), count)),
        videos=[f"a/v{k}" for k in range(videos)],
        shard_bytes=np.zeros(videos, np.int64),
        track_video=np.array([video for video, _ in tracks], np.int32),
        track_id=np.arange(10, 10 + len(tracks), dtype=np.int32),
        track_start=np.cumsum([0, *(len(listed) for _, listed in tracks)]),
        frame=np.array(frames, np.int32),
        boxes=np.zeros((count, 4), np.int32),
        offset=np.zeros(count, np.int64),
        size=np.zeros(count, np.int32),
    )


def sampler_of(tmp: Path, tracks: list[tuple[int, list[int]]], videos: int, **changes: object) -> PairSampler:
    for k in range(videos):
        (tmp / "a").mkdir(exist_ok=True, parents=True)
        (tmp / "a" / f"v{k}.tar").touch()
    return PairSampler(imdb_of(tracks, videos), tmp, replace(CONFIG, **changes), name="imdb_train.json")


def drawn(sampler: PairSampler, count: int = 400) -> list[tuple[int, int]]:
    return [sampler.draw(pair_random(0, 0, index)) for index in range(count)]


@settings(max_examples=40, deadline=None)
@given(
    tracks=st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True)),
        min_size=1,
        max_size=5,
    ),
    distance=st.integers(1, 12),
)
def test_pairs_are_exactly_those_within_the_distance(
    tmp_path_factory: pytest.TempPathFactory, tracks: list[tuple[int, list[int]]], distance: int
) -> None:
    tracks = sorted((video, sorted(frames)) for video, frames in tracks)
    start = np.cumsum([0, *(len(frames) for _, frames in tracks)])
    possible = {
        (int(first) + i, int(first) + j)
        for first, (_, frames) in zip(start, tracks, strict=False)
        for i, a in enumerate(frames)
        for j, b in enumerate(frames)
        if i != j and abs(a - b) <= distance
    }
    folder = tmp_path_factory.mktemp("pairs")
    if not possible:
        with pytest.raises(InputError, match="there is no pair to draw"):
            sampler_of(folder, tracks, 3, max_distance=distance)
        return
    sampler = sampler_of(folder, tracks, 3, max_distance=distance)
    assert set(drawn(sampler, 300)) <= possible
    assert sampler.instances == len({exemplar for exemplar, _ in possible})
    assert sampler.videos == len(
        {tracks[int(np.searchsorted(start, a, "right")) - 1][0] for a, _ in possible}
    )


def test_every_possible_pair_comes_up(tmp_path: Path) -> None:
    sampler = sampler_of(tmp_path, [(0, [0, 2, 4, 5]), (0, [1]), (1, [7, 8])], 2)
    expected = {(0, 1), (1, 0), (1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2), (5, 6), (6, 5)}
    assert set(drawn(sampler)) == expected
    assert (sampler.videos, sampler.tracks, sampler.instances) == (2, 2, 6)


@pytest.mark.parametrize("at_once", [1, 7, 1_000_000])
def test_the_pairs_are_those_of_earlier_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("training.batches.pairs._AT_ONCE", at_once)
    tracks = [(0, [*range(0, 40, 2)]), (0, [1, 2, 9]), (1, [5, 6, 7]), (2, [*range(30)]), (3, [0, 50])]
    first = [(2, 3), (23, 24), (35, 33), (19, 18), (44, 42), (54, 51), (20, 21), (24, 25), (23, 25), (23, 25)]
    assert drawn(sampler_of(tmp_path, tracks, 4), 10) == first


def test_videos_then_tracks_are_equally_likely(tmp_path: Path) -> None:
    """A video of one short track is drawn as often as a video of two long ones."""
    sampler = sampler_of(tmp_path, [(0, list(range(20))), (0, list(range(5))), (1, [0, 1])], 2)
    tracks = Counter(sampler.track_of(exemplar) for exemplar, _ in drawn(sampler, 4000))
    assert tracks[2] / 4000 == pytest.approx(0.5, abs=0.03)
    assert tracks[0] / 4000 == pytest.approx(0.25, abs=0.03)


def test_each_pair_has_its_own_stream() -> None:
    def first(seed: int, epoch: int, index: int) -> float:
        return float(pair_random(seed, epoch, index).random())

    assert first(1, 2, 3) == first(1, 2, 3)
    values = [first(seed, epoch, index) for seed in range(5) for epoch in range(5) for index in range(40)]
    assert len(set(values)) == 1000
    assert np.mean(values) == pytest.approx(0.5, abs=0.04)


def test_place_names_video_frame_and_track(tmp_path: Path) -> None:
    sampler = sampler_of(tmp_path, [(0, [0, 2]), (1, [7, 8])], 2)
    assert sampler.place(2) == "video a/v1, frame 7, track 11"


def test_a_video_of_one_frame_gives_no_pair(tmp_path: Path) -> None:
    sampler = sampler_of(tmp_path, [(0, [4]), (1, [7, 8])], 2)
    assert sampler.videos == 1
    with pytest.raises(
        InputError, match=r"imdb_train.json: there is no pair to draw: no track of its 1 videos"
    ):
        sampler_of(tmp_path, [(0, [4])], 1)


def test_an_empty_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pair to draw: no track of its 0 videos.*val_fraction"):
        sampler_of(tmp_path, [], 0)


def test_the_crops_geometry_is_that_of_the_imdb(inputs: Inputs) -> None:
    sampler = PairSampler(load_imdb(inputs.train), inputs.crops, CONFIG, name="train")
    assert sampler.geometry == CropGeometry(EXEMPLAR, CROP, 0.5)


def test_missing_shards(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = fabricate(tmp_path, "train", videos=3)
    (tmp_path / "crops" / "a" / "train001.tar").unlink()
    imdb = load_imdb(path)
    with pytest.raises(InputError, match=r"1 of 3 shards are missing in .*, the first a/train001.tar.*skip"):
        PairSampler(imdb, tmp_path / "crops", CONFIG, name=path.name)
    with caplog.at_level(logging.WARNING):
        sampler = PairSampler(
            imdb, tmp_path / "crops", replace(CONFIG, missing_shards="skip"), name=path.name
        )
    assert "1 of 3 shards are missing" in caplog.text
    assert (sampler.missing, sampler.videos) == (1, 2)
    videos = {int(imdb.track_video[sampler.track_of(exemplar)]) for exemplar, _ in drawn(sampler)}
    assert videos == {0, 2}


def test_all_shards_missing(tmp_path: Path) -> None:
    path = fabricate(tmp_path, "train", videos=1)
    (tmp_path / "crops" / "a" / "train000.tar").unlink()
    with pytest.raises(InputError, match=r"1 of 1 shards are missing in .*Fetch them \(dvc pull\)$"):
        PairSampler(
            load_imdb(path), tmp_path / "crops", replace(CONFIG, missing_shards="skip"), name=path.name
        )


@pytest.mark.parametrize("policy", ["raise", "skip"])
@pytest.mark.parametrize("length", [0, 2048])
def test_shards_that_are_emptied_or_cut_short(tmp_path: Path, policy: str, length: int) -> None:
    path = fabricate(tmp_path, "train", videos=3)
    for name in ("train001.tar", "train002.tar"):
        os.truncate(tmp_path / "crops" / "a" / name, length)
    with pytest.raises(
        InputError,
        match=rf"2 of 3 shards in .* differ in length from the index: the first, a/train001.tar, has {length} bytes"
        r", not \d+\. Run: python -m pipelines doctor cache --mend; then dvc repro, or dvc pull$",
    ):
        PairSampler(
            load_imdb(path), tmp_path / "crops", replace(CONFIG, missing_shards=policy), name=path.name
        )


def test_the_fabricated_imdb_loads(inputs: Inputs) -> None:
    sampler = PairSampler(load_imdb(inputs.train), inputs.crops, CONFIG, name="train")
    assert (sampler.videos, sampler.tracks, sampler.instances) == (4, 8, 64)


def test_still_images_pair_with_themselves_and_others_do_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "v0.tar").touch()
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco" / "v1.tar").touch()
    plain = imdb_of([(0, [3, 4]), (0, [9]), (1, [0]), (1, [7])], 2)
    mixed = replace(plain, header=replace(plain.header, still=("coco",)), videos=["a/v0", "coco/v1"])
    sampler = PairSampler(mixed, tmp_path, CONFIG, name="imdb_train.json")
    assert (sampler.videos, sampler.tracks) == (2, 3), "the one frame of a video's track has no partner"
    assert set(drawn(sampler)) == {(0, 1), (1, 0), (3, 3), (4, 4)}


def test_streams_are_those_of_new_generators_whatever_was_drawn_before() -> None:
    for seed in (0, 7, 2**63 - 1):
        streams = PairStreams(seed)
        for epoch, index in ((0, 0), (3, 5), (3, 5), (2**32 - 1, 53_199), (0, 0)):
            mine, new = streams.at(epoch, index), pair_random(seed, epoch, index)
            assert mine.random(23).tolist() == new.random(23).tolist()
            assert mine.integers(0, 9, 3, np.uint32).tolist() == new.integers(0, 9, 3, np.uint32).tolist()
