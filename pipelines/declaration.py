"""What dvc.yaml declares of a stage: the files and the parameters that DVC records beside its outputs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from curation.errors import InputError

FILE = Path("dvc.yaml")

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
    """

    address: str
    deps: tuple[Path, ...] = ()
    params: tuple[str, ...] = ()


def declared(
    stage: str, options: argparse.Namespace, parameters: Mapping[str, Any], file: Path = FILE
) -> Declaration:
    """The declaration of a stage; outside a pipeline (no dvc.yaml), that of its own section alone.

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
        If dvc.yaml cannot be read.
    """
    try:
        stages = dict(YAML(typ="safe", pure=True).load(file.read_bytes())["stages"])
    except FileNotFoundError:
        return Declaration(stage, (), (stage,))
    except (OSError, YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} cannot be read ({error})", do="Restore it: git checkout dvc.yaml") from None
    entry = stages.get(stage)
    if entry is None:
        return Declaration(stage, (), (stage,))
    items = {name: getattr(options, name) for name in entry.get("matrix", {})}
    values = {**parameters, "item": items}
    return Declaration(
        address="@".join([stage, *map(str, items.values())]),
        deps=tuple(Path(_filled(dep, values)) for dep in entry.get("deps", [])),
        params=tuple(entry.get("params", [])),
    )


def value_at(parameters: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key, or None where it is not there."""
    value: Any = parameters
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _filled(text: str, values: Mapping[str, Any]) -> str:
    return _TEMPLATE.sub(lambda match: str(value_at(values, match[1])), text)
