"""SiamFC-PyTorch's folders: names alone are read, the pickle beside them never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.classic.exporter import export_classic
from curation.classic.importer import import_classic
from curation.crops.crop_config import CropConfig
from curation.errors import InputError
from curation.imdb import load_imdb, split_file
from curation.imdb.imdb_config import is_val
from tests.curation.classic.loose_trees import moving, write_siamfc
from tests.curation.crops.crop_trees import ONE

VIDEOS = [f"ILSVRC2015_train_{number:08d}" for number in range(6)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_siamfc(tmp_path / "tree", {name: moving() for name in VIDEOS})


def imported(tree: Path, out: Path, **options: Any) -> dict[str, Any]:
    arguments = (tree, tree, CropConfig(), out / "crops", out / "imdb")
    return import_classic(*arguments, form="siamfc", val_fraction=0.5, workers=ONE, **options)


class _Harmful:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("harm"),))


def test_tracks_are_those_of_the_names(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tree / "meta_data.pkl").write_bytes(b"cpathlib\nPath.touch\n(cpathlib\nPath\n(S'harm'\ntRtR.")
    assert imported(tree, tmp_path)["crops"] == 48
    assert not Path("harm").exists()
    for split, wanted in (("train", False), ("val", True)):
        imdb = load_imdb(split_file(tmp_path / "imdb", split))
        names = [name for name in VIDEOS if is_val(name, 0.5) is wanted]
        assert imdb.videos == [f"imported/{name}" for name in names]
        assert imdb.track_id.tolist() == [0, 1] * len(names)
        assert imdb.frame.tolist() == [0, 1, 2, 3] * 2 * len(names)
        assert imdb.header.imdb == {"imported": "siamfc", "boxes": "none"}
        assert not imdb.boxes.any()
    shard = (tmp_path / "crops/imported" / f"{VIDEOS[0]}.tar").read_bytes()
    assert (tree / VIDEOS[0] / "000003.01.x.jpg").read_bytes() in shard


def test_larger_crops_and_a_part_of_ones_own(tmp_path: Path) -> None:
    tree = write_siamfc(tmp_path / "tree", {name: moving(2, 1) for name in VIDEOS}, size=321)
    imported(tree, tmp_path, part="vid")
    imdb = load_imdb(split_file(tmp_path / "imdb", "train"))
    assert imdb.header.crop.search_size == 321
    assert all(video.startswith("vid/") for video in imdb.videos)


def test_an_index_cannot_be_written_without_boxes(tree: Path, tmp_path: Path) -> None:
    imported(tree, tmp_path)
    with pytest.raises(InputError, match="imported without boxes"):
        export_classic(tmp_path / "imdb", tmp_path / "crops", tmp_path / "out", workers=ONE)


def test_crops_that_are_png_are_not_passed_over(tree: Path, tmp_path: Path) -> None:
    crop = tree / VIDEOS[0] / "000000.00.x.jpg"
    crop.rename(crop.with_suffix(".png"))
    with pytest.raises(InputError, match=r"1 of 48 .*1 not a JPEG.*000000\.00\.x\.png is no JPEG file"):
        imported(tree, tmp_path)
    report = imported(tree, tmp_path, skip=True)
    assert (report["crops"], report["left_out"]) == (47, "1 not a JPEG")


def test_a_folder_without_crops(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no folder with crops.*create_dataset\.py"):
        imported(tree / VIDEOS[0], tmp_path)
    with pytest.raises(InputError, match="has no folder with crops"):
        imported(tree / "none", tmp_path)
    (tree / "my video").mkdir()
    (tree / VIDEOS[0] / "000000.00.x.jpg").rename(tree / "my video/000000.00.x.jpg")
    with pytest.raises(InputError, match=r"my video has a name that is not plain\. Rename it"):
        imported(tree, tmp_path)
