"""The imdb in memory: flat arrays that workers share, from JSON or from its mapped copy."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from curation.crops.crop_config import CropConfig
from curation.errors import InputError
from curation.imdb import Imdb, load_imdb
from curation.imdb.columns import Counts, Header, encode_video, file_parts
from tests.curation.imdb.test_columns import example

ARRAYS = ("shard_bytes", "track_video", "track_id", "track_start", "frame", "boxes", "offset", "size")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three videos of two tracks and four instances each."""
    return write(tmp_path / "imdb_video_train.json", 3)


def write(path: Path, number: int, **counts: int) -> Path:
    lines = [encode_video(example(f"a/{n}")) for n in range(number)]
    counted = {"videos": number, "tracks": 2 * number, "instances": 4 * number, **counts}
    header = Header("train", CropConfig(recipe=3), {}, Counts(**counted))
    path.write_bytes(b"".join(file_parts(header, iter(lines))))
    return path


def assert_equal(one: Imdb, other: Imdb) -> None:
    assert one.header == other.header
    assert one.videos == other.videos
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert getattr(one, name).dtype == getattr(other, name).dtype, name


def test_arrays_are_laid_out_as_documented(path: Path) -> None:
    imdb = load_imdb(path)
    assert len(imdb) == 12
    assert imdb.videos == ["a/0", "a/1", "a/2"]
    assert imdb.shard(1) == "a/1.tar"
    assert imdb.header.crop == CropConfig(recipe=3)
    assert imdb.shard_bytes.tolist() == [99, 99, 99]
    assert imdb.track_video.tolist() == [0, 0, 1, 1, 2, 2]
    assert imdb.track_id.tolist() == [3, 7] * 3
    assert imdb.track_start.tolist() == [0, 3, 4, 7, 8, 11, 12]
    assert imdb.frame.tolist() == [4, 5, 9, 5] * 3
    assert imdb.boxes.tolist() == np.arange(16).reshape(4, 4).tolist() * 3
    assert imdb.size.tolist() == [10, 20, 40, 600] * 3
    assert imdb.offset.tolist() == [512, 1536, 4096, 2560] * 3
    dtypes = {name: str(getattr(imdb, name).dtype) for name in ARRAYS}
    assert dtypes == dict.fromkeys(ARRAYS, "int32") | dict.fromkeys(
        ("shard_bytes", "track_start", "offset"), "int64"
    )


def test_more_videos_than_one_batch(tmp_path: Path) -> None:
    imdb = load_imdb(write(tmp_path / "imdb.json", 200))
    assert imdb.videos[199] == "a/199"
    assert imdb.track_video[-1] == 199
    assert imdb.offset.tolist() == [512, 1536, 4096, 2560] * 200


def test_empty_split_loads(tmp_path: Path) -> None:
    imdb = load_imdb(write(tmp_path / "imdb.json", 0), tmp_path / "cache")
    assert len(imdb) == 0
    assert imdb.track_start.tolist() == [0]


def test_arrays_are_read_only(path: Path, tmp_path: Path) -> None:
    for imdb in (load_imdb(path), load_imdb(path, tmp_path / "cache")):
        for name in ARRAYS:
            with pytest.raises(ValueError, match="read-only"):
                getattr(imdb, name)[...] = 0


def test_mapped_copy_holds_the_same(path: Path, tmp_path: Path) -> None:
    plain = load_imdb(path)
    for _ in range(2):
        mapped = load_imdb(path, tmp_path / "cache")
        assert_equal(plain, mapped)
        assert isinstance(mapped.boxes, np.memmap)


def test_mapped_copy_is_used_and_belongs_to_the_content(path: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load_imdb(path, cache)
    content = path.read_bytes()
    write(path, 2)
    assert load_imdb(path, cache).videos == ["a/0", "a/1"], "another content, another copy"
    path.write_bytes(content)
    assert load_imdb(path, cache).folder == first.folder
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["boxes.npy", "about.json", "truncated", "garbage"])
def test_damaged_copy_is_made_again(path: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    folder = load_imdb(path, cache).folder
    assert folder is not None
    if damage == "truncated":
        (folder / "size.npy").write_bytes((folder / "size.npy").read_bytes()[:-8])
    elif damage == "garbage":
        (folder / "about.json").write_bytes(b"{")
    else:
        (folder / damage).unlink()
    assert_equal(load_imdb(path, cache), load_imdb(path))


def test_copy_unused_for_a_week_goes_when_another_is_made(path: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folders = []
    for number in (1, 2):
        folder = load_imdb(write(path, number), cache).folder
        assert folder is not None
        os.utime(folder / "about.json", (0, 0))
        folders.append(folder)
    load_imdb(path, cache)
    load_imdb(write(path, 3), cache)
    assert [folder.exists() for folder in folders] == [False, True], "the second was used again"


def test_copy_cannot_smuggle_code_in(path: Path, tmp_path: Path) -> None:
    """A pickled object in place of an array is refused, and replaced."""
    cache = tmp_path / "cache"
    folder = load_imdb(path, cache).folder
    assert folder is not None
    np.save(folder / "size.npy", np.array([print], object), allow_pickle=True)
    assert_equal(load_imdb(path, cache), load_imdb(path))


def test_cache_that_cannot_be_written_is_one_clear_line(path: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match="cannot write"):
        load_imdb(path, tmp_path / "cache")


def total(imdb: Imdb) -> int:
    return int(imdb.boxes.sum()) + int(imdb.offset.sum())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_get_it(path: Path, tmp_path: Path, method: str) -> None:
    mapped = load_imdb(path, tmp_path / "cache")
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(total, (mapped,)) == total(load_imdb(path))


def test_pickled_it_is_a_path_or_its_arrays(path: Path, tmp_path: Path) -> None:
    write(path, 200)
    plain, mapped = load_imdb(path), load_imdb(path, tmp_path / "cache")
    assert len(pickle.dumps(mapped)) < 1000 < len(pickle.dumps(plain))
    assert_equal(pickle.loads(pickle.dumps(plain)), plain)
    assert_equal(pickle.loads(pickle.dumps(mapped)), plain)


def test_missing_file(tmp_path: Path) -> None:
    for cache in (None, tmp_path / "cache"):
        with pytest.raises(InputError, match="is missing") as caught:
            load_imdb(tmp_path / "imdb.json", cache)
        assert caught.value.do == "Run: dvc repro imdb"


@pytest.mark.parametrize("counts", [{"instances": 13}, {"instances": 11}, {"tracks": 7}, {"videos": 4}])
def test_header_that_counts_wrong_is_damage(tmp_path: Path, counts: dict[str, int]) -> None:
    with pytest.raises(InputError, match="damaged"):
        load_imdb(write(tmp_path / "imdb.json", 3, **counts))


def test_damage_names_the_file(path: Path) -> None:
    whole = json.loads(path.read_bytes())
    whole["videos"][1]["size"].append(1)
    path.write_text(json.dumps(whole))
    with pytest.raises(InputError, match=r"imdb_video_train\.json is damaged .* a/1 differ in length"):
        load_imdb(path)
