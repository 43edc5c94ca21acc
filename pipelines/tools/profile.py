"""Change params.yaml: apply a profile (other data, published sizes), or set single keys.

A profile in pipelines/profiles/ holds only what differs. Keys, comments and order of params.yaml stay.
`--set` changes single keys in the same go: `--set dataset.subsets='[e]' train.epochs=2`.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter

from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import write_bytes
from curation.outside import read_outside
from pipelines import parameters, settings, sources
from pipelines.checks.backbone_files import check_backbone_files
from pipelines.yaml_values import LIMIT, read_yaml

FOLDER = Path(__file__).parents[1] / "profiles"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"profiles, later ones win: {', '.join(profiles())}"
    )
    parser.add_argument(
        "--set", nargs="+", metavar="KEY=VALUE", default=[], help="single keys, values as YAML"
    )


def profiles() -> list[str]:
    """Names of all profiles."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def run(options: argparse.Namespace) -> None:
    parameters.read()
    before = parameters.FILE.read_text(encoding="utf-8")
    overlays = [read_profile(name) for name in options.names] + [single(text) for text in options.set]
    changed = overlay(before, overlays)
    # What is generated follows from where the data are.
    dataset = {
        **asdict(sources.DatasetConfig()),
        **(parameters.parse(changed, "the change").get("dataset") or {}),
    }
    parts = [part for part in ("vid", "sequences") if sources.built_in(str(dataset[part]))]
    changed = overlay(changed, [{"dataset": {"built_in": parts}}])
    values = parameters.parse(changed, str(parameters.FILE))
    parameters.check(values, "the changed params.yaml")
    lines = changes(before, changed)
    if lines:
        write_bytes(parameters.FILE, changed.encode())
    for line in lines or ["nothing changed: params.yaml has these values already"]:
        sys.stdout.write(f"{line}\n")
    for line in _lacking(values):
        sys.stdout.write(f"{line}\n")


def _lacking(values: Fields) -> list[str]:
    """What has to be done before `dvc repro`: install or fetch weights that the parameters ask for."""
    train, track = (parameters.build(name, values.get(name) or {}, "") for name in ("train", "track"))
    found = check_backbone_files(train, track, settings.load().backbone_file)
    return [f"not ready: {item.message}. {item.cure}" for item in found if item.status == "fail"]


def overlay(text: str, overlays: list[Fields]) -> str:
    """The YAML text with the values of the overlays laid over it; comments and order are kept.

    Mappings are merged; an empty one takes the place of what was there.
    """
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 200
    document = yaml.load(text)
    for layer in overlays:
        _merge(document, layer, "")
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def changes(before: str, after: str) -> list[str]:
    """One line for every key whose value differs: `train.epochs: 12 -> 60`."""
    old, new = (_flat(YAML(typ="safe", pure=True).load(text), "") for text in (before, after))
    names = [*new, *(key for key in old if key not in new)]
    return [f"{key}: {old.get(key)} -> {new.get(key)}" for key in names if old.get(key) != new.get(key)]


class _Representer(RoundTripRepresenter):
    """Write None as `null`, so that a reader sees it."""


_Representer.add_representer(
    type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def _flat(value: Any, prefix: str) -> Fields:
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        k: v for key, part in value.items() for k, v in _flat(part, f"{prefix}.{key}".lstrip(".")).items()
    }


def _merge(target: Any, layer: Fields, prefix: str) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and value and isinstance(target.get(key), dict):
            _merge(target[key], value, f"{prefix}{key}.")
        elif isinstance(value, list) and isinstance(target.get(key), CommentedSeq):
            # Filled in place, so that the list keeps its one-line form.
            target[key][:] = value
        else:
            target[key] = value


def read_profile(name: str) -> Fields:
    """The overlay of a profile.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    file = FOLDER / f"{name}.yaml"
    if name not in profiles():
        raise InputError(f"there is no profile {name!r}", do=f"Profiles: {', '.join(profiles())}")
    content = read_yaml(read_outside(file, limit=LIMIT, kind="a profile"), str(file))
    if not isinstance(content, dict):
        raise InputError(f"{file} holds no sections", do="Give it what differs from params.yaml")
    return content


def single(text: str) -> Fields:
    """`KEY=VALUE` as an overlay.

    Raises
    ------
    InputError
        If it is not of that form, or the value is not YAML.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--set {text}: expected KEY=VALUE", do="For example: --set train.epochs=2")
    parsed = read_yaml(value, f"--set {text[:60]}: the value", do="Quote it")
    for part in reversed(key.split(".")):
        parsed = {part: parsed}
    return dict(parsed)
