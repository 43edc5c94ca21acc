"""Read a stage's declaration in dvc.yaml: its files, and the parameters that DVC records."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.errors import InputError
from curation.outside import read_outside
from pipelines.yaml_values import read_yaml

FILE = Path("dvc.yaml")
LIMIT = 1 << 18
"""Most bytes of it; it has 6,000."""
RESTORE = "Restore it: git checkout dvc.yaml"
_TEMPLATE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Declaration:
    """One stage, with the item of its matrix filled in.

    Parameters
    ----------
    address : str
        As DVC names it: `crop@a`.
    deps : tuple of Path
        Files and folders that it reads.
    params : tuple of str
        Keys of params.yaml: `crop`, `dataset.subsets`.
    outs : tuple of Path
        Files and folders that it makes, of every kind.
    """

    address: str
    deps: tuple[Path, ...] = ()
    params: tuple[str, ...] = ()
    outs: tuple[Path, ...] = ()


def declared(
    stage: str, options: argparse.Namespace, parameters: Mapping[str, Any], file: Path = FILE
) -> Declaration:
    """The declaration of a stage; outside a pipeline (no dvc.yaml), only that of its own section.

    Parameters
    ----------
    stage : str
        Its name.
    options : Namespace
        Its command line; an option is named like the variable of its matrix.
    parameters : mapping
        Content of params.yaml, for the templates in dvc.yaml.

    Raises
    ------
    InputError
        If dvc.yaml cannot be read, or is not of DVC's form.
    """
    try:
        content = read_outside(file, limit=LIMIT, kind="a description of the pipeline", do=RESTORE)
    except FileNotFoundError:
        return Declaration(stage, (), (stage,))
    try:
        entry = read_yaml(content, str(file), limit=LIMIT, do=RESTORE)["stages"].get(stage)
        if entry is None:
            return Declaration(stage, (), (stage,))
        items = {name: getattr(options, name) for name in entry.get("matrix", {})}
        values = {**parameters, "item": items}
        return Declaration(
            address="@".join([stage, *map(str, items.values())]),
            deps=tuple(Path(_filled(dep, values)) for dep in entry.get("deps", [])),
            params=tuple(map(str, entry.get("params", []))),
            outs=tuple(
                Path(_filled(out, values))
                for kind in ("outs", "metrics", "plots")
                for item in entry.get(kind, [])
                for out in (item if isinstance(item, dict) else [item])
            ),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{file} is not of DVC's form ({error!r})", do=RESTORE) from None


def value_at(parameters: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key, or None if it is missing."""
    value: Any = parameters
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def changes(key: str, before: Any, after: Any) -> list[str]:
    """The differences between two values of a key, by their full names."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = [*before, *(name for name in after if name not in before)]
        return [
            change for name in names for change in changes(f"{key}.{name}", before.get(name), after.get(name))
        ]
    return [] if before == after else [f"{key} {before} -> {after}"]


def _filled(text: str, values: Mapping[str, Any]) -> str:
    return _TEMPLATE.sub(lambda match: str(value_at(values, match[1])), text)
