"""Result files of the Python OTB toolkit of J. Lim: `results/OPE/<tracker>/<sequence>.json`.

A list of runs (one for OPE, 20 for TRE, 12 for SRE), each an object with `tracker`, `seqName`, `startFrame`,
`endFrame`, `evalType`, `fps`, `shiftType`, `resType` ("rect", or one of `affine.KINDS`), `tmplsize`, `res` (N lists
`x y w h`, 1-based). A single object instead of the list is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.errors import InputError
from curation.outside import read_outside
from training.benchmark.results.formats.affine import boxes_of
from training.benchmark.results.formats.format_row import Format, Result
from training.benchmark.results.formats.segments import LIMIT, Segment, frame_number, frame_rate

EXPECTED = "Expected a JSON result of jwlim's toolkit"


def read_json(path: Path) -> list[Segment]:
    """Runs in a file, in its order.

    Raises
    ------
    InputError
        If it is no such file, its results are of an unknown type, or something else than a number stands where one
        belongs.
    """
    try:
        content = read_outside(path, limit=LIMIT, kind="a result file", do=EXPECTED)
        document = orjson.loads(content.replace(b"NaN", b"null"))
    except FileNotFoundError:
        raise _bad(path, "is missing") from None
    except orjson.JSONDecodeError as error:
        raise _bad(path, f"cannot be read ({error})") from None
    runs = document if isinstance(document, list) else [document]
    if not runs:
        raise _bad(path, "holds no run")
    return [_segment(path, run) for run in runs]


def _segment(path: Path, run: Any) -> Segment:
    if not isinstance(run, dict) or "res" not in run:
        raise _bad(path, "has no `res`")
    kind = run.get("resType", run.get("type", "rect"))
    try:
        numbers = _numbers(run["res"])
        size = _numbers(run.get("tmplsize") or [])
        first = frame_number(_number(run.get("startFrame", 1)))
    except (TypeError, ValueError) as error:
        raise _bad(path, f"holds something else than numbers ({error})") from None
    try:
        boxes = boxes_of(str(kind), numbers, size.ravel())
    except ValueError as error:
        raise _bad(path, str(error)) from None
    rate, shift = run.get("fps"), run.get("shiftType")
    return Segment(
        boxes,
        first_frame=first,
        shift=shift if isinstance(shift, str) and shift != "None" else "",
        fps=frame_rate(rate) if isinstance(rate, int | float) else None,
    )


def _numbers(values: Any) -> NDArray[np.float64]:
    """Nested lists of numbers and nulls, which stand for NaN."""
    flat = list(values)
    while any(isinstance(value, list) for value in flat):
        flat = [value for inner in flat for value in inner]
    for value in flat:
        _number(0 if value is None else value)
    return np.array(values, dtype=np.float64)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:60]!r} is none")
    return value


def _bad(path: Path, what: str) -> InputError:
    return InputError(f"{path} {what}", do=EXPECTED, reason="bad format")


def json_bytes(segments: Items[Segment], *, tracker: str, sequence: str, evaluation: str = "OPE") -> bytes:
    """A file that the Python toolkit reads."""
    runs = [
        {
            "tracker": tracker,
            "seqName": sequence,
            "startFrame": segment.first_frame,
            "endFrame": segment.first_frame + len(segment.boxes) - 1,
            "evalType": evaluation,
            "fps": segment.fps,
            "shiftType": segment.shift or None,
            "resType": "rect",
            "tmplsize": None,
            "res": segment.boxes.tolist(),
        }
        for segment in segments
    ]
    return orjson.dumps(runs)


def _write(result: Result) -> dict[str, bytes]:
    name = result.name("pysot")
    content = json_bytes(result.segments, tracker=result.tracker, sequence=name, evaluation=result.evaluation)
    return {f"{result.evaluation}/{result.tracker}/{name}.json": content}


JWLIM = Format("jwlim", "OPE/<tracker>/<sequence>.json, 1-based", _write, read_json, ending=".json")
