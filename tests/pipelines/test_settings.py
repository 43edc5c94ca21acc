"""Runtime settings: three sources, one order, clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines import settings
from training.benchmark.listing import load_listing, packaged_names


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
