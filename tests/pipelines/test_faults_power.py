"""The power goes while a stage runs, or just after: the next run ends right, or names the command that repairs.

The clone stands on a disk in a file, which is copied in the midst of it and mounted again: what the file system had
not written down is lost, as if the machine had stopped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from curation.files import MEND
from tests.pipelines.clone import TINY, Clone, make_clone
from tests.pipelines.disks import Disk, ext4_disk, names_are_written
from tests.pipelines.team import damaged_objects
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("power")]

QUICK = ("track.trackers=[template,still]", "dataset.benchmarks=[otb2013]", "dataset.subsets=[a]")


@pytest.fixture(scope="module")
def cropped(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which `dvc repro crop@a` has run, with a file for weights that no tracker reads."""
    clone = make_clone(tmp_path_factory.mktemp("power") / "clone", parameters=(*TINY, *QUICK))
    clone.environment |= {"DSLT_JOBS": "1"}
    (clone.folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(clone.folder / "reports", ignore_errors=True)
    clone.repro("crop@a")
    (clone.folder / "models").mkdir(exist_ok=True)
    (clone.folder / "models/siamese.safetensors").write_bytes(b"no weights")
    return clone


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with ext4_disk(tmp_path) as made:
        yield made


@pytest.fixture
def clone(cropped: Clone, disk: Disk, tmp_path: Path) -> Clone:
    """A copy of it on the disk; what DVC remembers outside the clone stands elsewhere, and survives."""
    shutil.copytree(cropped.folder, disk.at / "clone", symlinks=True)
    os.sync()
    return Clone(disk.at / "clone", {**cropped.environment, "DVC_SITE_CACHE_DIR": str(tmp_path / "site")})


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def empty(folder: Path) -> list[Path]:
    """Files that were emptied; a lock is empty by nature, and so may be one that was being written (`.part`)."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    files = (path for path in files if path.suffix != ".part")
    return [path for path in files if not path.stat().st_size]


REFUSALS = (
    f"Run: {MEND}",
    "Unable to read RWLock-file",
    "unable to read: 'dvc.lock'",
    "'./dvc.lock' validation failed",
)
"""What a run may say that cannot go on: ours names the command, those of DVC itself are in TROUBLESHOOTING.md."""


def run_until_right(clone: Clone, stage: str) -> None:
    """Run it again; where it refuses, mend, and run it once more."""
    again = clone.repro("-s", stage, check=False)
    if again.status:
        assert any(refusal in again.output for refusal in REFUSALS), again.output
        assert "Traceback" not in again.output
        mended = clone.pipelines("doctor", "cache", "--mend", check=False)
        assert mended.returncode == 0, mended.stdout + mended.stderr
        clone.repro("-s", stage)
    assert not damaged_objects(clone.folder / ".dvc/cache")
    assert clone.repro("-s", stage).ran == set(), "it is all on record now"


def test_just_after_crops_were_made(clone: Clone, disk: Disk) -> None:
    clone.pipelines("profile", "--set", "crop.quality=77")
    os.sync()
    clone.repro("-s", "crop@a")
    undisturbed = content(clone.folder / "data/crops/a")
    names_are_written()
    disk.lose_power()
    lost = empty(clone.folder / ".dvc/cache/files")
    assert not empty(clone.folder / "data/.store")
    if not lost:
        pytest.skip("this system had written everything down")
    again = clone.repro("-s", "crop@a", check=False)
    assert again.status, "DVC must not link empty objects"
    assert f"{len(lost)} objects that are empty" in again.output
    assert clone.pipelines("doctor", "cache", check=False).returncode == 1
    run_until_right(clone, "crop@a")
    assert content(clone.folder / "data/crops/a") == undisturbed
    assert clone.pipelines("doctor", "cache", "--strict").returncode == 0


def test_between_two_crops(clone: Clone, disk: Disk) -> None:
    clone.pipelines("profile", "--set", "crop.quality=78", "crop.search_size=511")
    os.sync()
    store = clone.folder / "data/.store/crops/a"
    before = len(list(store.glob("*.json")))
    running = clone.start("dvc", "repro", "-s", "crop@a")
    try:
        wait_until(lambda: running.poll() is not None or len(list(store.glob("*.json"))) > before)
        os.killpg(running.pid, signal.SIGSTOP)
        disk.lose_power()
    finally:
        end(running)
    assert not empty(store)
    run_until_right(clone, "crop@a")
    report = orjson.loads((clone.folder / "reports/crop/a.json").read_bytes())
    assert report["videos"] == 2
    assert len(list((clone.folder / "data/crops/a").glob("*.tar"))) == report["shards"]


def end(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def test_just_after_a_benchmark_was_tracked(clone: Clone, disk: Disk) -> None:
    clone.repro("-s", "track@otb2013")
    undisturbed = content(clone.folder / "data/results/otb2013")
    names_are_written()
    disk.lose_power()
    assert not empty(clone.folder / "data/.store")
    shutil.rmtree(clone.folder / "data/results/otb2013", ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(clone.folder / ".dvc/cache/runs", ignore_errors=True)
    run_until_right(clone, "track@otb2013")
    assert content(clone.folder / "data/results/otb2013") == undisturbed
    times = orjson.loads((clone.folder / "data/times/otb2013.json").read_bytes())["trackers"]
    assert all(entry["tracked"] == 0 < entry["from_store"] for entry in times.values()), "none was lost"
