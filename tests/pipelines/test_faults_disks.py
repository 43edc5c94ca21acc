"""Disks that are full, read-only or wrong about the time, and cache objects that rot: what people see, and
that the next run goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.pipelines.clone import Clone
from tests.pipelines.disks import mounted
from tests.pipelines.team import colleague, copy_of, damaged_objects

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disks")]

DAY = 86400


def join(clone: Clone, cache: Path) -> None:
    """Point a clone at an empty cache, where it has a copy of its own of everything."""
    (clone.folder / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n    type = copy\n")


def test_a_full_disk_under_the_cache(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    clone.pipelines("profile", "--set", "crop.quality=97")
    with mounted("-t", "tmpfs", "-o", "size=400k", "tmpfs", at=tmp_path / "small") as cache:
        join(clone, cache)
        full = clone.repro("-s", "crop@a", check=False)
        assert full.status
        assert "No space left on device" in full.output
        assert "Traceback" not in full.output
        subprocess.run(["mount", "-o", "remount,size=100m", str(cache)], check=True)
        again = clone.repro("-s", "crop@a")
        assert "2 of them finished earlier" in again.output, "the crops made before are kept"
        assert not damaged_objects(cache)


def test_a_full_disk_under_the_clone(curated: Clone, tmp_path: Path) -> None:
    with mounted("-t", "tmpfs", "-o", "size=100m", "tmpfs", at=tmp_path / "small") as small:
        clone = copy_of(curated, small / "clone")
        clone.pipelines("profile", "--set", "crop.quality=97")
        shutil.rmtree(clone.folder / "data/crops")  # as DVC would, before it runs the stage
        stuffing = small / "stuffing"
        with stuffing.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, shutil.disk_usage(small).free - 100_000)
        full = clone.repro("-s", "crop@a", check=False)
        assert full.status
        assert "No space left on device. Free space" in full.output, full.output
        assert "Traceback" not in full.output
        stuffing.unlink()
        assert clone.repro("-s", "crop@a").ran == {"crop@a"}
        assert clone.repro("crop@a").ran == {"manifest"}


def test_a_damaged_object_is_found_and_made_again(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    recorded = clone.locked()
    shard = max((clone.folder / ".dvc/cache/files/md5").glob("??/*"), key=lambda path: path.stat().st_size)
    content = bytearray(shard.read_bytes())
    content[1000] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(content)
    shard.chmod(0o444)
    doctor = clone.pipelines("doctor", "cache", check=False)
    assert doctor.returncode == 1
    assert f"damaged: {shard.relative_to(clone.folder)}" in doctor.stdout.replace(f"{clone.folder}/", "")
    shard.unlink()
    shutil.rmtree(clone.folder / "data/crops")
    assert clone.repro("imdb").ran == {"manifest", "crop@a"}
    assert clone.locked() == recorded
    assert not damaged_objects(clone.folder / ".dvc/cache")


def test_a_read_only_cache(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    cache = tmp_path / "cache"
    shutil.move(clone.folder / ".dvc/cache", cache)
    with mounted("-o", "bind,ro", str(cache), at=tmp_path / "read only") as closed:
        join(clone, closed)
        clone.pipelines("profile", "--set", "crop.quality=55")
        refused = clone.repro("-s", "crop@a", check=False)
        assert refused.status
        assert "Read-only file system" in refused.output
        assert "Traceback" not in refused.output
        assert "cannot be written to" in clone.pipelines("doctor", "cache", check=False).stdout

        # What it holds can be used: as a remote.
        reader = colleague(curated, tmp_path / "reader")
        reader.run("dvc", "remote", "add", "--local", "--default", "team", str(closed))
        reader.run("dvc", "pull", "--run-cache", "manifest", "annotate", "crop", "imdb")
        assert reader.repro("imdb").ran == {"manifest"}
    join(clone, cache)
    assert "2 of them finished earlier" in clone.repro("-s", "crop@a").output


def test_files_dated_in_the_future_or_the_past(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    raw = tmp_path / "raw"
    shutil.copytree(clone.environment["DSLT_VID_ROOT"], raw)
    clone.environment["DSLT_VID_ROOT"] = str(raw)
    now = time.time()
    for number, file in enumerate(file for file in raw.rglob("*") if file.is_file()):
        date = now + 400 * DAY if number % 2 else 0.0
        os.utime(file, (date, date))
    for file in (clone.folder / "data").rglob("*"):
        if file.is_file():
            os.utime(file, (now + 30 * DAY, now + 30 * DAY))
    assert clone.repro("imdb").ran == {"manifest"}

    # A new file from a machine whose clock is behind is noticed.
    xml = next(raw.glob("Annotations/VID/train/*0000/*/000001.xml"))
    xml.write_text(xml.read_text().replace("<occluded>0</occluded>", "<occluded>1</occluded>"))
    os.utime(xml, (1000.0, 1000.0))
    assert {"manifest", "annotate@a"} <= clone.repro("annotate@a").ran


def test_a_dataset_on_a_read_only_mount_behind_an_ignored_link(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    raw = clone.environment.pop("DSLT_VID_ROOT")
    with mounted("-o", "bind,ro", raw, at=tmp_path / "données brutes") as closed:
        (clone.folder / "data/raw").symlink_to(closed)
        assert clone.run("git", "status", "--porcelain", "data").stdout == ""
        clone.pipelines("settings", "--set", "vid_root=data/raw")
        clone.pipelines("profile", "--set", "crop.quality=55")
        assert clone.repro("crop@a").ran == {"manifest", "crop@a"}
        # An experiment that runs in a folder of its own has neither the link nor the setting.
        away = clone.run("dvc", "exp", "run", "--temp", "-S", "crop.quality=56", "crop@a", check=False)
        assert away.returncode
        assert "no vid_root is set" in away.stderr + away.stdout, away.stderr + away.stdout
