"""A tracker's run on a VOT sequence, frame by frame, and the text files that hold it.

One row a frame: `1` the tracker was started here, `2` it failed here, `0` it was not run or nothing is known,
four numbers `x y w h` or 2V numbers (corners) its region; 0-based, written with four decimals.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from curation.files import write_bytes
from curation.outside import read_outside
from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import FARTHEST
from training.benchmark.sequences.sequence_list import name_key
from training.benchmark.text_tables import LIMIT, parse_rows, read_text

UNKNOWN, START, FAILURE, REGION = 0, 1, 2, 3
"""Codes of a frame; `REGION` is not a code in files: the row holds the region."""

WIDTHS = (1, 4, *range(6, 65, 2))
"""How many numbers a row of a file may have."""

DETERMINISTIC_AFTER = 3
"""Runs that must agree for a tracker to count as deterministic."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One run over one sequence of N frames.

    Attributes
    ----------
    codes : (N,) int8
        `UNKNOWN`, `START`, `FAILURE` or `REGION`.
    regions : (N, 4) or (N, 2V) float64
        0-based; NaN in rows without a region, and behind a box in an array of polygons.
    """

    codes: NDArray[np.int8]
    regions: Array

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def failures(self) -> NDArray[np.int64]:
        """0-based frames of failures."""
        return np.flatnonzero(self.codes == FAILURE)

    @classmethod
    def from_rows(cls, rows: Items[Items[float]]) -> Trajectory:
        """From rows of one number (a code) or several (a region); a region with a NaN is unknown."""
        width = max([len(row) for row in rows if len(row) > 1], default=4)
        codes = np.full(len(rows), REGION, dtype=np.int8)
        regions = np.full((len(rows), width), np.nan)
        for i, row in enumerate(rows):
            if len(row) == 1:
                codes[i] = int(row[0])
            elif np.isfinite(row).all():
                regions[i, : len(row)] = row
            else:
                codes[i] = UNKNOWN
        return cls(codes, regions)

    @classmethod
    def from_boxes(cls, boxes: Array) -> Trajectory:
        """An unsupervised run: started in the first frame, a box (N, 4), 0-based, in every other one."""
        codes = np.full(len(boxes), REGION, dtype=np.int8)
        codes[0] = START
        regions = boxes.astype(np.float64)
        regions[0] = np.nan
        return cls(codes, regions)

    def text(self) -> str:
        """The file's content."""
        lines = []
        for code, region in zip(self.codes.tolist(), self.regions, strict=True):
            numbers = region[~np.isnan(region)]
            lines.append(",".join(f"{number:.4f}" for number in numbers) if code == REGION else str(code))
        return "\n".join(lines) + "\n"


def read_trajectory(path: Path) -> Trajectory:
    """Read `<sequence>_001.txt`, or `.bin` as the Python toolkit writes it.

    Raises
    ------
    InputError
        Naming the line that is neither a code nor a region, or reaches beyond `regions.FARTHEST`; if a binary file is
        cut short or holds masks.
    """
    rows = _binary(path) if path.suffix == ".bin" else parse_rows(read_text(path), path, widths=WIDTHS)
    if not rows:
        raise InputError(f"{path} is empty", do="One row a frame is expected", reason="empty")
    for number, row in enumerate(rows, start=1):
        if len(row) == 1 and row[0] not in (UNKNOWN, START, FAILURE):
            raise InputError(
                f"{path}, line {number}: {row[0]:g} is not a code",
                do="A single number is 0 (unknown), 1 (start) or 2 (failure)",
                reason="bad row",
            )
        if any(abs(value) > FARTHEST for value in row):
            raise InputError(
                f"{path}, line {number}: {row} is not a region",
                do=f"Write numbers of at most {FARTHEST:,.0f} pixels; a lost target is the code 0",
                reason="bad row",
            )
    return Trajectory.from_rows(rows)


BINARY = {0: "<I", 1: "<ffff"}
"""Form of a frame in a binary file after its kind: a code, a rectangle. 2 is a polygon, 3 a mask, 4 a point."""


def _binary(path: Path) -> list[list[float]]:
    """The rows of a binary trajectory of vot-toolkit (`region/io.py`): version 1, length, and each frame's region."""
    do = "Run the toolkit again, or with VOT_RESULTS_BINARY=0 for text"
    content = read_outside(path, limit=LIMIT, kind="a binary trajectory", do=do)
    rows: list[list[float]] = []
    try:
        version, count = struct.unpack_from("<hI", content)
        if version != 1:
            raise ValueError(f"is of version {version}")
        at = struct.calcsize("<hI")
        for _ in range(count):
            kind = content[at]
            if kind == 2:
                (corners,) = struct.unpack_from("<H", content, at + 1)
                form, at = f"<{2 * corners}f", at + 2
            elif kind in BINARY:
                form = BINARY[kind]
            else:
                raise ValueError(f"holds a mask or a point in frame {len(rows) + 1}")
            rows.append(list(map(float, struct.unpack_from(form, content, at + 1))))
            at += 1 + struct.calcsize(form)
    except (struct.error, IndexError):
        raise InputError(f"{path} is cut short in frame {len(rows) + 1}", do=do, reason="cut short") from None
    except ValueError as error:
        raise InputError(f"{path} {error}: no boxes", do=do, reason="bad format") from None
    return rows


def result_path(tracker_folder: Path, experiment: str, sequence: str, repetition: int) -> Path:
    """`<tracker>/<experiment>/<sequence>/<sequence>_%03d.txt`; repetitions count from 1."""
    return tracker_folder / experiment / sequence / f"{sequence}_{repetition:03d}.txt"


def write_trajectories(
    tracker_folder: Path, sequence: str, trajectories: Items[Trajectory], *, experiment: str = "baseline"
) -> list[Path]:
    """Write the runs of one sequence as VOT's toolkits do; returns the files."""
    paths = []
    for repetition, trajectory in enumerate(trajectories, start=1):
        path = result_path(tracker_folder, experiment, sequence, repetition)
        write_bytes(path, trajectory.text().encode())
        paths.append(path)
    return paths


def write_anchored(tracker_folder: Path, sequence: str, runs: Mapping[int, Trajectory]) -> list[Path]:
    """Write the runs of the multistart experiment by the frame (0-based) of their anchor; returns the files."""
    paths = []
    for frame, trajectory in runs.items():
        path = tracker_folder / "baseline" / sequence / f"{sequence}_{frame:08d}.txt"
        write_bytes(path, trajectory.text().encode())
        paths.append(path)
    return paths


def run_number(path: Path) -> int:
    """The number at the end of a run's name: of a repetition, or of the frame of an anchor."""
    return int(path.stem.rpartition("_")[2])


def find_runs(folder: Path) -> dict[str, list[Path]]:
    """Files of all runs below an experiment's folder, by the key of the sequence's name, in their order.

    Both `<sequence>/<sequence>_001.txt` and, as some trackers are published, `<sequence>_001.txt` without the
    sequence's folder are found; the former wins.
    """
    if not folder.is_dir():
        return {}
    runs = _numbered(folder)
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        key, here = name_key(inner.name), _numbered(inner)
        paths = here.get(key) or [path for found in here.values() for path in found]
        if paths:
            runs[key] = paths
    return runs


def _numbered(folder: Path) -> dict[str, list[Path]]:
    """Files `<name>_<number>.txt`, or else `.bin`, by the key of their name, sorted."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted([*folder.glob("*_*.txt"), *folder.glob("*_*.bin")]):
        name, _, number = path.stem.rpartition("_")
        if number.isdecimal():
            found.setdefault(name_key(name), {})[number] = path  # text comes later, and wins
    return {key: list(runs.values()) for key, runs in found.items()}
