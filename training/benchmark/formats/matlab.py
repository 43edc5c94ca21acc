"""Result files of the MATLAB OTB toolkit: `<sequence>_<tracker>.mat`.

Variable `results`: a cell array of structs with `res` (N x 4, `x y w h`, 1-based), `type` ("rect"), `len`,
`annoBegin`, `startFrame`, and often `fps`. One struct for OPE, 20 for TRE, 12 (with `shiftType`) for SRE.
"""

from __future__ import annotations

import io
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from curation.errors import InputError
from training.benchmark.formats.segments import Segment

HEADER = b"MATLAB 5.0 MAT-file, written by training.benchmark"
"""Stands where scipy puts the time of writing, so that the same results give the same bytes."""
HEADER_LENGTH = 116


def read_mat(path: Path) -> list[Segment]:
    """Runs in a file, in its order.

    Raises
    ------
    InputError
        If it is no such file, or its boxes are of another type than "rect".
    """
    try:
        results = scipy.io.loadmat(str(path), variable_names=["results"])["results"]
    except KeyError:
        raise _bad(path, "has no variable `results`") from None
    except (OSError, ValueError, TypeError, NotImplementedError, scipy.io.matlab.MatReadError) as error:
        raise _bad(path, f"cannot be read ({error})") from None
    return [_segment(path, cell) for cell in np.asarray(results).ravel()]


def _segment(path: Path, cell: Any) -> Segment:
    record = cell.ravel()[0] if isinstance(cell, np.ndarray) and cell.size else cell
    names = getattr(getattr(record, "dtype", None), "names", None) or ()
    if "res" not in names:
        raise _bad(path, "has no field `res`")
    kind = "".join(str(part) for part in np.ravel(record["type"])) if "type" in names else "rect"
    if kind != "rect":
        raise InputError(
            f"{path}: results of type {kind!r}",
            do="Convert them to boxes (type 'rect') first",
            reason="bad format",
        )
    boxes = np.array(record["res"], dtype=np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes):
        raise _bad(path, f"holds an array of shape {boxes.shape} instead of N x 4")
    return Segment(
        boxes,
        first_frame=int(_number(record, names, "startFrame", 1)),
        shift="".join(str(part) for part in np.ravel(record["shiftType"])) if "shiftType" in names else "",
        fps=_number(record, names, "fps", None),
    )


def _number(record: Any, names: Items[str], name: str, default: Any) -> Any:
    values = np.ravel(record[name]) if name in names else np.empty(0)
    return float(values[0]) if values.size else default


def _bad(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} {what}", do="Expected a result file of the MATLAB OTB toolkit", reason="bad format"
    )


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
    scipy.io.savemat(stream, {"results": cells})
    return HEADER.ljust(HEADER_LENGTH) + stream.getvalue()[HEADER_LENGTH:]
