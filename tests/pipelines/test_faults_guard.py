"""A stage whose inputs change under it, or whom nobody waits for any more, records and publishes nothing."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.pipelines.clone import Clone
from tests.pipelines.held import HeldStage, run, tree
from tests.pipelines.team import copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("guard")]

OUTPUTS = {
    "sample@vid": ["data/sample/vid"],
    "manifest": ["data/manifest"],
    "annotate@a": ["data/annotations/a.json", "reports/annotate/a.json"],
    "crop@a": ["data/crops/a", "reports/crop/a.json"],
    "imdb": ["data/imdb", "reports/imdb/statistics.json"],
    "quality": ["reports/quality"],
    "train": ["models/siamese.safetensors", "reports/train"],
    "track@otb2013": ["data/results/otb2013", "data/times/otb2013.json"],
    "score": ["reports/index.html", "reports/score"],
}
"""Of one item of every stage."""


@pytest.fixture(scope="module")
def clone(built: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    copy = copy_of(built, tmp_path_factory.mktemp("guarded") / "clone")
    copy.environment["DSLT_JOBS"] = "1"
    return copy


def outputs(clone: Clone, address: str) -> list[Path]:
    return [clone.folder / path for path in OUTPUTS[address]]


def litter(clone: Clone) -> list[str]:
    """Half-written outputs."""
    places = (clone.folder / name for name in ("data", "models", "reports"))
    return [str(path) for place in places for path in place.rglob(".*.part*")]


@pytest.fixture
def something_to_do(clone: Clone, address: str) -> Iterator[None]:
    """The manifest stage writes only what has changed."""
    manifest = clone.folder / "data/manifest/a.json"
    kept = manifest.read_bytes()
    if address == "manifest":
        manifest.write_text("{}\n")
    yield
    manifest.write_bytes(kept)


@pytest.mark.usefixtures("something_to_do")
@pytest.mark.parametrize("address", OUTPUTS)
def test_a_successor_takes_over_and_the_orphan_writes_nothing(clone: Clone, address: str) -> None:
    """DVC is killed while its stage sleeps; the stage is run again, whole; then the orphan wakes up."""
    with HeldStage(clone, address) as orphan:
        orphan.stop()
        orphan.kill_parent(signal.SIGKILL)
        orphan.release()
        done = run(clone, *address.split("@"))
        assert done.returncode == 0, done.stderr
        made = tree(*outputs(clone, address))
        assert made
        orphan.go_on()
        assert "another run has taken over this output" in orphan.output()
    assert tree(*outputs(clone, address)) == made
    assert not litter(clone)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("something_to_do")
@pytest.mark.parametrize("address", OUTPUTS)
def test_an_orphan_without_successor_publishes_nothing(
    clone: Clone, address: str, number: signal.Signals
) -> None:
    """`kill DVC`: what its stage goes on to make must not appear beside a record that does not know it."""
    before = tree(*outputs(clone, address))
    with HeldStage(clone, address) as orphan:
        orphan.kill_parent(number)
        orphan.release()
        output = orphan.output()
    assert "which started this stage, has ended" in output
    assert "Traceback" not in output
    after = tree(*outputs(clone, address))
    if address == "train":  # its curves grow while it trains
        before, after = ({k: v for k, v in t.items() if "reports/" not in k} for t in (before, after))
    assert after == before
    assert not litter(clone)


def test_an_orphan_ends_by_itself(clone: Clone) -> None:
    """It does not work on for hours before it looks: the watch ends it, stopped or not."""
    stage = "import time; from pipelines.guard import guarded; import argparse\n"
    stage += "with guarded('imdb', argparse.Namespace()): print('under way', flush=True); time.sleep(3600)"
    clone.environment["DVC_STAGE"] = "imdb"
    stand_in = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    process = clone.start("python", "-c", stand_in, "python", "-c", stage)
    del clone.environment["DVC_STAGE"]
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    process.kill()
    assert "which started this stage, has ended" in process.communicate()[0]


def test_a_stage_told_to_end_cleans_up_and_says_so(clone: Clone) -> None:
    before = tree(*outputs(clone, "imdb"))
    stage = "import time; from pipelines import imdb\nfrom pipelines.__main__ import main\n"
    stage += "def wait(options, stage):\n stage.output(imdb.paths.IMDB).mkdir()\n"
    stage += " print('up', flush=True); time.sleep(3600)\n"
    stage += "imdb.run = wait\nraise SystemExit(main(['imdb']))"
    process = clone.start("python", "-c", stage)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.terminate()
    output, _ = process.communicate()
    assert process.returncode == 143, output
    assert "what was finished is kept" in output
    assert "Traceback" not in output
    assert tree(*outputs(clone, "imdb")) == before
    assert not litter(clone)


@pytest.mark.parametrize(
    ("address", "key", "old", "new", "kept"),
    [
        ("crop@a", "crop.quality", 60, 55, "2 of them finished earlier"),
        ("train", "train.seed", 7, 8, "going on from step"),
    ],
)
def test_parameters_edited_while_dvc_runs_a_stage_are_not_recorded(
    built: Clone, tmp_path: Path, address: str, key: str, old: int, new: int, kept: str
) -> None:
    """A1 and A2: DVC reads params.yaml when the command has ended, and would record the new value."""
    clone = copy_of(built, tmp_path / "clone")
    (clone.folder / "dvc.lock").touch()
    before = recorded(clone, address)
    runs = run_cache(clone)
    clone.pipelines("profile", "--set", f"{key}={old}")
    with HeldStage(clone, address, ("dvc", "repro", "-s", address)) as stage:
        clone.pipelines("profile", "--set", f"{key}={new}")
        stage.release()
        output = stage.output()
        assert stage.parent.returncode != 0
    assert f"params.yaml changed while {address} ran: {key} {old} -> {new}" in output
    assert recorded(clone, address) == before
    assert run_cache(clone) == runs
    clone.pipelines("profile", "--set", f"{key}={old}")
    again = clone.repro("-s", address)
    assert again.ran == {address}
    assert kept in again.output, "what was finished is kept under its true key"
    section, name = key.split(".")
    assert recorded(clone, address)["params"]["params.yaml"][section][name] == old


def test_a_dependency_edited_while_dvc_runs_a_stage_is_not_recorded(built: Clone, tmp_path: Path) -> None:
    clone = copy_of(built, tmp_path / "clone")
    clone.pipelines("profile", "--set", "score.filmstrips=2")
    before = recorded(clone, "score")
    victim = next((clone.folder / "data/results/otb2013/still").glob("*.txt"))
    with HeldStage(clone, "score", ("dvc", "repro", "-s", "score")) as stage:
        content = victim.read_bytes()
        victim.unlink()  # it may be one file with an object of the cache
        victim.write_bytes(content + b"1,1,1,1\n")
        stage.release()
        output = stage.output()
        assert stage.parent.returncode != 0
    assert f"{victim.relative_to(clone.folder)} changed while score ran" in output
    assert recorded(clone, "score") == before


def test_a_dvc_killed_in_track_leaves_no_mixture(built: Clone, tmp_path: Path) -> None:
    """K1, K2: killed with other parameters, put right, run again at once; the report is that of the right ones."""
    clone = copy_of(built, tmp_path / "clone")
    right = tree(clone.folder / "data/results/vot2016", clone.folder / "reports/score/metrics.json")
    parameters = (clone.folder / "params.yaml").read_bytes()
    clone.pipelines("profile", "--set", "track.siamese.window_influence=0.95")
    with HeldStage(clone, "track@vot2016", ("dvc", "repro", "-s", "track@vot2016")) as orphan:
        orphan.kill_parent(signal.SIGTERM)
        (clone.folder / "params.yaml").write_bytes(parameters)
        orphan.release()
        assert clone.repro("score").status == 0
        while alive(orphan.stage):
            time.sleep(0.01)
    status = clone.run("dvc", "status", "track@vot2016", "score")
    assert "up to date" in status.stdout + status.stderr
    now = tree(clone.folder / "data/results/vot2016", clone.folder / "reports/score/metrics.json")
    assert {name: content for name, (_, content) in now.items()} == {n: c for n, (_, c) in right.items()}


def alive(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")


def recorded(clone: Clone, address: str) -> dict[str, Any]:
    stages = YAML(typ="safe").load((clone.folder / "dvc.lock").read_text())["stages"]
    return stages[address]


def run_cache(clone: Clone) -> set[str]:
    folder = clone.folder / ".dvc/cache/runs"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
