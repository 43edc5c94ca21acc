"""Result files of the MATLAB OTB toolkit: `<sequence>_<tracker>.mat`.

Variable `results`: a cell array of structs with `res` (N x 4, `x y w h`, 1-based), `type` ("rect", or one of
`affine.KINDS`), `len`, `annoBegin`, `startFrame`, and often `fps`. One struct for OPE, 20 for TRE, 12 (with
`shiftType`) for SRE. Some packages hold the boxes alone instead, in a variable of `BARE`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from collections.abc import Sequence as Items
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from curation.outside import read_outside
from training.benchmark.results.formats.affine import boxes_of
from training.benchmark.results.formats.format_row import Format, Result
from training.benchmark.results.formats.mat_file import MatError, Matrix, find_variable
from training.benchmark.results.formats.runs_array import repeated
from training.benchmark.results.formats.segments import LIMIT, Segment, frame_number, frame_rate

EXPECTED = "Expected a result file of the MATLAB OTB toolkit"
BARE = ("result", "res", "boxes", "bboxes", "rects")
"""Names of a variable that holds boxes (N, 4), or repetitions (R, N, 4), alone."""
HEADER = b"MATLAB 5.0 MAT-file, written by training.benchmark"
"""Stands where scipy puts the time of writing, so that the same results give the same bytes."""
HEADER_LENGTH = 116


def read_mat(path: Path) -> list[Segment]:
    """Runs in a file, in its order.

    Raises
    ------
    InputError
        If it is no such file, its results are of an unknown type, or something else than a number stands where one
        belongs.
    """
    try:
        content = read_outside(path, limit=LIMIT, kind="a result file", do=EXPECTED)
        results = find_variable(content, "results")
        if results is None:
            bare = next(filter(None, (find_variable(content, name) for name in BARE)), None)
            if bare is None:
                raise MatError("has no variable `results`")
            numbers = bare.numbers()
            return [
                repeated(numbers) if numbers.ndim == 3 else Segment(boxes_of("rect", numbers, np.empty(0)))
            ]
        found = [_segment(record) for cell in results.cells() for record in cell.records()]
        if not found:
            raise MatError("has no field `res`")
        return found
    except FileNotFoundError:
        raise _bad(path, "is missing") from None
    except (MatError, ValueError) as error:
        raise _bad(path, str(error)) from None


def _segment(record: Mapping[str, Matrix]) -> Segment:
    if "res" not in record:
        raise MatError("has no field `res`")
    kind = record["type"].text() if "type" in record else "rect"
    boxes = boxes_of(kind, _numbers(record, "res"), _numbers(record, "tmplsize").ravel())
    first = _numbers(record, "startFrame").ravel()
    return Segment(
        boxes,
        first_frame=frame_number(float(first[0])) if len(first) else 1,
        shift=record["shiftType"].text() if "shiftType" in record else "",
        fps=_rate(record),
    )


def _rate(record: Mapping[str, Matrix]) -> float | None:
    try:
        rate = _numbers(record, "fps").ravel()
    except MatError:  # what decides no score may be anything
        return None
    return frame_rate(float(rate[0])) if len(rate) else None


def _numbers(record: Mapping[str, Matrix], field: str) -> NDArray[np.float64]:
    """The numbers of a field, empty where there is none."""
    try:
        return record[field].numbers() if field in record else np.empty(0)
    except MatError as error:
        raise MatError(f"has a field `{field}` that {error}") from None


def _bad(path: Path, what: str) -> InputError:
    return InputError(f"{path} {what}", do=EXPECTED, reason="bad format")


def mat_bytes(segments: Items[Segment], *, anno_begin: int) -> bytes:
    """A file that the MATLAB toolkit reads; `anno_begin` is the image number of the first annotation row."""
    cells = np.empty(len(segments), dtype=object)
    for i, segment in enumerate(segments):
        cells[i] = {
            "type": "rect",
            "res": segment.boxes,
            "len": float(len(segment.boxes)),
            "annoBegin": float(anno_begin),
            "startFrame": float(segment.first_frame),
            **({"fps": segment.fps} if segment.fps is not None else {}),
            **({"shiftType": segment.shift} if segment.shift else {}),
        }
    stream = io.BytesIO()
    import scipy.io  # here, for a list of the formats needs none of it

    scipy.io.savemat(stream, {"results": cells})
    return HEADER.ljust(HEADER_LENGTH) + stream.getvalue()[HEADER_LENGTH:]


def _write(result: Result) -> dict[str, bytes]:
    begin = result.sequence.first_frame - len(result.sequence.lead_in)
    content = mat_bytes(result.segments, anno_begin=begin)
    return {f"{result.name('matlab')}_{result.tracker}.mat": content}


OTB_MAT = Format(
    "otb-mat", "<sequence>_<tracker>.mat of the MATLAB toolkit, 1-based", _write, read_mat, ending=".mat"
)
