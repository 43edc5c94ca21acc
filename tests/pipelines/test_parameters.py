"""params.yaml: strict, complete, commented, and the same as the defaults beside the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines import parameters
from training.tracking.track_config import TrackConfig
from training.trainer.configuration import TrainConfig

ROOT = Path(__file__).parents[2]

IN_COMMENTS = {
    "crop.decode",
    "train.init",
    "train.freeze",
    "train.network.trunk",
    "train.pairs.both_ways",
    "track.online.refine.share",
    "track.online.refine.recent",
    "track.online.refine.weights",
    "track.online.strip.frames",
}
"""Left out of the file: written there, even at their defaults, they would run everybody's stages anew."""


def section_class(section: str) -> Any:
    module, name = parameters.SECTIONS[section].split(":")
    return getattr(import_module(module), name)


def keys(value: Any, prefix: str) -> set[str]:
    """Full names of all leaf fields of a dataclass instance."""
    found: set[str] = set()
    for field in fields(value):
        child = getattr(value, field.name)
        name = f"{prefix}.{field.name}"
        found |= keys(child, name) if is_dataclass(child) else {name}
    return found


def written(value: Any, prefix: str) -> set[str]:
    if not isinstance(value, dict) or not value:
        return {prefix}
    return {name for key, child in value.items() for name in written(child, f"{prefix}.{key}")}


@pytest.mark.parametrize("section", parameters.SECTIONS)
def test_the_file_states_every_parameter_at_the_default_of_the_code(section: str) -> None:
    loaded = parameters.load(section, ROOT / "params.yaml")
    assert loaded == section_class(section)()
    stated = written(parameters.read(ROOT / "params.yaml")[section], section)
    assert stated | {name for name in IN_COMMENTS if name.startswith(f"{section}.")} == keys(loaded, section)
    assert not stated & IN_COMMENTS


def test_what_is_left_out_stands_in_a_comment() -> None:
    text = (ROOT / "params.yaml").read_text()
    for name in IN_COMMENTS:
        assert re.search(rf"^ +# +{name.rpartition('.')[2]}: ", text, re.MULTILINE), name


def test_every_line_of_the_file_has_a_comment() -> None:
    for number, line in enumerate((ROOT / "params.yaml").read_text().splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            assert re.search(r"\S\s+# \S", line), f"params.yaml:{number} has no comment: {line}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("imdb: {val_fractoin: 0.1}", ["imdb.val_fractoin", "val_fraction"]),
        ("train: {pairs: {parts: {a: {wieght: 2}}}}", ["train.pairs.parts.a.wieght", "'weight'"]),
        ("dataset: {parts: {x: {layuot: mot}}}", ["dataset.parts.x.layuot", "'layout'"]),
        (
            "train: {pairs: {parts: {a: {weight: 0}}}}",
            ["a.weight = 0: a weight is above 0", "dataset.subsets"],
        ),
        (
            "train: {pairs: {parts: {q: {weight: 1}}}}",
            ["parts.q", "not in use", "--set train.pairs.parts={}"],
        ),
        (
            "{crop: {search_size: 511}, train: {pairs: {search_size: 238}, network: {trunk: efficientnet_lite0}}}",
            [
                "train.pairs.search_size = 238",
                "an odd side, of at least 67 px",
                "train.network.trunk=alexnet",
            ],
        ),
        (
            "{crop: {exemplar_size: 65}, train: {network: {trunk: efficientnet_lite0}}}",
            ["crop.exemplar_size = 65", "an image of 65 px"],
        ),
        ("crop: {exemplar_size: 85}", ["crop.exemplar_size = 85", "receptive field of 87 px"]),
        ("train: {pairs: {search_size: 101}}", ["101 px is smaller than the exemplar of 127 px"]),
        ("crop: {search_size: 239}", ["255 px cannot be cut from crops of 239 px", "crop.search_size"]),
        ("imdb: {val_fraction: lots}", ["imdb.val_fraction", "'lots'", "number"]),
        ("imdb: {val_fraction: 7}", ["imdb.val_fraction", "7"]),
        ("imbd: {}", ["'imbd'", "'imdb'"]),
        (
            "{track: {recipe: 999}, train: {recipe: 998}}",
            [
                "train.recipe = 998, and this code is recipe",
                "track.recipe = 999",
                "Update this code, which is older than the file; or take the code's: python -m pipelines ",
                f"profile --set train.recipe={TrainConfig().recipe} track.recipe={TrackConfig().recipe}",
            ],
        ),
        (
            "track: {recipe: 1}",
            [
                "results of different code would be mixed. Take the code's: python -m pipelines profile --set track"
            ],
        ),
        ("dataset: {subsets: [f]}", ["dataset", "no part 'f'", "a, b, c"]),
        ("dataset: {subsets: []}", ["dataset.subsets", "at least 1"]),
        ("crop: {search_size: 255.5}", ["crop.search_size", "255.5", "integer"]),
        ("crop: [", ["not readable YAML"]),
        ("just words", ["no sections"]),
    ],
)
def test_mistakes_are_one_line_with_key_value_and_cure(text: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        parameters.check(parameters.read(file))
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_missing_file_says_where_to_stand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="project's root"):
        parameters.load("imdb", tmp_path / "params.yaml")


def test_another_folder_is_told_where_the_project_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"params\.yaml is missing") as caught:
        parameters.read()
    assert f"cd {ROOT}" in caught.value.do


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("errors: &a\n  policy: *a\n", ["errors", "repeats itself"]),
        ("errors: 3", ["errors = 3 is not a section"]),
        ("errors: []", ["errors = [] is not a section"]),
        ("train: {seed: 99999999999999999999}", ["train.seed is too large a number"]),
        ("train: {seed: .nan}", ["train.seed is not a finite number"]),
        ("train: {1: 2}", ["train has the key 1"]),
        ("track: {trackers: !!set {still}}", ["track.trackers is of the kind set"]),
    ],
)
def test_values_that_are_no_plain_ones_are_one_line(text: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        parameters.read(file)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_pipe_and_a_folder_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InputError, match="so it is not a file of parameters"):
            parameters.read(path)


def test_reading_every_parameter_loads_no_torch() -> None:
    """The manifest stage checks them all in every `dvc repro`; torch alone takes two seconds."""
    ask = "from pipelines import parameters; parameters.check(parameters.read()); "
    ask += "import sys; print([name for name in ('torch', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
