"""The whole report on a small curated tree: numbers, pictures, the same bytes every time."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import orjson
import pytest

from curation.crops.crop_config import CropConfig
from curation.crops.crop_subset import crop_subset
from curation.documents.annotated_tracks import write_tracks
from curation.errors import ErrorPolicy, InputError
from curation.manifest import scan
from curation.parallel import Workers
from curation.quality.quality_config import QualityConfig
from curation.quality.quality_report import report_quality
from curation.quality.sheets import CAPTION
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import open_dataset
from tests.curation.trees import frame_xml, object_xml, write_video

ONE = Workers(jobs=1)
CONFIG = QualityConfig(sheet_crops=6, sheet_columns=3, strange_tracks=4, strip_frames=3, tile=96)


def curate(root: Path, out: Path, subsets: str = "ab") -> None:
    dataset = open_dataset(root)
    for subset in subsets:
        listed = scan(dataset, subset, state=out / "state", strict=False, workers=ONE)
        document, _ = annotate_subset(dataset, subset, listed, ErrorPolicy(), ONE, state=out / "state")
        write_tracks(out / "annotations" / f"{subset}.json", document)
        config = CropConfig(search_size=96, exemplar_size=48)
        crop_subset(
            dataset,
            subset,
            document,
            listed,
            config,
            out / "crops" / subset,
            out / "store",
            ErrorPolicy(),
            ONE,
            state=out / "state",
        )


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quality")
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 3)
    jpeg = bytes(cv2.imencode(".jpg", frame)[1])
    for subset in "ab":
        for video in range(2):
            frames = {}
            for number in range(5):
                jumping = 100 if (subset, video, number) == ("b", 1, 3) else 0
                x = 10 + 4 * number + jumping
                objects = [
                    object_xml(0, (x, 50, x + 29, 89)),
                    object_xml(1, (200, 150, 239, 179), occluded=1),
                ]
                frames[number] = frame_xml(objects if number != 2 else objects[1:])
            images, _ = write_video(folder / "tree", subset, f"v_{subset}{video}", frames)
            for number in frames:
                (images / f"{number:06d}.JPEG").write_bytes(jpeg)
    curate(folder / "tree", folder)
    return folder


def report(folder: Path, pictures: Path, workers: Workers = ONE, **more: Any) -> dict[str, Any]:
    return report_quality(
        folder / "annotations", folder / "crops", ["a", "b"], CONFIG, pictures, workers, **more
    )


@pytest.fixture(scope="module")
def reported(curated: Path) -> tuple[dict[str, Any], Path]:
    """The report, and the folder of its pictures."""
    return report(curated, curated / "pictures"), curated / "pictures"


def test_counts_distributions_and_strange_tracks(reported: tuple[dict[str, Any], Path]) -> None:
    found, _ = reported
    assert found["subsets"]["a"] == {
        "videos": 2,
        "frames": 10,
        "frames_without_object": 0,
        "tracks": 4,
        "boxes": 18,
        "boxes_without_crop": 0,
        "occluded": 0.5556,
        "generated": 0.0,
        "at_border": 0.0,
    }
    sizes = found["distributions"]["box_size"]
    assert sizes["count"] == 36
    assert (sizes["min"], sizes["max"]) == (round((30 * 40) ** 0.5, 4), round((30 * 40) ** 0.5, 4))
    assert found["distributions"]["aspect"]["min"] == 0.75
    assert found["distributions"]["motion"]["count"] == 36 - 8 - 4  # first of each track, after each gap
    strangest = found["strange_tracks"][0]
    assert (strangest["kind"], strangest["video"], strangest["track"]) == ("motion", "b/v_b1", 0)
    assert strangest["frame"] == 4  # back again; its way there went over the gap
    assert found["skipped"] == {"by_reason": {}, "by_stage": {}}
    assert found["tested"] == {}
    assert orjson.loads(orjson.dumps(found)) == found


def test_pictures_are_whole_and_of_the_right_size(reported: tuple[dict[str, Any], Path]) -> None:
    found, pictures = reported
    assert {path.name for path in pictures.iterdir()} == {
        "crops_a.jpg",
        "crops_b.jpg",
        "distributions.png",
        "strange_tracks.jpg",
    }
    crops = cv2.imread(str(pictures / "crops_a.jpg"))
    assert crops.shape == (2 * (96 + CAPTION), 3 * 96, 3)
    strange = cv2.imread(str(pictures / "strange_tracks.jpg"))
    assert strange.shape == (len(found["strange_tracks"]) * (24 + 96 + CAPTION), 3 * 96, 3)
    assert cv2.imread(str(pictures / "distributions.png")).std() > 10


def test_the_same_bytes_for_any_number_of_workers(
    curated: Path, reported: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    found, pictures = reported
    assert report(curated, tmp_path, Workers(jobs=2)) == found
    for path in pictures.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_videos_of_test_sets_are_named_by_part(curated: Path, tmp_path: Path) -> None:
    record = {"items": 9, "skipped": 0, "by_reason": {}, "first_frame_of": {"v_b1": "otb2015/Car"}}
    (tmp_path / "b.json").write_bytes(orjson.dumps(record))
    found = report(
        curated,
        tmp_path / "pictures",
        skip_reports={"annotate b": tmp_path / "b.json"},
        listed=lambda videos: {"nfs": [video for video in videos if video.endswith("0")]},
    )
    assert found["tested"] == {
        "a": {"called": {"nfs": ["v_a0"]}},
        "b": {"called": {"nfs": ["v_b0"]}, "first_frame_of": {"v_b1": "otb2015/Car"}},
    }


def test_skips_are_added_up_from_the_reports_that_are_there(curated: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps({"items": 9, "skipped": 2, "by_reason": {"empty box": 2}}))
    crop = {
        "videos": 1,
        "skipped": {"items": 9, "skipped": 4, "by_reason": {"missing image": 3, "empty box": 1}},
    }
    (tmp_path / "crop.json").write_bytes(orjson.dumps(crop))
    reports = {
        "annotate a": tmp_path / "a.json",
        "crop a": tmp_path / "crop.json",
        "crop b": tmp_path / "absent",
    }
    found = report(curated, tmp_path / "pictures", skip_reports=reports)["skipped"]
    assert found["by_reason"] == {"empty box": 3, "missing image": 3}
    assert found["by_stage"] == {
        "annotate a": {"empty box": 2},
        "crop a": {"missing image": 3, "empty box": 1},
    }
    (tmp_path / "a.json").write_bytes(b'{"videos": 1}')
    with pytest.raises(
        InputError, match=r"a\.json does not count what was skipped. Run: dvc repro annotate@a$"
    ):
        report(curated, tmp_path / "pictures", skip_reports=reports)
    (tmp_path / "a.json").write_bytes(b'{"videos"')
    with pytest.raises(InputError, match=r"a\.json is not whole JSON .* dvc repro annotate@a$"):
        report(curated, tmp_path / "pictures", skip_reports=reports)


def test_a_missing_input_names_the_stage_to_run(curated: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"c\.json is missing.*dvc repro annotate"):
        report_quality(curated / "annotations", curated / "crops", ["c"], CONFIG, tmp_path, ONE)


def test_a_shard_cut_short_is_refused_even_if_no_crop_of_it_is_shown(curated: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(curated, tmp_path / "copy"))
    (shard, *_) = sorted((copy / "crops" / "b").glob("*.tar"))
    shard.write_bytes(shard.read_bytes()[:-512])
    with pytest.raises(InputError, match=rf"1 of 2 shards in .*{shard.name}.* Run: .* doctor cache --mend"):
        report_quality(copy / "annotations", copy / "crops", ["a", "b"], CONFIG, tmp_path / "pictures", ONE)
