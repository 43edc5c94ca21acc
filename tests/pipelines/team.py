"""What the tests of team work share: raw data, a clone that curates it, and colleagues' clones of that."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from curation.parallel import Workers
from curation.sample.sample_config import SampleConfig
from curation.sample.training_set import generate_vid
from tests.pipelines.clone import Clone, make_clone

CURATION = (
    "dataset.built_in=[]",
    "dataset.vid=pipelines/profiles/ilsvrc15.yaml",
    "dataset.sequences=pipelines/profiles/benchmarks.yaml",
    "dataset.subsets=[a,b]",
    "dataset.benchmarks=[]",
    "imdb.val_fraction=0.3",
)
"""Parameters of a small curation of data that stand outside the clone, as a team's do."""

STAGES = {"annotate@a", "annotate@b", "crop@a", "crop@b", "imdb"}
"""What `dvc repro imdb` runs under these parameters, besides the manifest."""

_IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")


def raw_videos(folder: Path) -> Path:
    """A small VID tree in which subsets a and b have two videos each."""
    config = SampleConfig(videos_per_subset=2, frames=6, width=160, height=120)
    generate_vid(folder, config, Workers(1))
    return folder


def team_clone(folder: Path, raw: Path, *parameters: str) -> Clone:
    """A clone set up for `dvc repro imdb` on `raw`; its parameters are committed."""
    clone = make_clone(folder, parameters=(*CURATION, *parameters))
    clone.environment |= {"DSLT_VID_ROOT": str(raw), "DSLT_JOBS": "1"}
    commit(clone, "params.yaml")
    return clone


def copy_of(clone: Clone, folder: Path) -> Clone:
    """The clone with its cache and results, at another path."""
    shutil.copytree(clone.folder, folder, symlinks=True)
    return Clone(folder, dict(clone.environment))


def damaged_objects(cache: Path, *, may_be_empty: bool = False) -> list[str]:
    """Objects of a DVC cache or remote whose content is not what their name says."""
    objects = [path for path in (cache / "files/md5").glob("??/*") if not path.name.endswith(".tmp")]
    assert objects or may_be_empty, f"{cache} has no objects"
    return [
        str(path)
        for path in objects
        if hashlib.md5(path.read_bytes()).hexdigest() != path.parent.name + path.stem
    ]


def commit(clone: Clone, *paths: str) -> None:
    """Commit what a run left for git: the lock file and the small reports."""
    clone.run("git", "add", *paths)
    clone.run("git", *_IDENTITY, "commit", "-q", "-m", "record")


def colleague(source: Clone, folder: Path, *, lock: bool = True, raw: bool = True) -> Clone:
    """`git clone` of a clone: its history, nothing of its cache; without `lock`, also without dvc.lock."""
    source.run("git", "clone", "-q", str(source.folder), str(folder))
    clone = Clone(folder, dict(source.environment))
    if not lock:
        (folder / "dvc.lock").unlink(missing_ok=True)
        shutil.rmtree(folder / "reports", ignore_errors=True)
    if not raw:
        clone.environment["DSLT_VID_ROOT"] = ""
    return clone
