"""A group on one cache: nobody makes again what a colleague has made, and nobody can damage it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines.tools import team
from tests.pipelines.clone import Clone
from tests.pipelines.team import STAGES, colleague, commit, copy_of, damaged_objects, raw_videos, team_clone
from tests.waiting import HUNG

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("team-cache")]


@pytest.fixture(scope="module")
def group_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("srv") / "group cache"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, group_cache: Path) -> Clone:
    """The clone of the one who crops; its lock file and reports are committed."""
    raw = raw_videos(tmp_path_factory.mktemp("raw"))
    clone = team_clone(tmp_path_factory.mktemp("first") / "clone", raw)
    clone.pipelines("team", str(group_cache))
    assert clone.repro("imdb").ran == STAGES | {"manifest"}
    commit(clone, "dvc.lock", "reports")
    return clone


@pytest.mark.parametrize("lock", [True, False], ids=["with dvc.lock", "without dvc.lock"])
def test_a_second_clone_computes_nothing(first: Clone, group_cache: Path, tmp_path: Path, lock: bool) -> None:
    second = colleague(first, tmp_path / "clone", lock=lock)
    second.pipelines("team", str(group_cache))
    done = second.repro("imdb")
    assert done.ran == {"manifest"}
    # The first clone's lock also holds what the committed one records of other stages.
    recorded = first.locked()
    assert second.locked() == {path: recorded[path] for path in second.locked()}
    if not lock:
        assert done.restored == STAGES
    shard = next((second.folder / "data/crops/a").glob("*.tar"))
    # No copy: the clone's file is the cache's own.
    assert group_cache in shard.resolve().parents or shard.stat().st_nlink > 1


@pytest.mark.parametrize("linked", [True, False], ids=["same file system", "another"])
def test_what_a_clone_has_computed_comes_along(
    curated: Clone, tmp_path: Path, linked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make`, then `team`: nothing runs again, and a colleague has it all."""
    clone = copy_of(curated, tmp_path / "clone")
    cache = tmp_path / "group"
    if linked:
        said = clone.pipelines("team", str(cache)).stdout
        assert "taken along" in said
    else:
        monkeypatch.setattr(Path, "hardlink_to", cross_device)
        team.make(cache, None)
        assert "taken along" in team.carry(clone.folder / ".dvc/cache", cache)
        assert not list(cache.rglob("*.tmp"))
        assert team.carry(clone.folder / ".dvc/cache", cache) == ""
        clone.pipelines("team", str(cache))
    assert damaged_objects(cache) == []
    assert clone.repro("imdb").ran == {"manifest"}
    shutil.rmtree(clone.folder / ".dvc/cache")
    assert clone.repro("imdb").ran == {"manifest"}
    other = colleague(clone, tmp_path / "other", lock=False)
    other.pipelines("team", str(cache))
    done = other.repro("imdb")
    assert done.ran == {"manifest"}
    assert done.restored == STAGES


def cross_device(*_: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def test_a_full_disk_while_taking_along_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    old, cache = tmp_path / "old", tmp_path / "group"
    (old / "files/md5/ab").mkdir(parents=True)
    (old / "files/md5/ab/cd").write_bytes(b"object")
    team.make(cache, None)
    monkeypatch.setattr(Path, "hardlink_to", cross_device)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(InputError, match="No space left"):
        team.carry(old, cache)
    assert not (cache / "files/md5/ab/cd").exists()


def test_several_nodes_crop_their_subsets_at_once(first: Clone, group_cache: Path, tmp_path: Path) -> None:
    nodes = {subset: colleague(first, tmp_path / subset) for subset in ("a", "b")}
    for node in nodes.values():
        node.pipelines("team", str(group_cache))
        node.pipelines("profile", "--set", "crop.quality=50")
        node.run("dvc", "checkout", "manifest", "annotate")
    runs = {subset: node.start("dvc", "repro", "-s", f"crop@{subset}") for subset, node in nodes.items()}
    for subset, run in runs.items():
        output, _ = run.communicate(timeout=HUNG)
        assert run.returncode == 0, output
        assert f"Running stage 'crop@{subset}'" in output

    home = colleague(first, tmp_path / "home")
    home.pipelines("team", str(group_cache))
    home.pipelines("profile", "--set", "crop.quality=50")
    done = home.repro("imdb")
    assert {"crop@a", "crop@b"} <= done.restored
    assert done.ran == {"manifest", "imdb"}


GROUP = 20000
ANN = {"user": 20001, "group": 20001, "extra_groups": [GROUP], "umask": 0o022}
BEN = {"user": 20002, "group": 20002, "extra_groups": [GROUP], "umask": 0o077}
"""Two Unix users of one group; the second keeps files to himself, as some systems make everybody do."""


@pytest.fixture
def srv() -> Iterator[Path]:
    """A folder that both users may enter (pytest's own are closed to others), with commands they may run."""
    if os.geteuid():
        pytest.skip("needs root, to run commands as two Unix users")
    folder = Path(tempfile.mkdtemp(prefix="dslt-team-"))
    folder.chmod(0o755)
    _commands(folder / "bin")
    yield folder
    shutil.rmtree(folder)


def _commands(folder: Path) -> None:
    """`python` and `dvc` for users who may not enter the folder where this interpreter stands."""
    version = f"python3.{sys.version_info.minor}"
    packages = Path(pytest.__file__).parents[1]
    folder.mkdir()
    for python in (Path(sys.executable).resolve(), f"/usr/local/bin/{version}", f"/usr/bin/{version}"):
        for name, module in (("python", ""), ("dvc", "-m dvc ")):
            script = folder / name
            script.write_text(f'#!/bin/sh\nexport PYTHONPATH="{packages}"\nexec "{python}" {module}"$@"\n')
            script.chmod(0o755)
        probe = [folder / "python", "-c", "import dvc, cv2"]
        if subprocess.run(probe, capture_output=True, check=False, **BEN).returncode == 0:
            return
    pytest.skip(f"other Unix users can run neither {sys.executable} nor another {version}")


def own(clone: Clone, home: Path, identity: dict[str, Any]) -> None:
    """Give a clone to a user, with a home of his own."""
    home.mkdir()
    for path in (home, clone.folder, *clone.folder.rglob("*")):
        os.chown(path, identity["user"], identity["group"], follow_symlinks=False)
    clone.identity = identity
    clone.environment |= {
        "PATH": f"{home.parent / 'bin'}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "LOGNAME": home.name,  # DVC asks for the name of the user; these two have no entry in /etc/passwd
        "DVC_SITE_CACHE_DIR": str(home / "site"),
    }


DAMAGE = """
import pathlib, sys
cache, *links = map(pathlib.Path, sys.argv[1:])
for folder in (cache, *links):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert files, folder
    for path in files:
        attempts = [lambda: path.open("ab"), lambda: path.chmod(0o666)]
        if folder == cache:
            attempts += [path.unlink, lambda: path.rename(f"{path}.x")]
        for attempt in attempts:
            try:
                attempt()
            except PermissionError:
                continue
            print("done to", path)
"""
"""Tries to write to, open up, remove and rename every file of a cache, and to write through links to it."""


def test_two_unix_users_share_a_cache_and_cannot_damage_each_other(srv: Path) -> None:
    raw = raw_videos(srv / "raw")
    ann = team_clone(srv / "ann", raw)
    ben = colleague(ann, srv / "ben")
    own(ann, srv / "home-ann", ANN)
    own(ben, srv / "home-ben", BEN)
    cache = srv / "cache"
    cache.mkdir()
    os.chown(cache, 0, GROUP)
    cache.chmod(0o2775)

    ann.pipelines("team", str(cache))
    assert ann.repro("imdb").ran == STAGES | {"manifest"}
    ben.pipelines("team", str(cache))
    shared = ben.repro("imdb")
    assert shared.ran == {"manifest"}
    assert shared.restored == STAGES

    # Ben tries, through his own clone's links and in the cache itself.
    made = {path: path.stat() for path in cache.rglob("*") if path.is_file()}
    tried = ben.run("python", "-c", DAMAGE, str(cache / "files"), "data/crops", "data/annotations")
    assert tried.stdout == ""

    # Ben moves on, adds objects that Ann can use, and collects what he no longer uses: not what is Ann's.
    ben.pipelines("profile", "--set", "crop.quality=60")
    assert ben.repro("crop@a").ran == {"manifest", "crop@a"}
    collected = ben.run("dvc", "gc", "--workspace", "--force", check=False)
    assert collected.returncode
    assert "Operation not permitted" in collected.stderr
    assert all(path.stat().st_mtime_ns == before.st_mtime_ns for path, before in made.items())
    assert ann.repro("imdb").ran == {"manifest"}
    ann.pipelines("profile", "--set", "crop.quality=60")
    assert ann.repro("crop@a").restored == {"crop@a"}


def test_a_cache_closed_to_the_group_is_named_with_its_cure(srv: Path) -> None:
    clone = team_clone(srv / "ben", srv / "raw")
    own(clone, srv / "home", BEN)
    cache = srv / "cache"
    cache.mkdir(mode=0o750)
    refused = clone.pipelines("team", str(cache), check=False)
    assert refused.returncode == 1
    assert "is not open to you" in refused.stdout
    assert "usermod -aG" in refused.stdout
    assert "chmod g+rwxs" in refused.stdout
    assert not (clone.folder / ".dvc/config.local").exists()
    assert "Traceback" not in refused.stderr

    refused = clone.pipelines("team", str(srv / "new"), check=False)
    assert "install -d -m 2775" in refused.stderr
