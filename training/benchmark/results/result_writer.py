"""Write results in the formats of other tools."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Literal

from curation.errors import InputError
from curation.files import write_bytes
from training.benchmark.arrays import Array
from training.benchmark.results.formats.format_row import Format, Result
from training.benchmark.results.formats.format_table import FORMATS
from training.benchmark.results.formats.segments import Segment
from training.benchmark.scores.starts import Starts, starts_of
from training.benchmark.sequences.sequence import Benchmark, Sequence, to_base
from training.benchmark.trajectory import DETERMINISTIC_AFTER, Trajectory, write_anchored, write_trajectories


def check_format(name: str, benchmark: Benchmark) -> Format:
    """The format of that name, if it holds results of this benchmark.

    Raises
    ------
    InputError
        For a name that is no format, or a format that does not hold them.
    """
    form = FORMATS[name]
    if form.vot is None if benchmark.kind == "vot" else form.write is None:
        vot = ", ".join(row.name for row in FORMATS.values() if row.vot is not None)
        raise InputError(
            f"the format {form.name} does not hold results of {benchmark.title}",
            do=f"For VOT use one of {vot}; for the others anything but vot",
            reason="bad format",
        )
    return form


def write_boxes(
    out: Path,
    tracker: str,
    benchmark: Benchmark,
    sequence: Sequence,
    boxes: Array,
    *,
    form: str = "otb",
    seconds: Array | None = None,
) -> Path:
    """Write the result of one sequence.

    Parameters
    ----------
    out : Path
        Folder under which the format puts its own folders.
    tracker : str
    benchmark : Benchmark
    sequence : Sequence
    boxes : (N, 4) float64
        `x y w h`, 0-based, the first row the box the tracker was started on.
    form : str
        A key of `FORMATS` except `vot`.
    seconds : (N,) float64 or None
        Time of each frame: written beside by got10k and pytracking, as fps by otb-mat and jwlim.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the boxes are not as many as the frames (both numbers are named), or as the format wants.
    """
    check_format(form, benchmark)
    if len(boxes) != len(sequence):
        raise InputError(
            f"{sequence.name}: {len(boxes)} rows, but {len(sequence)} frames",
            do="Give the complete result",
            reason="wrong length",
        )
    moved = to_base(boxes, 0, sequence.base)
    return write_files(out, file_boxes(tracker, benchmark, sequence, moved, form=form, seconds=seconds))


def file_boxes(
    tracker: str,
    benchmark: Benchmark,
    sequence: Sequence,
    boxes: Array,
    *,
    form: str = "otb",
    seconds: Array | None = None,
) -> Mapping[str, bytes]:
    """The files of `write_boxes`, by path, from boxes already in the benchmark's file coordinates."""
    write = FORMATS[form].write
    assert write is not None
    fps = None if seconds is None or not seconds.sum() else float(len(seconds) / seconds.sum())
    segment = Segment(boxes, sequence.first_frame, fps=fps)
    return write(Result(tracker, sequence, [segment], result_folder(benchmark), seconds=seconds))


def write_files(out: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder; returns the last one."""
    for path, content in files.items():
        write_bytes(out / path, content)
    return out / path


def result_folder(benchmark: Benchmark) -> str:
    """got10k's name for a benchmark's folder of results."""
    return next(iter(benchmark.result_folders), benchmark.name)


def write_starts(
    out: Path,
    tracker: str,
    sequence: Sequence,
    evaluation: Starts,
    runs: Items[Array],
    *,
    form: Literal["otb-mat", "jwlim"] = "otb-mat",
) -> Path:
    """Write the runs of TRE or SRE on one sequence, in the formats that hold several runs.

    Parameters
    ----------
    out, tracker, sequence
        As for `write_boxes`.
    evaluation : {"tre", "sre"}
    runs : sequence of (n, 4) float64
        From each of `starts.first_boxes`, in their order: `x y w h`, 1-based.
    form : {"otb-mat", "jwlim"}
    """
    segments = [
        Segment(boxes, sequence.first_frame + row, shift)
        for boxes, (shift, row) in zip(runs, starts_of(evaluation, sequence), strict=True)
    ]
    write = FORMATS[form].write
    assert write is not None
    title: Literal["TRE", "SRE"] = "TRE" if evaluation == "tre" else "SRE"
    return write_files(out, write(Result(tracker, sequence, segments, evaluation=title)))


def write_runs(
    out: Path,
    tracker: str,
    benchmark: Benchmark,
    sequence: Sequence,
    runs: Items[Trajectory],
    *,
    form: str = "vot",
    experiment: str = "baseline",
) -> list[Path]:
    """Write the runs of one VOT sequence.

    A single supervised run, of a tracker that is deterministic, is written three times: so VOT's toolkits
    recognise such a tracker.
    """
    home = check_format(form, benchmark).vot
    assert home is not None
    folder = out / home.format(folder=result_folder(benchmark))
    if sequence.anchors and experiment == "baseline":
        anchored = {anchor.frame: run for anchor, run in zip(sequence.anchors, runs, strict=True)}
        return write_anchored(folder / tracker, sequence.name, anchored)
    copies = DETERMINISTIC_AFTER if len(runs) == 1 and experiment == "baseline" else 1
    return write_trajectories(folder / tracker, sequence.name, list(runs) * copies, experiment=experiment)
