"""What every benchmark is made of: options, contenders that take turns, processes of their own, tables."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np

from tests.bench.memory import watched
from training.benchmark.report.tables import aligned

Result = TypeVar("Result")

LASOT_BOXES = Path(__file__).parents[3] / "shared/data/annotations/LaSOT_annos.tar.xz"
"""Boxes and flags of its 1,400 videos, in the archive of LaSOT's toolkit."""

VIDEOS = {"a": 1000, "b": 1000, "c": 1000, "d": 862, "e": 555}
"""Videos of each subset of ILSVRC15 VID, as published."""

PLAIN = "plain (reference's steps)"
CORES = os.cpu_count() or 1


def options(description: str | None, *rows: tuple[str, Any, str, dict[str, Any]]) -> argparse.Namespace:
    """The options of a benchmark: flag, default, help, and what else argparse wants of each."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag, default, text, more in rows:
        kind = {} if default is None else {"type": type(default)}
        parser.add_argument(flag, default=default, help=f"{text} (%(default)s)", **{**kind, **more})
    return parser.parse_args()


def show(line: object = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def table(*rows: list[str]) -> None:
    """Print rows in columns; the first is their head."""
    show(aligned(rows, rule_after=1))


def timed(function: Callable[[], object]) -> float:
    """Seconds of a call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def take_turns(contenders: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """What each contender returns in each of its turns."""
    found: dict[str, list[Result]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            found[name].append(contender())
    return found


class Cost(NamedTuple):
    """Of a call: seconds, and the most memory that this process and those below it took beside what they had, MB."""

    seconds: float
    megabytes: float


def cost(function: Callable[[], object]) -> Cost:
    """What a call costs. Memory is looked at a few times a second: of shorter calls it is what they leave."""
    seconds, before, most = watched(lambda: timed(function))
    return Cost(seconds, most - before)


def costs_in_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[Cost]]:
    """What each contender costs in each of its turns."""
    return take_turns({name: partial(cost, function) for name, function in contenders.items()}, rounds)


def compare(found: Mapping[str, list[Cost]], items: int, unit: str, base: str) -> None:
    """A table of what `costs_in_turns` found: medians, microseconds an item, and how much slower than `base`.

    Memory is the most of all turns, as a second turn finds in place what the first one took.
    """
    middles = {label: statistics.median(turn.seconds for turn in turns) for label, turns in found.items()}
    rows = []
    for label, middle in middles.items():
        each = " ".join(f"{turn.seconds:.2f}" for turn in found[label])
        numbers = (middle, middle / items * 1e6, middle / middles[base])
        most = max(turn.megabytes for turn in found[label])
        rows.append([label, *(f"{number:.2f}" for number in numbers), f"{most:.0f}", each])
    table(["", "median s", unit, f"x {base.partition(':')[0]}", "+MB", "each"], *rows)


def fresh(function: str, *arguments: object, **variables: str) -> Any:
    """Call `module:function` with JSON values in a new process, which has these environment variables too."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.frame", function, json.dumps(arguments, default=str)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def texture(
    random: np.random.Generator, shape: tuple[int, int], layers: tuple[tuple[int, float], ...]
) -> np.ndarray:
    """A picture (height, width, 3) uint8 of noise: `layers` are cells across the height, and their weight."""
    height, width = shape
    picture = np.full((height, width, 3), 120, np.float32)
    for cells, weight in layers:
        noise = random.normal(0, 1, (cells, round(cells * width / height), 3)).astype(np.float32)
        picture += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture.clip(0, 255).astype(np.uint8)


if __name__ == "__main__":  # what `fresh` runs
    module, _, called = sys.argv[1].partition(":")
    show(json.dumps(getattr(import_module(module), called)(*json.loads(sys.argv[2]))))
