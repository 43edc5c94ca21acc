"""A Dask cluster over TCP on loopback, a scheduler and two workers: the same bytes as without, even when a
worker is killed; and what people see when the cluster fails.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.clone import Clone
from tests.pipelines.servers import HERE, free_port, need
from tests.pipelines.team import copy_of
from tests.waiting import HUNG, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]

TRACKING = (
    "dataset.built_in=[sequences]",
    "dataset.sequences=data/sample/sequences",
    "dataset.benchmarks=[vot2016]",
    "sample.sequence_frames=8",
    "track.trackers=[template, still]",
)


class Cluster:
    """`dask scheduler` and as many `dask worker` as asked for, in a clone whose settings then name them."""

    def __init__(self, clone: Clone) -> None:
        need("distributed", "cluster")
        self._clone = clone
        port = free_port()
        self.address = f"tcp://{HERE}:{port}"
        clone.environment |= {"DSLT_BACKEND": "dask", "DSLT_SCHEDULER": self.address}
        self.scheduler = self._dask(clone, "scheduler", "--host", HERE, "--port", str(port))
        self.workers: list[subprocess.Popen[str]] = []

    def add_workers(self, where: Clone | None = None) -> None:
        """Two, in the clone, or in another."""
        from distributed import Client

        for _ in range(2):
            self.workers.append(
                self._dask(where or self._clone, "worker", self.address, "--no-nanny", "--nthreads", "1")
            )
        with Client(self.address, timeout=HUNG) as client:
            client.wait_for_workers(2, timeout=HUNG)

    def close(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.communicate()

    @staticmethod
    def _dask(clone: Clone, *words: str) -> subprocess.Popen[str]:
        return clone.start("python", "-m", "dask", *words, "--no-dashboard")


@pytest.fixture
def clone(curated: Clone, tmp_path: Path) -> Clone:
    """A clone in which all is to do; its crops are big, so that they take a while."""
    made = copy_of(curated, tmp_path / "clone")
    for path in ("data", ".dvc/cache", "reports"):
        shutil.rmtree(made.folder / path)
    made.run("git", "checkout", "data")
    (made.folder / "dvc.lock").unlink()
    made.pipelines("profile", "--set", "crop.search_size=2047")
    return made


@pytest.fixture
def cluster(clone: Clone) -> Iterator[Cluster]:
    made = Cluster(clone)
    yield made
    made.close()


def half_made(clone: Clone) -> bool:
    return any((clone.folder / "data/.store/crops").glob("*/.*.tar.*.part"))


def test_the_same_bytes_though_a_worker_is_killed(clone: Clone, cluster: Cluster, tmp_path: Path) -> None:
    alone = copy_of(clone, tmp_path / "alone")
    del alone.environment["DSLT_BACKEND"]
    alone.repro("imdb")

    cluster.add_workers()
    running = clone.start("dvc", "repro", "imdb")
    wait_until(lambda: half_made(clone))
    cluster.workers[0].kill()
    output, _ = running.communicate(timeout=HUNG)
    assert running.returncode == 0, output
    assert clone.locked() == alone.locked()

    for one in (clone, alone):
        one.pipelines("profile", "--set", *TRACKING)
        for words in (["sample", "sequences"], ["manifest"], ["track", "vot2016"]):
            one.pipelines(*words)
    ours, theirs = (contents(one.folder / "data/results") for one in (clone, alone))
    assert ours == theirs


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_failed_cluster_is_one_clear_line(clone: Clone, cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_workers(Clone(tmp_path, clone.environment))
    refused = clone.pipelines("manifest", check=False)
    assert refused.returncode == 1
    assert f"was started in {tmp_path}, but the project is in {clone.folder}" in refused.stderr
    for worker in cluster.workers:
        worker.kill()
        worker.wait()

    cluster.add_workers()
    clone.pipelines("manifest")
    clone.pipelines("annotate", "a")
    running = clone.start("python", "-m", "pipelines", "crop", "a")
    wait_until(lambda: half_made(clone))
    cluster.scheduler.kill()
    output, _ = running.communicate(timeout=HUNG)
    assert running.returncode == 1
    assert "error: crop a: the connection to the Dask scheduler is lost" in output, output
    assert not (clone.folder / "data/crops/a").exists()
