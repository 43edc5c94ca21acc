"""Write and check archives for the servers of GOT-10k and TrackingNet.

[Their submission instructions.] GOT-10k: a folder a sequence at the top of the zip, with one file for each of up to
three repetitions and one of times, a column each. TrackingNet: a file a video, nothing else.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from curation.files import write_bytes
from curation.outside import open_outside
from curation.rows import Table
from training.benchmark.problems import Collected
from training.benchmark.results.formats.text import text_bytes
from training.benchmark.results.result_folders import find_tracker
from training.benchmark.results.result_reader import read_results
from training.benchmark.sequences.sequence import Benchmark, Sequence
from training.benchmark.text_tables import LIMIT, parse_rows, read_text

Array = NDArray[np.float64]

CLOCK = (1980, 1, 1, 0, 0, 0)
"""Time of every file in an archive, so that the same results give the same bytes."""
NEAR = 0.01
"""Pixels that the first box may differ from the given one: the rounding of TrackingNet's two decimals."""
LARGEST = 1 << 30
"""Most bytes of an archive: ten times what three repetitions of the largest take."""


@dataclass(frozen=True)
class Submission:
    """The form of a server's archive.

    Attributes
    ----------
    count : int
        Sequences.
    path : str
        Of a result in the archive, from `{name}` and `{run}`.
    decimals : int
    runs : int
        Repetitions at most.
    times : str
        Path of the file of seconds, a row a frame and a column a repetition; empty: it wants none.
    """

    count: int
    path: str
    decimals: int
    runs: int = 1
    times: str = ""


SUBMISSIONS: Table[Submission] = Table(
    "test set with a server",
    {
        "got10k_test": Submission(180, "{name}/{name}_{run:03d}.txt", 4, 3, "{name}/{name}_time.txt"),
        "trackingnet": Submission(511, "{name}.txt", 2),
    },
)
"""Each by the name of its benchmark."""


def pack(
    results_dir: Path,
    tracker: str,
    benchmark: Benchmark,
    out: Path,
    *,
    seconds: Mapping[str, Array] | None = None,
) -> int:
    """Write the archive of a tracker's results, and check it; returns the repetitions in it.

    Parameters
    ----------
    results_dir, tracker : Path, str
        As for `result_reader.read_results`.
    benchmark : Benchmark
        With images, which say how many frames there are.
    out : Path
        The archive.
    seconds : mapping of (N,) float64
        Times by sequence, where they do not stand beside the results (`<sequence>_time.txt`).

    Raises
    ------
    InputError
        Listing all that the server would refuse, by cause; nothing is written then.
    """
    row = SUBMISSIONS[benchmark.name]
    results = read_results(results_dir, tracker, benchmark)
    runs = [results.boxes, *results.again][: row.runs]
    folder = find_tracker(results_dir, tracker, benchmark)
    files: dict[str, bytes] = {}
    for sequence in benchmark.sequences:
        for number, boxes in enumerate(runs, start=1):
            if sequence.name in boxes:
                place = row.path.format(name=sequence.name, run=number)
                files[place] = text_bytes(boxes[sequence.name], decimals=row.decimals)
        times = (seconds or {}).get(sequence.name)
        if times is None and isinstance(folder, Path):
            times = _times(folder, sequence)
        if row.times and times is not None:
            columns = times.reshape(len(times), -1)[:, : len(runs)]
            lines = [",".join(f"{value:.6f}" for value in frame) for frame in columns]
            files[row.times.format(name=sequence.name)] = ("\n".join(lines) + "\n").encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in sorted(files):
            archive.writestr(zipfile.ZipInfo(place, CLOCK), files[place], zipfile.ZIP_DEFLATED)
    stream.seek(0)
    with zipfile.ZipFile(stream) as archive:
        _check(archive, f"results of {tracker} in {results_dir}", benchmark)
    write_bytes(out, stream.getvalue())
    return len(runs)


def _times(folder: Path, sequence: Sequence) -> Array | None:
    """Seconds of each frame (N,) or of each and repetition (N, R), where a file beside the results holds them."""
    name = f"{sequence.name}_time.txt"
    for path in (folder / sequence.name / name, folder / name, folder / "times" / name):
        if path.is_file():
            rows = np.array(parse_rows(read_text(path), path, widths=range(1, 16)), dtype=np.float64)
            return rows[:, 0] if rows.shape[1] == 1 else rows
    return None


def check_archive(path: Path, benchmark: Benchmark) -> int:
    """Check an archive as the server would; returns the repetitions in it.

    Raises
    ------
    InputError
        If it is no zip; or listing all that the server would refuse, by cause.
    """
    do = "Write it anew"
    with open_outside(path, limit=LARGEST, kind="an archive of results", do=do) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                return _check(archive, str(path), benchmark)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise InputError(
                f"{path} is not a valid zip file ({error})", do=do, reason="bad format"
            ) from None


def _check(archive: zipfile.ZipFile, where: str, benchmark: Benchmark) -> int:
    row, problems = SUBMISSIONS[benchmark.name], Collected()
    there = {name for name in archive.namelist() if not name.endswith("/")}
    if (known := len(benchmark.sequences)) != row.count:
        problems.add(
            f"{known} sequences are here, but the server wants {row.count}", reason="missing sequences"
        )
    wanted: set[str] = set()
    runs = max([n for n in range(1, row.runs + 1) if _has(there, row, benchmark, n)], default=1)
    for sequence in benchmark.sequences:
        places = [row.path.format(name=sequence.name, run=number) for number in range(1, runs + 1)]
        times = [row.times.format(name=sequence.name)] * bool(row.times)
        for place, width in [*((place, 4) for place in places), *((place, runs) for place in times)]:
            wanted.add(place)
            if place not in there:
                kind = "results" if width == 4 and place in places else "times"
                problems.add(f"{place} is missing", reason=f"missing {kind}")
                continue
            with problems.catching():
                _check_file(archive, place, width, sequence, first=place in places)
    for place in sorted(there - wanted):
        problems.add(f"{place} is not a file that the server accepts", reason="other files")
    problems.check(where, do="Complete the results: the server scores no part of them")
    return runs


def _has(there: set[str], row: Submission, benchmark: Benchmark, run: int) -> bool:
    return any(row.path.format(name=sequence.name, run=run) in there for sequence in benchmark.sequences)


def _check_file(archive: zipfile.ZipFile, place: str, width: int, sequence: Sequence, *, first: bool) -> None:
    with archive.open(place) as stream:
        content = stream.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise InputError(f"{place} has more than {LIMIT:,} bytes", reason="file too large")
    rows = np.array(parse_rows(content.decode("utf-8", "replace"), place, widths=(width,)))
    if len(rows) != len(sequence):
        raise InputError(f"{place}: {len(rows)} rows, but {len(sequence)} frames", reason="wrong length")
    if (bad := ~np.isfinite(rows).all(axis=1)).any():
        raise InputError(
            f"{place}, line {int(np.argmax(bad)) + 1}: {rows[bad][0].tolist()}", reason="bad row"
        )
    given = sequence.annotation[0]
    if first and np.abs(rows[0] - given).max() > NEAR:
        raise InputError(
            f"{place}: its first row is {rows[0].tolist()}, but the given box is {given.tolist()}",
            reason="other first box",
        )
