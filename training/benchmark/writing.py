"""Results written as other tools read them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from curation.files import write_bytes
from curation.rows import unknown_name
from training.benchmark.finding import GOT10K_FOLDERS
from training.benchmark.formats.jwlim import json_bytes
from training.benchmark.formats.matlab import mat_bytes
from training.benchmark.formats.segments import Segment
from training.benchmark.formats.text import text_bytes, times_bytes
from training.benchmark.records import Benchmark, Sequence, to_base
from training.benchmark.starts import temporal_starts
from training.benchmark.supervised import DETERMINISTIC_AFTER
from training.benchmark.trajectories import Trajectory, write_trajectories

Array = NDArray[np.float64]

FORMATS = {
    "otb": "<tracker>/<sequence>.txt, commas, 1-based: the track stage's own",
    "otb-mat": "<sequence>_<tracker>.mat of the MATLAB toolkit, 1-based",
    "got10k": "<dataset>/<tracker>/<sequence>.txt, commas, base of the ground truth; Tiger1: all 354 rows",
    "pysot": "<tracker>/<video>.txt, commas, base of the ground truth",
    "pytracking": "<tracker>/default/<sequence>.txt, tabs, base of the ground truth",
    "jwlim": "OPE/<tracker>/<sequence>.json, 1-based",
    "vot": "<tracker>/baseline/<sequence>/<sequence>_001.txt, 0-based (MATLAB and Python toolkits)",
}
"""Names of formats with where a result goes and its coordinates. For VOT: `vot`, `got10k`, `pysot`."""
VOT_FORMATS = ("vot", "got10k", "pysot")


def check_format(name: str, benchmark: Benchmark) -> None:
    """Raise `InputError` for a name that is no format, or for one that does not hold a benchmark's results."""
    if name not in FORMATS:
        raise unknown_name("result format", name, list(FORMATS))
    if (benchmark.kind == "vot" and name not in VOT_FORMATS) or (benchmark.kind == "ope" and name == "vot"):
        raise InputError(
            f"the format {name} does not hold results of {benchmark.title}",
            do="For VOT use vot, got10k or pysot; for the others anything but vot",
            reason="bad format",
        )


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
        One of `FORMATS` except `vot`.
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
    return write_file_boxes(
        out, tracker, benchmark, sequence, to_base(boxes, 0, sequence.base), form=form, seconds=seconds
    )


def write_file_boxes(
    out: Path,
    tracker: str,
    benchmark: Benchmark,
    sequence: Sequence,
    boxes: Array,
    *,
    form: str = "otb",
    seconds: Array | None = None,
) -> Path:
    """`write_boxes` of boxes that are in the benchmark's file coordinates already."""
    check_lead_in(form, sequence, len(boxes))
    name = sequence.names.get(form.removeprefix("otb-").replace("mat", "matlab"), sequence.name)
    fps = None if seconds is None or not seconds.sum() else float(len(seconds) / seconds.sum())
    segment = Segment(boxes, sequence.first_frame, fps=fps)
    begin = sequence.first_frame - len(sequence.lead_in)
    if form == "otb":
        return _write(out / tracker / f"{name}.txt", text_bytes(boxes))
    if form == "otb-mat":
        return _write(out / f"{name}_{tracker}.mat", mat_bytes([segment], anno_begin=begin))
    if form == "jwlim":
        name = sequence.names.get("pysot", name)
        content = json_bytes([segment], tracker=tracker, sequence=name)
        return _write(out / "OPE" / tracker / f"{name}.json", content)
    if form == "got10k":
        folder = out / GOT10K_FOLDERS.get(benchmark.name, benchmark.name) / tracker
        rows = boxes if len(boxes) != len(sequence) else np.concatenate([sequence.lead_in, boxes])
        if seconds is not None:
            padded = np.concatenate([np.zeros(len(rows) - len(seconds)), seconds])
            _write(folder / "times" / f"{name}_time.txt", times_bytes(padded))
        return _write(folder / f"{name}.txt", text_bytes(rows))
    folder = out / tracker / ("default" if form == "pytracking" else "")
    if seconds is not None and form == "pytracking":
        _write(folder / f"{name}_time.txt", times_bytes(seconds))
    return _write(folder / f"{name}.txt", text_bytes(boxes, "\t" if form == "pytracking" else ","))


def check_lead_in(form: str, sequence: Sequence, rows: int) -> None:
    """Raise `InputError` where got10k expects rows (Tiger1 1-5) that the annotation file lacks."""
    whole = len(sequence) + sequence.trimmed
    if form == "got10k" and sequence.trimmed and rows != whole:
        raise InputError(
            f"{sequence.name}: got10k expects {whole} rows, but the annotation lacks the {sequence.trimmed} "
            f"before frame {sequence.first_frame}",
            do="Give a root with the whole annotation, as its authors distribute it",
            reason="wrong length",
        )


def _write(path: Path, content: bytes) -> Path:
    write_bytes(path, content)
    return path


def write_starts(
    out: Path,
    tracker: str,
    sequence: Sequence,
    runs: Items[Array] | Mapping[str, Array],
    *,
    form: Literal["otb-mat", "jwlim"] = "otb-mat",
) -> Path:
    """Write the runs of TRE or SRE on one sequence, in the formats that hold several runs.

    Parameters
    ----------
    out, tracker, sequence
        As for `write_boxes`.
    runs : sequence or mapping of (n, 4) float64
        What `starts.run_temporal` or `starts.run_spatial` returned: `x y w h`, 1-based.
    form : {"otb-mat", "jwlim"}
    """
    first = sequence.first_frame
    if isinstance(runs, Mapping):
        kind = "SRE"
        segments = [Segment(boxes, first, shift) for shift, boxes in runs.items()]
    else:
        kind = "TRE"
        begins = [first + start for start in temporal_starts(sequence)]
        segments = [Segment(boxes, begin) for boxes, begin in zip(runs, begins, strict=True)]
    if form == "jwlim":
        name = sequence.names.get("pysot", sequence.name)
        content = json_bytes(segments, tracker=tracker, sequence=name, evaluation=kind)
        return _write(out / kind / tracker / f"{name}.json", content)
    name = sequence.names.get("matlab", sequence.name)
    content = mat_bytes(segments, anno_begin=first - len(sequence.lead_in))
    return _write(out / f"{name}_{tracker}.mat", content)


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
    check_format(form, benchmark)
    folder = out / GOT10K_FOLDERS.get(benchmark.name, benchmark.name) if form == "got10k" else out
    copies = DETERMINISTIC_AFTER if len(runs) == 1 and experiment == "baseline" else 1
    return write_trajectories(folder / tracker, sequence.name, list(runs) * copies, experiment=experiment)
