"""Names that people use in scripts: commands with their options, keys of params.yaml, settings, profiles.

`python -m tests.pipelines.public_names` writes the list anew, after a change that is meant.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.commands import COMMANDS
from pipelines.settings import Settings
from pipelines.tools.profile import profiles

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).parent / "public_names.txt"


def names() -> list[str]:
    """One name a line, by kind."""
    found: list[str] = []
    for command in COMMANDS:
        parser = argparse.ArgumentParser(command.name, add_help=False)
        import_module(command.module).add_arguments(parser)
        found += [f"command {command.name}", *(f"command {line}" for line in _options(parser, command.name))]
    parameters = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    found += [f"parameter {key}" for key in _keys(parameters, "")]
    found += [f"setting {field.name}" for field in fields(Settings)]
    found += [f"profile {name}" for name in profiles()]
    return found


def _options(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for way, inner in action.choices.items():
                yield f"{name} {way}"
                yield from _options(inner, f"{name} {way}")
        elif not isinstance(action, argparse._HelpAction):
            yield f"{name} {' '.join(action.option_strings) or action.dest}"


def _keys(section: Any, prefix: str) -> Iterator[str]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


if __name__ == "__main__":
    os.chdir(ROOT)
    FILE.write_text("\n".join(names()) + "\n", encoding="utf-8")
