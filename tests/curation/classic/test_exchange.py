"""Export feeds a loader like those of SiamFC-PyTorch and py-DSLT; import brings the same bytes back."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from curation.classic.exporter import export_classic
from curation.classic.importer import import_classic
from curation.crops.crop_config import CropConfig
from curation.crops.shards import ShardFolder
from curation.documents.annotated_tracks import write_tracks
from curation.errors import InputError
from curation.imdb import Imdb, ImdbConfig, build_imdb, load_imdb, split_file
from curation.parallel import Workers
from tests.curation.crops import plain_crops
from tests.curation.crops.crop_trees import ONE, SUBSET, contents, crop_tree, documents, write_pictures


class ClassicLoader:
    """Draws pairs as the loaders of SiamFC-PyTorch and py-DSLT do; written from what they are known to do.

    A number modulo `num_videos` picks the video; the first element of its list maps trackids to instances;
    exemplar and search frame are two different list positions of one track, less than `reach` apart; both are
    the search crops that `instance_path` names below the data folder, read by OpenCV and turned to RGB.
    """

    def __init__(self, index: Path, data: Path, reach: int = 100) -> None:
        with index.open() as stream:
            document = json.load(stream)
        self.videos, self.number = document["videos"], int(document["num_videos"])
        self.data, self.reach = data, reach
        self.random = random.Random(0)

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        tracks = self.videos[list(self.videos)[number % self.number]][0]
        instances = tracks[self.random.choice(list(tracks))]
        at = self.random.randrange(len(instances))
        near = range(max(at - self.reach, 0), min(at + self.reach, len(instances)))
        other = self.random.choice([position for position in near if position != at])
        return self._read(instances[at]), self._read(instances[other])

    def _read(self, instance: dict[str, Any]) -> Any:
        assert len(instance["bbox"]) == 4
        return cv2.cvtColor(cv2.imread(str(self.data / instance["instance_path"])), cv2.COLOR_BGR2RGB)


class Curated:
    """A small tree, cropped and indexed by the stages."""

    def __init__(self, folder: Path, config: CropConfig) -> None:
        self.config = config
        self.root = write_pictures(folder / "tree", 6, frames=5)
        self.crops, self.imdb = folder / "crops", folder / "imdb"
        _, annotations, _ = documents(self.root)
        write_tracks(folder / "annotations/e.json", annotations)
        crop_tree(self.root, self.crops / SUBSET, folder / "store", config=config)
        build_imdb(folder / "annotations", self.crops, [SUBSET], ImdbConfig(val_fraction=0.3), self.imdb, ONE)


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Curated:
    return Curated(tmp_path_factory.mktemp("plain"), CropConfig())


@pytest.fixture(scope="module")
def with_exemplars(tmp_path_factory: pytest.TempPathFactory) -> Curated:
    return Curated(tmp_path_factory.mktemp("exemplars"), CropConfig(exemplar_crops=True))


def crops_by_name(imdb_dir: Path, crops_dir: Path) -> dict[tuple[str, int, int], bytes]:
    """(video, trackid, frame) -> search crop, of both splits, read as training reads them."""
    shards = ShardFolder(crops_dir)
    found = {}
    for split in ("train", "val"):
        imdb = load_imdb(split_file(imdb_dir, split))
        for track, video in enumerate(imdb.track_video):
            for row in range(imdb.track_start[track], imdb.track_start[track + 1]):
                key = (imdb.videos[video], int(imdb.track_id[track]), int(imdb.frame[row]))
                found[key] = shards.read(imdb.shard(video), int(imdb.offset[row]), int(imdb.size[row]))
    return found


def test_loader_of_the_field_works_on_an_export(curated: Curated, tmp_path: Path) -> None:
    report = export_classic(curated.imdb, curated.crops, tmp_path, workers=ONE)
    assert report == {"videos": 6, "files": 120, "kept": 0, "exemplars": "centre of the search crop"}
    numbers = []
    for split in ("train", "val"):
        loader = ClassicLoader(tmp_path / f"imdb_video_{split}.json", tmp_path / "Data/VID/train")
        numbers.append(len(loader))
        for number in range(50):
            for image in loader[number]:
                assert image.shape == (255, 255, 3)
    assert sum(numbers) == 6
    assert min(numbers) > 0


def test_exported_tree_equals_the_plain_one_byte_for_byte(with_exemplars: Curated, tmp_path: Path) -> None:
    export_classic(with_exemplars.imdb, with_exemplars.crops, tmp_path / "out", workers=Workers(jobs=2))
    root = with_exemplars.root
    plain_crops.crop_tree(root / "Annotations/VID/val", root / "Data/VID/val", tmp_path / "plain")
    assert contents(tmp_path / "out/Data/VID/train/e") == contents(tmp_path / "plain")


def test_exemplars_that_are_not_stored_are_the_centre(curated: Curated, tmp_path: Path) -> None:
    export_classic(curated.imdb, curated.crops, tmp_path, workers=ONE)
    for path in list(tmp_path.rglob("*.crop.z.jpg"))[::7]:
        search = cv2.imread(str(path).replace(".z.", ".x."))
        exemplar = cv2.imread(str(path))
        assert exemplar.shape == (127, 127, 3)
        assert np.abs(exemplar.astype(int) - search[64:191, 64:191]).mean() < 3


def test_without_exemplars(curated: Curated, tmp_path: Path) -> None:
    report = export_classic(curated.imdb, curated.crops, tmp_path, exemplars=False, workers=ONE)
    assert report["files"] == 60
    assert not list(tmp_path.rglob("*.z.jpg"))


def test_export_goes_on_where_it_was_stopped(curated: Curated, tmp_path: Path) -> None:
    export_classic(curated.imdb, curated.crops, tmp_path, workers=ONE)
    before = contents(tmp_path)
    folders = sorted((tmp_path / "Data/VID/train/e").iterdir())
    shutil.rmtree(folders[0])
    next(folders[1].glob("*.x.jpg")).write_bytes(b"damaged")
    next(folders[2].glob("*.z.jpg")).unlink()
    report = export_classic(curated.imdb, curated.crops, tmp_path, workers=ONE)
    assert report["kept"] == 3
    assert contents(tmp_path) == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_import_brings_back_every_crop_and_box(with_exemplars: Curated, tmp_path: Path, jobs: int) -> None:
    source = with_exemplars
    tree = tmp_path / "classic"
    export_classic(source.imdb, source.crops, tree, workers=ONE)
    report = import_classic(
        tree, tree, source.config, tmp_path / "crops", tmp_path / "imdb", workers=Workers(jobs=jobs)
    )
    assert report["crops"] == 60
    assert contents(tmp_path / "crops") == contents(source.crops), "shards and index are the same to the byte"
    for split in ("train", "val"):
        ours, theirs = (load_imdb(split_file(folder, split)) for folder in (tmp_path / "imdb", source.imdb))
        assert ours.header.crop == theirs.header.crop
        assert ours.videos == theirs.videos
        for name in (
            "track_video",
            "track_id",
            "track_start",
            "frame",
            "boxes",
            "offset",
            "size",
            "shard_bytes",
        ):
            assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


def test_import_without_exemplars(curated: Curated, tmp_path: Path) -> None:
    tree = tmp_path / "classic"
    export_classic(curated.imdb, curated.crops, tree, workers=ONE)
    import_classic(
        tree / "Data/VID/train", tree, curated.config, tmp_path / "crops", tmp_path / "imdb", workers=ONE
    )
    assert crops_by_name(tmp_path / "imdb", tmp_path / "crops") == crops_by_name(curated.imdb, curated.crops)


def edit(path: Path, change: Any) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_quirks_of_published_indices_are_understood(curated: Curated, tmp_path: Path) -> None:
    """They count videos they do not list, and keep those without tracks; crops of short tracks lie about."""
    tree = tmp_path / "classic"
    export_classic(curated.imdb, curated.crops, tree, workers=ONE)

    def quirks(document: dict[str, Any]) -> None:
        document["num_videos"] = 4000
        document["videos"]["ILSVRC2015_val_99999999"] = []
        first = next(iter(document["videos"].values()))
        first[0].pop(next(iter(first[0])))

    edit(tree / "imdb_video_train.json", quirks)
    report = import_classic(tree, tree, curated.config, tmp_path / "crops", tmp_path / "imdb", workers=ONE)
    imdb: Imdb = load_imdb(split_file(tmp_path / "imdb", "train"))
    assert imdb.header.counts.videos == len(imdb.videos) < 6
    assert report["crops"] == 60
    assert report["train"]["instances"] + report["val"]["instances"] == 55
    found = crops_by_name(tmp_path / "imdb", tmp_path / "crops")
    expected = crops_by_name(curated.imdb, curated.crops)
    assert found == {key: expected[key] for key in found}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda crop: crop.unlink(), "missing crop"),
        (lambda crop: crop.write_bytes(b""), "empty image"),
        (lambda crop: crop.write_bytes(crop.read_bytes()[:-50]), "truncated image"),
        (lambda crop: cv2.imwrite(str(crop), np.zeros((127, 127, 3), np.uint8)), "crop size"),
        (lambda crop: shutil.rmtree(crop.parent), "missing crop"),
    ],
)
def test_crop_that_cannot_be_used_is_named(
    curated: Curated, tmp_path: Path, damage: Any, reason: str
) -> None:
    export_classic(curated.imdb, curated.crops, tmp_path, workers=ONE)
    crop = sorted(tmp_path.rglob("*.crop.x.jpg"))[3]
    damage(crop)
    with pytest.raises(InputError) as caught:
        import_classic(tmp_path, tmp_path, curated.config, tmp_path / "crops", tmp_path / "imdb", workers=ONE)
    assert caught.value.reason == reason
    assert str(crop.parent) in str(caught.value)


def test_missing_and_damaged_index_are_named(curated: Curated, tmp_path: Path) -> None:
    arguments = (tmp_path, tmp_path, curated.config, tmp_path / "crops", tmp_path / "imdb")
    with pytest.raises(InputError, match=r"the index .*imdb_video_train\.json is missing"):
        import_classic(*arguments, workers=ONE)
    (tmp_path / "imdb_video_train.json").write_text('{"videos": {')
    with pytest.raises(InputError, match=r"imdb_video_train\.json is not whole JSON"):
        import_classic(*arguments, workers=ONE)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("videos"),
        lambda document: document["videos"].update(
            v=[{"0": [{"instance_path": "a/v/x.jpg", "bbox": [1, 2, 3, 4]}]}]
        ),
        lambda document: document["videos"].update(v=[{"0": [{"bbox": [1, 2, 3, 4]}]}]),
        lambda document: document["videos"].update(v=[{"0": 7}]),
        lambda document: document["videos"].update(v=7),
        lambda document: next(iter(document["videos"].values()))[0]["0"][0].update(bbox=[1, 2, 0, 4]),
        lambda document: next(iter(document["videos"].values()))[0]["0"][0].update(bbox=[1, 2, 3]),
        lambda document: next(iter(document["videos"].values()))[0]["0"][0].update(bbox=["a", 2, 3, 4]),
    ],
)
def test_index_that_cannot_be_used_is_named(curated: Curated, tmp_path: Path, change: Any) -> None:
    export_classic(curated.imdb, curated.crops, tmp_path, exemplars=False, workers=ONE)
    edit(tmp_path / "imdb_video_val.json", change)
    with pytest.raises(InputError, match=r"imdb_video_val\.json"):
        import_classic(tmp_path, tmp_path, curated.config, tmp_path / "crops", tmp_path / "imdb", workers=ONE)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([1, 2, 3e9, 4], "does not lie in an image"),
        ([1e300, 2, 3, 4], "does not lie in an image"),
        ([-3e9, 2, 3, 4], "does not lie in an image"),
        ([1, 2, 200_000, 4], "does not lie in an image"),
        ([1, 2, 3, 4, 5], "does not lie in an image"),
        ([1, 2, 0.3, 4], "has no whole pixel"),
        ([1, 2, -3, 4], "has no whole pixel"),
        ([1, 2, True, 4], "is not four numbers"),
        ([1, 2, "3", 4], "is not four numbers"),
        ([1, 2, None, 4], "is not four numbers"),
        ({"x": 1}, "is not four numbers"),
        ("1234", "is not four numbers"),
    ],
)
def test_a_box_that_no_index_can_hold_is_refused_before_it_is_converted(
    curated: Curated, tmp_path: Path, box: object, message: str
) -> None:
    """As int32 they would be -2147483648 or 0."""
    export_classic(curated.imdb, curated.crops, tmp_path, exemplars=False, workers=ONE)

    def change(document: dict[str, Any]) -> None:
        next(iter(document["videos"].values()))[0]["0"][0].update(bbox=box)

    edit(tmp_path / "imdb_video_val.json", change)
    with pytest.raises(InputError, match=rf"imdb_video_val\.json: video .*{message}"):
        import_classic(tmp_path, tmp_path, curated.config, tmp_path / "crops", tmp_path / "imdb", workers=ONE)
    assert not (tmp_path / "imdb").exists()


def test_a_pipe_is_not_waited_for(curated: Curated, tmp_path: Path) -> None:
    export_classic(curated.imdb, curated.crops, tmp_path, exemplars=False, workers=ONE)
    arguments = (tmp_path, tmp_path, curated.config, tmp_path / "crops", tmp_path / "imdb")
    for path in (sorted(tmp_path.rglob("*.crop.x.jpg"))[3], tmp_path / "imdb_video_val.json"):
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(InputError, match=rf"{path.name} is not a plain file"):
            import_classic(*arguments, workers=ONE)
