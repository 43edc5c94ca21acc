"""Stored crops against the raw data: what is wrong is found, and only that is removed."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from curation.crops import crop_video
from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import load_crop_index, save_crop_index
from curation.crops.crop_subset import crop_subset, video_tasks
from curation.crops.crop_video import VideoTask
from curation.crops.store import Store
from curation.errors import ErrorPolicy
from curation.manifest import scan
from pipelines.checks import recut
from pipelines.checks.finding import Finding
from pipelines.checks.store import Curated, check_store
from tests.curation.crops.crop_trees import (
    ONE,
    STATE,
    SUBSET,
    contents,
    crop_tree,
    documents,
    jpeg,
    picture,
    write_pictures,
)
from tests.curation.trees import video_folders

VIDEO = "ILSVRC2015_val_00000001"


class Crops:
    """Three videos of three frames with two boxes, cropped; and the doctor."""

    def __init__(self, folder: Path, config: CropConfig | None = None) -> None:
        self.config = config or CropConfig()
        self.root = write_pictures(folder / "tree", 3)
        self.out, self.store = folder / "data" / "crops" / SUBSET, folder / "store"
        self.images = video_folders(self.root, SUBSET, VIDEO)[0]
        self.project = folder
        self.crop()

    def crop(self, *, policy: ErrorPolicy | None = None) -> dict[str, Any]:
        return crop_tree(self.root, self.out, self.store, config=self.config, policy=policy)

    def poison(self, *, only_output: bool = False) -> None:
        """As the code of before did it: the crops of another frame, under the right key."""
        kept = self.store.with_name("kept")
        shutil.copytree(self.store, kept)
        image = self.images / "000001.JPEG"
        right = image.read_bytes()
        image.write_bytes(jpeg(picture(99)))
        self.crop()
        wrong = (self.out / f"{VIDEO}.tar").read_bytes()
        index = load_crop_index(self.out).videos[VIDEO]
        shutil.rmtree(self.store)
        kept.rename(self.store)
        image.write_bytes(right)
        self.crop()
        self._replace(self.out / f"{VIDEO}.tar", wrong)
        document = load_crop_index(self.out)
        (self.out / "index.json").unlink()
        save_crop_index(self.out, replace(document, videos={**document.videos, VIDEO: index}))
        if only_output:
            return
        store, key = Store(self.store / SUBSET), self.key()
        members = {name: values.tolist() for name, values in index.columns().items() if name != "bytes"}
        facts = {"members": members, "frames": 3, "skipped": {"total": 6, "counts": {}, "examples": {}}}
        store.add(key, lambda stream: (stream.write(wrong), facts)[1])

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        path.unlink()  # it may be the same file as the store's
        path.write_bytes(content)

    def tasks(self) -> partial[Any]:
        dataset, annotations, manifest = documents(self.root)
        return partial(video_tasks, dataset, SUBSET, annotations, manifest, state=self.root / STATE)

    def key(self) -> str:
        return next(task.key for task in self.tasks()(CropConfig()) if task.video.name == VIDEO)

    def curated(self, tasks: Any = None) -> Curated:
        return Curated(SUBSET, tasks or self.tasks(), (self.config,), self.store / SUBSET, self.out)

    def doctor(self, *, tasks: Any = None, **options: Any) -> dict[str, Finding]:
        found = check_store(self.project, [self.curated(tasks)], (), workers=ONE, **options)
        return {finding.check: finding for finding in found}


@pytest.fixture
def crops(tmp_path: Path) -> Crops:
    return Crops(tmp_path)


@pytest.mark.parametrize("strict", [False, True])
def test_right_crops_are_said_to_be_right_and_nothing_is_touched(crops: Crops, strict: bool) -> None:
    before = contents(crops.store)
    found = crops.doctor(strict=strict, mend=True)
    assert {finding.status for finding in found.values()} == {"ok"}
    assert found["crops e"].message.startswith("18 crops of 3 shards")
    assert contents(crops.store) == before


@pytest.mark.parametrize("strict", [False, True])
def test_crops_of_reduced_frames_are_cut_again_in_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: bool
) -> None:
    crops = Crops(tmp_path, CropConfig(decode="reduced", search_size=40, exemplar_size=20))
    assert crops.doctor(strict=strict)["crops e"].status == "ok"
    monkeypatch.setattr(recut, "reduction", lambda *_: 1)
    monkeypatch.setattr(crop_video, "reduction", lambda *_: 1)
    assert crops.doctor(strict=strict)["crops e"].status == "fail"


def test_frames_that_differ_in_size_are_compared_too(crops: Crops) -> None:
    """As still images do: the size of their video is that of none of them."""

    def tasks(config: CropConfig) -> list[VideoTask]:
        found = crops.tasks()(config)
        sizes = [task.tracks.sizes_of(task.tracks.frames) for task in found]
        return [
            replace(task, tracks=replace(task.tracks, width=0, height=0, sizes=size))
            for task, size in zip(found, sizes, strict=True)
        ]

    assert crops.doctor(tasks=tasks)["crops e"].message.startswith("18 crops of 3 shards")


@pytest.mark.parametrize("strict", [False, True])
def test_crops_of_another_frame_are_found_and_removed_and_made_again(crops: Crops, strict: bool) -> None:
    right = contents(crops.out)
    crops.poison()
    assert crops.crop()["reused"] == 3, "else it is found without the doctor"
    assert contents(crops.out) != right
    found = crops.doctor(strict=strict)
    assert found["crops e"].status == "fail"
    assert "000001.JPEG" in found["crops e"].message
    assert "doctor store --mend" in found["crops e"].cure
    mended = crops.doctor(strict=strict, mend=True)
    assert "removed 1 shard of the store" in mended["mended"].message
    assert "dvc repro -f -s crop@e" in mended["next"].cure
    assert "fail" not in {finding.status for finding in mended.values()}
    assert crops.crop()["reused"] == 2
    assert contents(crops.out) == right
    assert {finding.status for finding in crops.doctor(strict=True).values()} == {"ok"}


def test_a_wrong_output_beside_a_right_store_costs_no_shard(crops: Crops) -> None:
    right = contents(crops.out)
    crops.poison(only_output=True)
    assert crops.doctor()["crops e"].status == "fail"
    mended = crops.doctor(mend=True)
    assert "mended" not in mended
    assert "dvc repro -f -s crop@e" in mended["next"].cure
    assert crops.crop()["reused"] == 3
    assert contents(crops.out) == right


def test_a_sample_of_frames_is_spread_over_all_videos(crops: Crops) -> None:
    found = crops.doctor(sample=3)
    assert found["crops e"].message.startswith("6 crops of 3 shards, taken evenly")


def test_crops_that_lack_boxes_are_found(crops: Crops) -> None:
    """As a frame left out for good, that could not be read for a while."""
    image = crops.images / "000001.JPEG"
    kept = image.read_bytes()
    arguments = documents(crops.root)
    image.unlink()
    shutil.rmtree(crops.store)
    dataset, annotations, manifest = arguments
    policy = ErrorPolicy(policy="skip", max_skipped=0.5)
    out = crops.out
    shutil.rmtree(out)
    crop_subset(
        dataset,
        SUBSET,
        annotations,
        manifest,
        CropConfig(),
        out,
        crops.store,
        policy,
        ONE,
        state=crops.root / STATE,
    )
    image.write_bytes(kept)
    for strict in (False, True):
        found = crops.doctor(strict=strict)["crops e"]
        assert found.status == "fail"
        assert "lacks the crop of track 0 in" in found.message
        assert "000001.JPEG" in found.message


@pytest.mark.parametrize("strict", [False, True])
def test_raw_data_that_has_changed_condemns_no_crop(crops: Crops, strict: bool) -> None:
    tasks = crops.tasks()
    for number in range(3):
        (crops.images / f"{number:06d}.JPEG").write_bytes(jpeg(picture(99 + number)))
    found = crops.doctor(tasks=tasks, strict=strict, mend=True)
    assert found["crops e"].status == "warn"
    assert "cannot be judged" in found["crops e"].message
    assert "000000.JPEG is not what the manifest stage read" in found["crops e"].message
    assert "mended" not in found


def test_frames_that_cannot_be_read_condemn_no_crop(crops: Crops) -> None:
    tasks = crops.tasks()
    (crops.images / "000001.JPEG").unlink()
    assert crops.doctor(tasks=tasks)["crops e"].status == "ok", "the rest is right"
    strict = crops.doctor(tasks=tasks, strict=True)["crops e"]
    assert (strict.status, "cannot be judged" in strict.message) == ("warn", True)


def test_a_damaged_shard_is_counted_and_removed(crops: Crops) -> None:
    shard = Store(crops.store / SUBSET).shard(crops.key())
    content = bytearray(shard.read_bytes())
    content[-2000] ^= 1
    times = shard.stat()
    shard.unlink()
    shard.write_bytes(content)
    os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert crops.doctor()["store e"].status == "ok", "neither length nor time has changed"
    found = crops.doctor(strict=True)
    assert found["store e"].status == "warn"
    assert "1 of 3 shards are damaged" in found["store e"].message
    os.truncate(shard, 1000)
    assert "1 of 3 shards are damaged" in crops.doctor()["store e"].message
    crops.doctor(mend=True)
    assert not shard.exists()
    assert crops.crop()["reused"] == 2


def test_shards_of_other_parameters_are_compared_too(crops: Crops) -> None:
    """Coming back to them would find them in the store."""
    crops.poison()
    crop_tree(crops.root, crops.out, crops.store, config=CropConfig(quality=50))
    assert crops.doctor()["crops e"].status == "fail"
    mended = crops.doctor(mend=True)
    assert "removed 1 shard" in mended["mended"].message
    assert crops.crop()["reused"] == 2


def test_a_manifest_that_is_made_anew_changes_nothing_of_this(crops: Crops) -> None:
    dataset, _, manifest = documents(crops.root)
    assert scan(dataset, SUBSET, state=crops.root / STATE, strict=True, workers=ONE) == manifest
    assert crops.doctor()["crops e"].status == "ok"
