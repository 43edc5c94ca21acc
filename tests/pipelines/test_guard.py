"""The guard of the stages: what changes while a stage runs stops it from publishing."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from curation.errors import Ended, InputError
from pipelines import guard, paths, snapshot
from pipelines.declaration import declared
from pipelines.guard import guarded
from pipelines.snapshot import differences, look

PIPELINE = """
stages:
  crop:
    matrix:
      subset: ${dataset.subsets}
    cmd: python -m pipelines crop ${item.subset}
    deps: ["data/manifest/${item.subset}.json", data/annotations, "${dataset.vid}"]
    params: [crop, dataset.subsets]
    outs: ["data/crops/${item.subset}"]
"""
PARAMETERS = """
dataset: {subsets: [a, b], vid: data/sample/vid}
crop: {quality: 90}
score: {filmstrips: 1}
"""
OPTIONS = argparse.Namespace(subset="a")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text(PARAMETERS)
    for path in ("data/manifest/a.json", "data/annotations/a.json", "data/annotations/b.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("{}\n")
    return tmp_path


def crop(during: Callable[[], object]) -> None:
    """A stage that makes its outputs, and whatever happens while it does."""
    with guarded("crop", OPTIONS) as stage:
        folder = stage.output(Path("data/crops/a"))
        folder.mkdir()
        (folder / "video.tar").write_text("crops")
        stage.output(Path("report.json"), even_if_failed=True).write_text("report")
        during()


def published() -> bool:
    assert Path("data/crops/a").exists() == Path("data/crops/a/video.tar").exists()
    return Path("data/crops/a").exists()


def nothing() -> None:
    pass


def test_undisturbed_all_outputs_appear(project: Path) -> None:
    crop(nothing)
    assert published()
    assert Path("report.json").read_text() == "report"
    assert sorted(path.name for path in Path("data/crops").iterdir()) == ["a"]


def test_a_parameter_that_dvc_records_with_the_stage(project: Path) -> None:
    with pytest.raises(InputError, match="yaml changed while crop@a ran") as caught:
        crop(lambda: Path("params.yaml").write_text(PARAMETERS.replace("quality: 90", "quality: 60")))
    assert "crop.quality 90 -> 60" in str(caught.value)
    assert not published()
    assert not Path("report.json").exists(), "it reports of a run that did not fail"


def test_a_stage_of_another_recipe_than_the_code_publishes_nothing(project: Path) -> None:
    Path("params.yaml").write_text(PARAMETERS.replace("quality: 90", "quality: 90, recipe: 999"))
    with (
        pytest.raises(InputError, match=r"crop\.recipe = 999, and this code is recipe 1"),
        guarded("crop", OPTIONS) as stage,
    ):
        stage.load("crop")
    assert not published()


@pytest.mark.parametrize(
    ("old", "new"),
    [("[a, b]", "[a]"), ("quality: 90", "quality: 90, recipe: 2"), ("{quality: 90}", "{}")],
    ids=["key of a section", "a new key", "a key gone"],
)
def test_every_kind_of_change_counts(project: Path, old: str, new: str) -> None:
    with pytest.raises(InputError, match="changed while"):
        crop(lambda: Path("params.yaml").write_text(PARAMETERS.replace(old, new)))
    assert not published()


@pytest.mark.parametrize(
    "text", [f"# a comment\n{PARAMETERS}", PARAMETERS.replace("filmstrips: 1", "filmstrips: 2")]
)
def test_what_dvc_does_not_record_with_the_stage_may_change(project: Path, text: str) -> None:
    crop(lambda: Path("params.yaml").write_text(text))
    assert published()


def test_a_broken_params_yaml_at_the_end(project: Path) -> None:
    with pytest.raises(InputError, match="not readable YAML"):
        crop(lambda: Path("params.yaml").write_text("crop: ["))
    assert not published()


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda path: path.write_text("[]\n"),
    "removed": lambda path: path.unlink(),
    "added": lambda path: path.with_name("new.json").write_text("{}"),
    "became a folder": lambda path: (path.unlink(), path.mkdir(), (path / "x").write_text("")),
}


@pytest.mark.parametrize("by_content", [True, False], ids=["by content", "by name, size and time"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_the_stage_reads(
    project: Path, change: str, by_content: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_content:
        monkeypatch.setattr(snapshot, "READ_UP_TO", 0)
    with pytest.raises(InputError, match=r"data/annotations/.*changed while crop@a ran"):
        crop(lambda: CHANGES[change](Path("data/annotations/a.json")))
    assert not published()


def test_the_same_content_written_again_is_no_change(project: Path) -> None:
    crop(lambda: Path("data/manifest/a.json").write_text("{}\n"))
    assert published()


def test_an_edit_of_the_same_size_and_time_is_seen(project: Path) -> None:
    path = Path("data/manifest/a.json")

    def edit() -> None:
        before = path.stat()
        path.write_text("[]\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(InputError, match=r"data/manifest/a\.json changed"):
        crop(edit)


def test_many_changed_files_are_one_line(project: Path) -> None:
    def edit() -> None:
        for number in range(9):
            Path(f"data/annotations/{number}.json").write_text("")

    with pytest.raises(InputError, match=r"0\.json, .*1\.json, .*2\.json and 6 more changed"):
        crop(edit)


def test_what_python_and_half_written_files_leave_does_not_count(project: Path) -> None:
    def litter() -> None:
        (project / "data/annotations/__pycache__").mkdir()
        (project / "data/annotations/__pycache__/a.pyc").write_text("")
        (project / "data/annotations/.c.json.abc.part").write_text("")

    crop(litter)
    assert published()


def test_a_failed_stage_publishes_its_report_alone(project: Path) -> None:
    def fail() -> None:
        raise InputError("3 of 9 items skipped")

    with pytest.raises(InputError, match="items skipped"):
        crop(fail)
    assert not published()
    assert Path("report.json").read_text() == "report"


def test_a_later_run_takes_over(project: Path) -> None:
    with pytest.raises(InputError, match="another run has taken over"):
        crop(lambda: crop(nothing))
    assert published(), "by the later one"


def test_sigterm_ends_a_stage_by_an_exception(project: Path) -> None:
    def terminate() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("it went on")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Ended):
        crop(terminate)
    assert not published()
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_watch_ends_a_stage_that_has_lost_its_claim(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "WATCH_EVERY", 0.01)

    def lose_it_and_work_on() -> None:
        (paths.STORE / "crops/a/owner").write_text("somebody else\n")
        signal.pause()

    with pytest.raises(InputError, match="another run has taken over"):
        crop(lose_it_and_work_on)
    assert not published()


def test_a_library_that_catches_the_end_ends_too(project: Path) -> None:
    def caught() -> None:
        with suppress(Exception):
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("it went on")

    with pytest.raises(Ended):
        crop(caught)
    assert not published()


def test_a_claim_lost_for_a_moment_is_no_fault_of_a_frame(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What skips a frame for an `InputError` must not catch this one."""
    monkeypatch.setattr(guard, "WATCH_EVERY", 0.01)
    owner = paths.STORE / "crops/a/owner"

    def skip_a_frame() -> None:
        mine = owner.read_bytes()
        owner.unlink()
        try:
            signal.pause()
        except InputError:
            pytest.fail("skipped")
        finally:
            owner.write_bytes(mine)

    with pytest.raises(InputError, match="another run has taken over"):
        crop(skip_a_frame)
    assert not published()


def test_of_a_training_job_only_the_first_process_claims(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    with guarded("crop", OPTIONS) as stage:
        assert stage.output(Path("data/crops/a")) == Path("data/crops/a")
        stage.check()
    assert not (paths.STORE / "crops/a/owner").exists()


def test_a_stage_reads_its_parameters_once(project: Path) -> None:
    with guarded("crop", OPTIONS) as stage:
        Path("params.yaml").write_text(PARAMETERS.replace("quality: 90", "quality: 60"))
        assert stage.load("crop").quality == 90
        Path("params.yaml").write_text(PARAMETERS)


def test_what_dvc_yaml_declares(project: Path) -> None:
    values = {"dataset": {"vid": "elsewhere"}}
    found = declared("crop", argparse.Namespace(subset="b"), values)
    assert found.address == "crop@b"
    assert found.params == ("crop", "dataset.subsets")
    assert found.deps == (Path("data/manifest/b.json"), Path("data/annotations"), Path("elsewhere"))
    (project / "dvc.yaml").unlink()
    assert declared("crop", OPTIONS, values).params == ("crop",)
    (project / "dvc.yaml").write_text("<<<<<<< HEAD\n")
    with pytest.raises(InputError, match="not of DVC"):
        declared("crop", OPTIONS, values)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"a: " * 1_000_000,
        b"stages:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 600)),
        b"\xff\xfes\0",
        b"stages: {a0: &a0 [x, x]"
        + b"".join(b", a%d: &a%d [%s]" % (n, n, b"*a%d, " % (n - 1) * 9) for n in range(1, 30))
        + b"}",
        b"stages: 3",
        b"stages: {crop: 3}",
        b"stages: {crop: {matrix: {nothing: 1}}}",
        b"stages: {crop: {deps: 3}}",
        b"stages: {crop: {deps: [[a]]}}",
    ],
    ids=[
        "deep",
        "large",
        "deep by lines",
        "UTF-16",
        "aliases",
        "no stages",
        "no stage",
        "no option",
        "no deps",
        "no path",
    ],
)
def test_a_dvc_yaml_that_is_none(project: Path, content: bytes) -> None:
    Path("dvc.yaml").write_bytes(content)
    with pytest.raises(InputError, match=r"dvc\.yaml.*git checkout dvc\.yaml"):
        declared("crop", OPTIONS, {})


def test_a_pipe_for_dvc_yaml_is_not_waited_for(project: Path) -> None:
    Path("dvc.yaml").unlink()
    os.mkfifo("dvc.yaml")
    with pytest.raises(InputError, match="not a plain file"):
        declared("crop", OPTIONS, {})


def test_a_large_folder_is_known_by_names_sizes_and_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "READ_UP_TO", 3)
    for name in "ab":
        (tmp_path / name).write_text("12")
    before = look(tmp_path)
    os.utime(tmp_path / "b", ns=(1, 1))
    assert differences(before, look(tmp_path)) == [str(tmp_path / "b")]
    assert look(tmp_path / "missing") == {}


@pytest.mark.parametrize("target", ["..", "../elsewhere"])
def test_what_a_stage_would_read_behind_a_link_is_refused(tmp_path: Path, target: str) -> None:
    """DVC does not look there; and links to a folder around them would never end."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").mkdir()
    for name in "ab":
        (tmp_path / "results" / name).symlink_to(target)
    with pytest.raises(InputError, match=r"results/a is a link to a folder.*Put the folder itself"):
        look(tmp_path / "results")
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "elsewhere/file").write_text("")
    assert len(look(tmp_path / "link")) == 1, "as DVC, which follows a dependency itself"


@pytest.mark.parametrize("by_content", [True, False])
def test_a_pipe_or_device_among_the_inputs_is_not_waited_for(
    project: Path, by_content: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_content:
        monkeypatch.setattr(snapshot, "READ_UP_TO", 0)
    for make in (os.mkfifo, lambda path: Path(path).symlink_to("/dev/zero")):
        Path("data/annotations/b.json").unlink()
        make("data/annotations/b.json")
        with pytest.raises(InputError, match=r"b\.json is not a plain file.*Remove it"):
            crop(nothing)
    assert not published()
