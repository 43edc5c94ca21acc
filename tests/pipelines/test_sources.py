"""Which benchmarks are named how, where their sequences are looked for, and what is said of roots that are not used."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines import manifest, sources
from pipelines.parameters import build
from pipelines.settings import Settings
from training.benchmark.sequences.sequence_list import packaged_names

OUTSIDE = {"sequences": "pipelines/profiles/benchmarks.yaml", "built_in": ["vid"]}


def write_list(path: str, benchmark: str, **more: object) -> str:
    entry = {"name": "cup", "folder": "cup"}
    document = {"schema": 1, "benchmark": benchmark, "title": "Mine", "kind": "ope", "sequences": [entry]}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(document | more))
    return path


def config(*benchmarks: str, **more: object) -> sources.DatasetConfig:
    made: sources.DatasetConfig = build("dataset", {"benchmarks": benchmarks, **more}, "params.yaml")
    return made


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


def test_every_packaged_list_may_be_named() -> None:
    assert config(*packaged_names()).benchmarks == tuple(packaged_names())


def test_one_s_own_list_is_looked_for_where_it_is_or_where_a_setting_says() -> None:
    mine = write_list("lists/mine.json", "mine")
    there = write_list("lists/there.json", "there", root="../videos")
    for dataset in (config(mine, there), config(mine, there, **OUTSIDE)):  # never the built-in folder
        assert sources.sequence_roots(dataset, Settings(), mine) == (Path("lists"),)
        assert sources.sequence_roots(dataset, Settings(), there) == (Path("lists/../videos"),)
        chosen = Settings(roots={"roots.mine": "/a:/b"})
        assert sources.sequence_roots(dataset, chosen, mine) == (Path("/a"), Path("/b"))


def test_a_choice_from_a_packaged_list_has_its_setting() -> None:
    choice = {"schema": 1, "benchmark": "two", "title": "Two", "subset_of": "otb2015"}
    Path("two.json").write_text(json.dumps(choice | {"sequences": ["Deer", "Boy"]}))
    dataset = config("two.json", **OUTSIDE)
    assert sources.sequence_roots(dataset, Settings(roots={"otb_root": "/o"}), "two.json") == (Path("/o"),)
    with pytest.raises(
        InputError, match=r"no otb_root is set\. Run: python -m pipelines settings --set otb_root="
    ):
        sources.needed_sequence_roots(dataset, Settings(), "two.json")


def test_names_that_are_none(tmp_path: Path) -> None:
    for name, words in (
        ("otb2105", "expected 'dtb70', .*'otb2013'"),
        ("none.json", "there is no such file"),
        ("../mine.json", "inside the project"),
        (str(tmp_path / "mine.json"), "inside the project"),
        (write_list("taken.json", "otb2015"), "is 'otb2015': a packaged list has that name"),
        (write_list("odd.json", "my list"), "is 'my list': .* or it is not A-Za-z0-9-_"),
        (write_list("bad.json", "bad", sequences=[{}]), r"bad\.json, sequences\.0\.name"),
    ):
        with pytest.raises(InputError, match=words):
            config(name)
    with pytest.raises(InputError, match="two lists of your own are called mine"):
        config(write_list("a.json", "mine"), write_list("b.json", "mine"))


@pytest.mark.parametrize("setting", ["otb_root", "tc128_root", "uav123_root", "vot2016_root"])
def test_every_root_that_is_not_used_is_named(setting: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        manifest.warn_of_unused_roots(config("otb2015", **OUTSIDE), Settings(roots={setting: "/x"}))
        assert not caplog.text
        manifest.warn_of_unused_roots(config("otb2015"), Settings(roots={setting: "/x", "roots.mine": "/y"}))
    assert f"note: {setting} is set, but params.yaml uses the built-in sequences" in caplog.text
