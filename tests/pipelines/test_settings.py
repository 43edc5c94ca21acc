"""Runtime settings: three sources, one order, clear refusals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from pipelines import settings
from training.benchmark.sequences.sequence_list import load_listing, packaged_names


def test_environment_wins_over_file_wins_over_default(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    settings.store({"vid_root": "/data/a b/ü", "jobs": "2"}, file)
    found = settings.sources({"DSLT_JOBS": "4"}, file)
    assert found["vid_root"] == ("/data/a b/ü", str(file))
    assert found["jobs"] == (4, "DSLT_JOBS")
    assert found["backend"] == ("loky", "default")


def test_storing_keeps_what_is_there_and_an_empty_value_removes(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    settings.store({"vid_root": 'C:\\data "x"', "strict_manifest": "true"}, file)
    settings.store({"otb_root": "/otb"}, file)
    assert settings.load({}, file).vid_root == 'C:\\data "x"'
    assert settings.load({}, file).strict_manifest is True
    settings.store({"vid_root": ""}, file)
    assert settings.load({}, file).vid_root == ""
    assert settings.load({}, file).roots["otb_root"] == "/otb"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DSLT_JOBS": "many"}, ["DSLT_JOBS", "many", "int"]),
        ({"DSLT_JOBS": "0"}, ["jobs = 0", "at least 1"]),
        ({"DSLT_BACKEND": "slurm"}, ["slurm", "loky"]),
        ({"DSLT_VIDROOT": "/x"}, ["vidroot", "vid_root"]),
        ({"DSLT_STRICT_MANIFEST": "perhaps"}, ["strict_manifest", "bool"]),
    ],
)
def test_mistakes_name_the_variable_and_what_is_allowed(
    environment: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        settings.load(environment, tmp_path / "none.toml")
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("content", ["jobs = ", 'jobs = "2x"', "colour = 3", "jobs = 1.5"])
def test_a_damaged_file_is_named(content: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(content)
    with pytest.raises(InputError, match=r"s\.toml"):
        settings.load({}, file)


def test_benchmark_roots_are_split_and_shared_within_a_family() -> None:
    found = settings.Settings(roots={"otb_root": "/a:/b", "tc128_root": "/t"})
    roots = {name: found.benchmark_roots(load_listing(name)) for name in packaged_names()}
    assert roots["otb2013"] == roots["otb2015"] == roots["otb50"] == (Path("/a"), Path("/b"))
    assert roots["tc128"] == (Path("/t"),)
    assert roots["vot2016"] == ()


def test_every_packaged_list_has_a_setting_and_one_s_own_have_theirs(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    known = settings.sources({}, file)
    assert {"otb_root", "tc128_root", "uav123_root", "vot2016_root", "vot2019_root"} <= set(known)
    settings.store({"vot2017_root": "/v", "roots.mine": "/m"}, file)
    assert settings.load({}, file).roots["vot2017_root"] == "/v"
    assert settings.load({}, file).roots["roots.mine"] == "/m"
    assert settings.load({"DSLT_ROOTS_MINE": "/e"}, file).roots["roots.mine"] == "/e"
    settings.store({"roots.mine": ""}, file)
    assert "roots.mine" not in settings.load({}, file).roots
    with pytest.raises(InputError, match="unknown setting 'obt_root'"):
        settings.store({"obt_root": "/o"}, file)


def test_dask_without_a_scheduler_is_one_clear_line() -> None:
    pytest.importorskip("distributed", reason="the cluster extra is not installed")
    with (
        pytest.raises(InputError, match="no scheduler is set"),
        settings.cluster(settings.Settings(backend="dask")),
    ):
        pass


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vid_root": "/a\nb"}, ["vid_root = /a\\nb", "cannot be printed"]),
        ({"vid_root": "/data/\udcff"}, ["vid_root = /data/\\xff", "cannot be printed"]),
        ({"scheduler": "\x1b[31m"}, ["scheduler", "cannot be printed"]),
        ({"otb_root": "/a:~nobodyatall/b"}, ["otb_root", "no user of this machine"]),
        ({"jobs": "1e9"}, ["jobs = 1e9", "integer"]),
        ({"jobs": "99999999999999999999"}, ["jobs", "at most 10000"]),
        ({"nonsense": ""}, ["unknown setting", "nonsense"]),
    ],
)
def test_a_value_that_cannot_be_kept_changes_nothing(
    changes: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "s.toml"
    settings.store({"jobs": "2"}, file)
    before = file.read_bytes()
    with pytest.raises(InputError) as caught:
        settings.store(changes, file)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert file.read_bytes() == before
    (variable, value), *_ = changes.items()
    if value:
        with pytest.raises(InputError):
            settings.load({f"DSLT_{variable.upper()}": value}, file)


def test_an_empty_value_removes_a_setting_of_any_type(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    settings.store({"jobs": "2", "backend": "threading", "strict_manifest": "true", "device": "cpu"}, file)
    settings.store(dict.fromkeys(("jobs", "backend", "strict_manifest", "device"), ""), file)
    assert settings.load({}, file) == settings.load({}, tmp_path / "none.toml")
    assert b"=" not in file.read_bytes()


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" \"\\#[]='")))
def test_every_printable_text_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("settings") / "s.toml"
    text = text.replace("~", "")
    settings.store({"vid_root": text, "jobs": "3"}, file)
    found = settings.load({}, file)
    assert (found.vid_root, found.jobs) == (text, 3)


@pytest.mark.parametrize(
    "content",
    [
        b'vid_root = "\xff"',
        b"a = " + b"[" * 30_000,
        b"jobs = true",
        b"jobs = [1]",
        b"[jobs]\na = 1",
        b"jobs = 1979-05-27",
        b'vid_root = "\\u001b"',
        "vid_root = 'ö'".encode("latin-1"),
        b"jobs = 1" + b"0" * 5000,
        b"#" * 70_000,
        b"backend = 'slurm'",
        b"strict_manifest = 'perhaps'",
    ],
)
def test_a_hostile_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_bytes(content)
    for use in (lambda: settings.load({}, file), lambda: settings.store({"jobs": "2"}, file)):
        with pytest.raises(InputError, match=r"s\.toml") as caught:
            use()
        assert str(caught.value).isprintable()
    assert file.read_bytes() == content


def test_a_pipe_a_folder_and_a_loop_are_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "folder", "loop"):
        with pytest.raises(InputError, match=name):
            settings.load({}, tmp_path / name)
