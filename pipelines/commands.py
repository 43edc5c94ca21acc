"""The commands: name, group and summary of each, without importing them."""

from __future__ import annotations

import argparse
import ast
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

STAGE = "stages, in the order of `dvc repro`"

GROUPS = {
    STAGE: ("sample", "manifest", "annotate", "crop", "imdb", "quality", "train", "track", "score"),
    "set up and share": ("doctor", "check", "settings", "profile", "team", "push"),
    "look at results": ("summary", "table", "compare", "draw", "export"),
    "score and exchange anybody's files": ("evaluate", "convert", "submit", "classic"),
    "run a tracker": ("follow", "starts", "vot"),
    "compare settings": ("study", "ablation"),
    "train what is no stage": ("box_head",),
}
"""What `--help` shows, in this order; each command is a module of its name."""


class Command:
    """One command; the first line of its module's docstring is its summary."""

    def __init__(self, name: str, group: str) -> None:
        self.name, self.group = name, group

    @property
    def module(self) -> str:
        """Full name of its module."""
        return f"pipelines.{self.name}" if self.group == STAGE else f"pipelines.tools.{self.name}"

    @cached_property
    def source(self) -> ast.Module:
        """Its module, parsed and not imported."""
        spec = find_spec(self.module)
        assert spec is not None
        return ast.parse(Path(str(spec.origin)).read_text(encoding="utf-8"))

    @property
    def summary(self) -> str:
        """Its summary, in one line."""
        return str(ast.get_docstring(self.source)).partition("\n")[0]

    def fill(self, parser: argparse.ArgumentParser) -> None:
        """Give a parser the command's description and options.

        The module is imported only if it has options, and modules that have some import their library when they run:
        so every help is there at once.
        """
        parser.description = ast.get_docstring(self.source)
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "add_arguments" for node in self.source.body
        ):
            import_module(self.module).add_arguments(parser)


COMMANDS = tuple(Command(name, group) for group, names in GROUPS.items() for name in names)
BY_NAME = {command.name: command for command in COMMANDS}
STAGES = GROUPS[STAGE]


def overview() -> str:
    """All commands with their summaries, one a line, under their groups."""
    lines = []
    for group, names in GROUPS.items():
        lines.append(f"\n{group}:")
        lines += [f"  {name:<10} {BY_NAME[name].summary}" for name in names]
    return "\n".join(lines).lstrip("\n")
