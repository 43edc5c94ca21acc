"""Result files of one tracker on one benchmark, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.listing import name_key
from training.benchmark.problems import Collected
from training.benchmark.sequences import Benchmark
from training.benchmark.tables import read_table

Array = NDArray[np.float64]


def read_results(folder: Path, benchmark: Benchmark) -> dict[str, Array]:
    """Boxes (N, 4) by sequence name, in the benchmark's file coordinates."""
    if not folder.is_dir():
        raise InputError(f"no results folder {folder}", do="Run the tracker first", reason="missing results")
    files = {
        name_key(path.stem): path for path in sorted(folder.glob("*.txt")) if not path.stem.endswith("_time")
    }
    results = {}
    problems = Collected()
    for sequence in benchmark.sequences:
        path = next((files[k] for k in map(name_key, (sequence.name, *sequence.aliases)) if k in files), None)
        if path is not None:
            with problems.catching():
                results[sequence.name] = read_table(path)
    problems.check(f"{folder}")
    return results
