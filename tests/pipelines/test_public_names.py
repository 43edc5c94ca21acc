"""The names that scripts outside this repository use: commands, options, parameters, settings, rows of tables.

A name that goes or changes breaks somebody's script; a new one is there to stay. Both are to be seen in review: if the
change is meant, write the list again, `python -m tests.pipelines.test_public_names`, and commit it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from curation.classic.forms import FORMS as CROP_FORMS
from curation.layouts.layout_table import LAYOUTS
from pipelines import parameters, settings
from pipelines.commands import COMMANDS
from training.backbones.backbone_config import BACKBONES
from training.benchmark.results.formats.format_table import FORMATS
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.protocols import PROTOCOLS
from training.benchmark.scores.vot_rules import VOT_RULES
from training.benchmark.sequences.sequence_list import packaged_names
from training.losses import LOSSES
from training.tracking.roster import TRACKERS

GOLDEN = Path(__file__).parent / "public_names.txt"

ROWS = {
    "backbone": BACKBONES,
    "benchmark": packaged_names(),
    "form of crops": CROP_FORMS,
    "format": FORMATS,
    "layout": LAYOUTS,
    "loss": LOSSES,
    "metric": METRICS,
    "protocol": PROTOCOLS,
    "tracker": TRACKERS,
    "VOT year": VOT_RULES,
}


def public_names() -> Iterator[str]:
    """One line a name, sorted by kind."""
    for command in COMMANDS:
        parser = argparse.ArgumentParser(add_help=False)
        command.fill(parser)
        words = [
            f"command {command.name}",
            *sorted(map(_argument, parser._actions), key=lambda word: word[0] == "-"),
        ]
        yield " ".join(words)
    for section in parameters.SECTIONS:
        yield from (f"parameter {key}" for key in _keys(parameters.build(section, {}, "defaults"), section))
    yield from (f"setting {name}" for name in settings.FIELDS)
    for kind, rows in ROWS.items():
        yield from (f"{kind} {name}" for name in rows)


def _argument(action: argparse.Action) -> str:
    """An option with all its spellings, a place in lower case; `=` takes a value, and which, where they are few."""
    name = "/".join(action.option_strings) or action.dest
    few = ",".join(map(str, action.choices)) if action.choices else ""
    takes = action.nargs != 0 and bool(action.option_strings)
    return name + ("=" if takes else "") + (f"{{{few}}}" if few else "")


def _keys(value: Any, prefix: str) -> Iterator[str]:
    for field in fields(value):
        child = getattr(value, field.name)
        if is_dataclass(child):
            yield from _keys(child, f"{prefix}.{field.name}")
        else:
            yield f"{prefix}.{field.name}"


def test_no_public_name_changes_unseen() -> None:
    now, before = set(public_names()), set(GOLDEN.read_text(encoding="utf-8").splitlines())
    gone, new = sorted(before - now), sorted(now - before)
    assert (gone, new) == ([], []), f"read the docstring of {__name__}"


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{line}\n" for line in public_names()), encoding="utf-8")
