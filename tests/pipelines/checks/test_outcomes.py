"""What DVC has on record, read back; and what leaves the run-cache."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from pipelines.checks.outcomes import Outcome, find_outcomes, forget_waiting, waiting_boxes

REPORT = "reports/crop/a.json"
CROPS = "data/crops/a"


class Project:
    """A project folder with a cache, filled by hand as DVC fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / ".dvc" / "cache"
        self.runs = 0

    def object(self, name: str, content: bytes) -> str:
        path = self.cache / "files/md5" / name[:2] / name[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    def crops(self, waiting: int) -> list[dict[str, str]]:
        """Outputs of a crop stage: crops with one shard, and a report."""
        self.runs += 1
        shard = f"{self.runs:032x}"
        listing = [{"md5": shard, "relpath": "v.tar"}, {"md5": "f" * 32, "relpath": "index.json"}]
        folder = self.object(f"{100 + self.runs:032x}.dir", orjson.dumps(listing))
        report = self.object(f"{200 + self.runs:032x}", orjson.dumps({"waiting": waiting}))
        return [{"path": CROPS, "md5": folder}, {"path": REPORT, "md5": report}]

    def run(self, stage: str, outs: list[dict[str, str]], *, key: str = "key", quality: int = 90) -> Path:
        path = self.cache / "runs" / key[:2] / key / f"{self.runs:064x}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_entry(f"python -m pipelines {stage.replace('@', ' ')}", outs, quality))
        return path

    def lock(self, **stages: list[dict[str, str]]) -> None:
        entries = {
            stage.replace("_", "@"): orjson.loads(_entry("python", outs, 90))
            for stage, outs in stages.items()
        }
        (self.folder / "dvc.lock").write_bytes(orjson.dumps({"schema": "2.0", "stages": entries}))

    def found(self, *stages: str) -> list[Outcome]:
        return list(find_outcomes(self.folder, stages))


def _entry(cmd: str, outs: list[dict[str, str]], quality: int) -> str:
    """JSON is YAML; but the command stands first, on a line of its own, as DVC writes it."""
    params = {"params.yaml": {"crop": {"quality": quality}}}
    rest = orjson.dumps({"params": params, "outs": outs}).decode()[1:-1]
    return (
        f'{{"cmd": "{cmd}", {rest}}}'
        if cmd == "python"
        else f"cmd: {cmd}\n"
        + "\n".join(
            f"{name}: {orjson.dumps(value).decode()}" for name, value in (("params", params), ("outs", outs))
        )
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_stages_and_items_are_told_apart(project: Project) -> None:
    project.run("crop@a", project.crops(0))
    project.run("crop@b", project.crops(0), key="other")
    project.run("train", project.crops(0), key="third")
    project.lock(crop_a=project.crops(0))
    assert [one.stage for one in project.found("crop@a")] == ["crop@a", "crop@a"]
    assert sorted(one.stage for one in project.found("crop", "train")) == [
        "crop@a",
        "crop@a",
        "crop@b",
        "train",
    ]
    assert [one.run is None for one in project.found("crop@a")] == [False, True]


def test_an_outcome_says_what_it_was_made_with_and_what_it_holds(project: Project) -> None:
    project.run("crop@a", project.crops(0), quality=71)
    project.object("f" * 32, b"index")
    (outcome,) = project.found("crop")
    assert outcome.parameters == {"crop": {"quality": 71}}
    assert outcome.listing(CROPS) == {"v.tar": f"{1:032x}", "index.json": "f" * 32}
    index = outcome.object(CROPS, "index.json")
    assert index is not None
    assert index.read_bytes() == b"index"
    assert outcome.object(CROPS, "v.tar") is None, "the cache lacks it"
    assert outcome.object(CROPS, "nothing") is None
    assert outcome.listing(REPORT) == {}


def test_what_is_damaged_is_passed_over(project: Project) -> None:
    project.lock(crop_a=project.crops(0))
    started = b"cmd: python -m pipelines crop a\n"
    for content in (b"", b"\xff\xfe", started, started + b"outs: 5"):
        project.run("crop@a", []).write_bytes(content)
        assert [one.run for one in project.found("crop")] == [None]
    for content in (b"", b"[]", b"<<<<<<< HEAD", b'{"stages": []}', b'{"stages": {"crop@a": 5}}', b"\x00"):
        (project.folder / "dvc.lock").write_bytes(content)
        assert project.found("crop") == []


def test_outcomes_of_which_something_waits_leave_the_run_cache_and_no_others(project: Project) -> None:
    whole = project.run("crop@a", project.crops(0))
    part = project.run("crop@a", project.crops(3))
    alone = project.run("crop@a", project.crops(1), key="alone")
    other = project.run("crop@b", project.crops(3), key="other")
    project.lock(crop_a=project.crops(3))
    assert forget_waiting(project.folder, "crop@a", REPORT) == 0
    assert whole.is_file()
    assert not part.exists()
    assert not alone.parent.exists(), "DVC stumbles over an empty folder"
    assert other.is_file()
    assert (project.folder / "dvc.lock").is_file()


@pytest.mark.parametrize(
    ("content", "waiting"),
    [(b'{"waiting": 4}', 4), (b"{}", 0), (b"[]", 0), (b"", 0), (b'{"waiting": "x"}', 0)],
)
def test_a_report_that_does_not_say_waits_for_nothing(tmp_path: Path, content: bytes, waiting: int) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert waiting_boxes(tmp_path / "a.json") == waiting
    assert waiting_boxes(tmp_path / "b.json") == 0
