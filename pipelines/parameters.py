"""Typed parameters: `params.yaml` read into one frozen dataclass a section.

Each dataclass is beside the code that uses it; this module only knows which section is whose, and
turns every mistake in the file into one line that names the key, the value and what is allowed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter, ValidationError

from curation.errors import InputError
from curation.outside import read_outside
from curation.rows import nearest
from pipelines.yaml_values import LIMIT, read_yaml

if TYPE_CHECKING:
    from curation.crops.crop_config import CropConfig
    from training.trainer.configuration import TrainConfig

FILE = Path("params.yaml")

SECTIONS: Mapping[str, str] = {
    "dataset": "pipelines.sources:DatasetConfig",
    "errors": "curation.errors:ErrorPolicy",
    "sample": "curation.sample.sample_config:SampleConfig",
    "annotate": "curation.videos.annotations:AnnotateConfig",
    "crop": "curation.crops.crop_config:CropConfig",
    "imdb": "curation.imdb:ImdbConfig",
    "quality": "curation.quality.quality_config:QualityConfig",
    "train": "training.trainer.configuration:TrainConfig",
    "track": "training.tracking.track_config:TrackConfig",
    "score": "pipelines.scoring:ScoreConfig",
}
"""Section of params.yaml -> the dataclass it is read into, imported only when asked for."""


_CROP = "the section crop decides it"
_MAPPING = re.compile(r"Mapping\[\w+, (\w+)\]")
"""Type of a field that holds dataclasses by free names."""

GONE: Mapping[str, str] = {
    "train.pairs.exemplar_size": f"{_CROP} (crop.exemplar_size)",
    "train.pairs.crop_size": f"{_CROP} (crop.search_size)",
    "train.pairs.context": f"{_CROP} (crop.context)",
    "track.siamese.exemplar_size": f"{_CROP} (crop.exemplar_size)",
    "track.siamese.search_size": f"{_CROP} (crop.search_size)",
    "track.siamese.context": f"{_CROP} (crop.context)",
    "dataset.layout": "a layout belongs to a part, in dataset.parts (curation/DATASETS.md)",
}
"""Keys that earlier versions had -> what decides now."""


def read(file: Path = FILE) -> dict[str, Any]:
    """The whole file as plain values; only known sections are allowed.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or has an unknown section.
    """
    try:
        return deepcopy(_parsed(read_outside(file, limit=LIMIT, kind="a file of parameters"), str(file)))
    except FileNotFoundError:
        raise InputError(f"{file.absolute()} is missing", do=_where()) from None


@lru_cache(maxsize=1)  # the guard of a stage reads it again at the end
def _parsed(content: bytes, place: str) -> dict[str, Any]:
    return parse(content, place)


def _where() -> str:
    """The cure for a folder that is not the project's; names the project's folder if the code knows it."""
    root = Path(__file__).parents[1]
    at = f": cd {shlex.quote(str(root))}" if (root / FILE).is_file() else ""
    return f"Run from the project's root folder{at}. Files outside it are named by their whole path"


def parse(text: str | bytes, place: str) -> dict[str, Any]:
    """Like `read`, from the file's content; `place` names it in messages."""
    raw = read_yaml(text, place)
    if not isinstance(raw, dict):
        raise InputError(f"{place} holds no sections", do="Restore it: git checkout params.yaml")
    for name, values in raw.items():
        if name not in SECTIONS:
            raise InputError(f"{place}: unknown section {name!r}", do=_suggest(name, SECTIONS))
        if not isinstance(values, dict | None):
            raise InputError(f"{place}: {name} = {values!r} is not a section", do="Give it keys and values")
    return raw


def load(section: str, file: Path = FILE) -> Any:
    """One section as its dataclass; missing keys have the dataclass's defaults.

    Raises
    ------
    InputError
        For an unknown key, a value of the wrong type or out of range: one line with the key's full
        name, the value, and what is allowed.
    """
    return build(section, read(file).get(section) or {}, str(file))


def check(values: Mapping[str, Any], place: str = str(FILE)) -> None:
    """Validate every section, so that a slip in `train` shows before hours of cropping, not after.

    Raises
    ------
    InputError
        As `load` and `check_recipes`, if `train.pairs.parts` names a part that is not in use, or the sides of crops and
        search regions do not suit the trunk.
    """
    built = {section: build(section, values.get(section) or {}, place) for section in SECTIONS}
    check_recipes(built, place)
    _check_sides(built["crop"], built["train"], place)
    used = built["dataset"].subsets
    for part in built["train"].pairs.parts:
        if part not in used:
            raise InputError(
                f"{place}: train.pairs.parts.{part} is about a part that is not in use (in use: {', '.join(used)})",
                do="Correct the name, add it to dataset.subsets, or do without shares: "
                "python -m pipelines profile --set train.pairs.parts={}",
                reason="bad parameter",
            )


def check_recipes(built: Mapping[str, Any], place: str = str(FILE)) -> None:
    """Check that sections, given as their dataclasses, have the recipes of the code.

    Raises
    ------
    InputError
        If one has another: its results would be taken from, and kept as, those of other code.
    """
    recipes = {
        f"{section}.recipe": (config.recipe, type(config)().recipe)
        for section, config in built.items()
        if hasattr(config, "recipe")
    }
    if wrong := {key: both for key, both in recipes.items() if both[0] != both[1]}:
        said = "; ".join(
            f"{key} = {there}, and this code is recipe {here}" for key, (there, here) in wrong.items()
        )
        numbers = " ".join(f"{key}={here}" for key, (_, here) in wrong.items())
        cure = f"the code's: python -m pipelines profile --set {numbers}"
        older = any(there > here for there, here in wrong.values())
        raise InputError(
            f"{place}: {said}: results of different code would be mixed",
            do=f"Update this code, which is older than the file; or take {cure}" if older else f"Take {cure}",
            reason="bad parameter",
        )


def _check_sides(crop: CropConfig, train: TrainConfig, place: str) -> None:
    from training.network.image_sides import response_size

    exemplar, search = crop.exemplar_size, train.pairs.search_size
    try:
        if search > crop.search_size:
            raise InputError(
                f"a search region of {search} px cannot be cut from crops of {crop.search_size} px",
                do="Raise crop.search_size, or lower train.pairs.search_size",
            )
        response_size(exemplar, search, train.network)
    except InputError as error:
        raise InputError(
            f"{place}: crop.exemplar_size = {exemplar}, train.pairs.search_size = {search}: {error.what}",
            do=error.do,
            reason="bad parameter",
        ) from None


def build(section: str, values: Any, place: str) -> Any:
    """Plain values of a section as its dataclass."""
    module, name = SECTIONS[section].split(":")
    kind = getattr(import_module(module), name)
    try:
        return TypeAdapter(kind).validate_json(orjson.dumps(values))
    except ValidationError as error:
        raise _explain(error, section, kind, place) from None


def _explain(error: ValidationError, section: str, kind: Any, place: str) -> InputError:
    problems = []
    cure = "Correct params.yaml"
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in (section, *item["loc"]))
        if item["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            problems.append(f"unknown key {key}")
            known = _suggest(str(item["loc"][-1]), _keys(kind, item["loc"][:-1]))
            cure = f"Remove it: {GONE[key]}" if key in GONE else known
        else:
            message = item["msg"].removeprefix("Value error, ")
            # Of a whole section, which the message is not about word for word, the name says enough.
            given = "" if isinstance(item["input"], dict) else f" = {item['input']!r}"
            problems.append(f"{key}{given}: {message[0].lower()}{message[1:]}")
    return InputError(f"{place}: {'; '.join(problems)}", do=cure, reason="bad parameter")


def _keys(kind: Any, path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the (possibly nested) dataclass that `path` leads to, through mappings by free names."""
    parts = iter(path)
    for part in parts:
        nested = getattr(kind, "__dataclass_fields__", {}).get(part)
        named = str(nested.type) if nested else ""
        if mapping := _MAPPING.fullmatch(named):
            named = mapping[1]
            next(parts, None)
        kind = getattr(import_module(kind.__module__), named, None) if named else None
    return list(getattr(kind, "__dataclass_fields__", {}))


def _suggest(name: str, known: Any) -> str:
    near = nearest(name, known)
    return f"Did you mean {near!r}?" if near else f"Known: {', '.join(known)}"
