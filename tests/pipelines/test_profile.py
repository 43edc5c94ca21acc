"""Profiles: laid over params.yaml with its comments kept, and every one of them valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines import parameters
from pipelines.__main__ import main
from pipelines.tools import profile

ROOT = Path(__file__).parents[2]


def test_comments_order_and_untouched_keys_stay() -> None:
    text = "a:\n  x: 1 # one, pixels\n  y: [1, 2] # two\nb:\n  z: 3 # three\n"
    after = profile.overlay(text, [{"a": {"y": [5]}}, {"b": {"z": 4}}])
    assert re.sub(" +#", " #", after) == "a:\n  x: 1 # one, pixels\n  y: [5] # two\nb:\n  z: 4 # three\n"
    assert profile.changes(text, after) == ["a.y: [1, 2] -> [5]", "b.z: 3 -> 4"]


def test_mappings_are_merged_and_an_empty_one_empties() -> None:
    text = "a: # all\n  x: {p: 1} # some\n"
    more = profile.overlay(text, [{"a": {"x": {"q": {"r": 2}}}}])
    assert profile.changes(text, more) == ["a.x.q.r: None -> 2"]
    none = profile.overlay(more, [{"a": {"x": {}}}])
    assert profile.changes(more, none) == ["a.x.p: 1 -> None", "a.x.q.r: 2 -> None"]


@pytest.mark.parametrize("name", profile.profiles())
def test_every_profile_gives_valid_parameters(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    assert main(["profile", name]) == 0
    parameters.check(parameters.read())
    assert (tmp_path / "params.yaml").read_bytes() != (ROOT / "params.yaml").read_bytes()


def test_a_value_that_is_there_already_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_bytes()
    (tmp_path / "params.yaml").write_bytes(before)
    assert main(["profile", "--set", f"train.epochs={parameters.load('train').epochs}"]) == 0
    assert capsys.readouterr().out.startswith("nothing changed: ")
    assert (tmp_path / "params.yaml").read_bytes() == before


def test_a_change_leaves_all_other_lines_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`worst_quality: null` among them, which once became an empty value."""
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(before)
    assert main(["profile", "--set", "train.epochs=77"]) == 0
    after = (tmp_path / "params.yaml").read_text()
    [number] = [n for n, line in enumerate(before.splitlines()) if line.startswith("  epochs:")]
    assert "epochs: 77 #" in after.splitlines()[number]
    assert [line for n, line in enumerate(after.splitlines()) if n != number] == [
        line for n, line in enumerate(before.splitlines()) if n != number
    ]


def test_a_bad_key_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_bytes()
    (tmp_path / "params.yaml").write_bytes(before)
    assert main(["profile", "--set", "train.epoch=3"]) == 1
    assert (tmp_path / "params.yaml").read_bytes() == before


def test_an_unknown_profile_lists_the_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="ilsvrc15"):
        profile.read_profile("ilsvrc2015")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("train=[1]", ["train = [1] is not a section"]),
        ("dataset=5", ["dataset = 5 is not a section"]),
        ("dataset.vid=[1]", ["dataset.vid = [1]"]),
        ("sample.world=[]", ["sample.world"]),
        ("dataset.subsets={a: 1}", ["dataset.subsets"]),
        ("train.epochs=&a [*a]", ["--set train.epochs", "repeats itself"]),
        ("train.epochs=.inf", ["not a finite number"]),
        ("train.epochs=" + "[" * 5000, ["nests"]),
        ("train.seed=99999999999999999999", ["too large a number"]),
        ("train.\udcff=1", ["which is not a name"]),
        ("train.epochs=\x1b", ["not readable YAML"]),
        ("=3", ["unknown section ''"]),
    ],
)
def test_a_change_that_is_none_is_one_line_and_changes_nothing(
    change: str,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_bytes()
    (tmp_path / "params.yaml").write_bytes(before)
    assert main(["profile", "--set", change]) == 1
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert all(word in record.getMessage() for word in words), record.getMessage()
    assert (tmp_path / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("content", ["- a", "a: &a [*a]", "{", "5"])
def test_a_profile_that_is_none_is_one_line(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "FOLDER", tmp_path)
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(InputError, match=r"mine\.yaml"):
        profile.read_profile("mine")
    with pytest.raises(InputError, match=r"no profile '\.\./mine'"):
        profile.read_profile("../mine")


def test_without_parameters_it_says_where_to_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["profile", "large"]) == 1
    assert "params.yaml is missing" in caplog.text
