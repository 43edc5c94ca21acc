"""Result files in plain text: a row a frame, `x y w h` in the base of the ground truth (OTB, Temple-Color, UAV123: 1).

All readers accept commas, tabs and spaces; the writers differ in the separator and in the names of files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.results.formats.format_row import Format, Result
from training.benchmark.results.formats.segments import Segment
from training.benchmark.text_tables import read_table


def read_boxes(path: Path) -> list[Segment]:
    """The run in a file: boxes (N, 4) float64, as they are in it."""
    return [Segment(read_table(path))]


def text_bytes(boxes: Array, separator: str = ",", *, decimals: int = 4) -> bytes:
    """Rows with so many decimals; NaN is written `nan`."""
    return "".join(separator.join(f"{value:.{decimals}f}" for value in row) + "\n" for row in boxes).encode()


def times_bytes(seconds: Array) -> bytes:
    """One number of seconds a line (got10k's and pytracking's `*_time.txt`)."""
    return "".join(f"{value:.8f}\n" for value in seconds).encode()


def _otb(result: Result) -> dict[str, bytes]:
    return {f"{result.tracker}/{result.sequence.name}.txt": text_bytes(result.boxes)}


def _got10k(result: Result) -> dict[str, bytes]:
    sequence, rows = result.sequence, result.boxes
    whole = len(sequence) + sequence.trimmed
    if sequence.trimmed and len(rows) != whole:
        raise InputError(
            f"{sequence.name}: got10k expects {whole} rows, but the annotation lacks the {sequence.trimmed} "
            f"before frame {sequence.first_frame}",
            do="Give a root with the whole annotation, as its authors distribute it",
            reason="wrong length",
        )
    if len(rows) == len(sequence):
        rows = np.concatenate([sequence.lead_in, rows])
    folder, files = f"{result.folder}/{result.tracker}", {}
    if result.folder == "GOT-10k":  # its own sequences have a folder each, for repetitions
        place = f"{folder}/{sequence.name}/{sequence.name}"
        if result.seconds is not None:
            files[f"{place}_time.txt"] = times_bytes(result.seconds)
        return {**files, f"{place}_001.txt": text_bytes(rows)}
    if result.seconds is not None:
        padded = np.concatenate([np.zeros(len(rows) - len(result.seconds)), result.seconds])
        files[f"{folder}/times/{sequence.name}_time.txt"] = times_bytes(padded)
    return {**files, f"{folder}/{sequence.name}.txt": text_bytes(rows)}


def _pysot(result: Result) -> dict[str, bytes]:
    return {f"{result.tracker}/{result.name('pysot')}.txt": text_bytes(result.boxes)}


def _pytracking(result: Result) -> dict[str, bytes]:
    path = f"{result.tracker}/default/{result.name('pytracking')}"
    times = {} if result.seconds is None else {f"{path}_time.txt": times_bytes(result.seconds)}
    return {**times, f"{path}.txt": text_bytes(result.boxes, "\t")}


OTB = Format("otb", "<tracker>/<sequence>.txt, commas, 1-based: the track stage's own", _otb, read_boxes)
GOT10K = Format(
    "got10k",
    "<dataset>/<tracker>/<sequence>.txt, commas, base of the ground truth; Tiger1: all 354 rows",
    _got10k,
    vot="{folder}",
)
PYSOT = Format("pysot", "<tracker>/<video>.txt, commas, base of the ground truth", _pysot, vot="")
PYTRACKING = Format(
    "pytracking", "<tracker>/default/<sequence>.txt, tabs, base of the ground truth", _pytracking
)
