"""Result files of the Python OTB toolkit of J. Lim: `results/OPE/<tracker>/<sequence>.json`.

A list of runs (one for OPE, 20 for TRE, 12 for SRE), each an object with `tracker`, `seqName`, `startFrame`,
`endFrame`, `evalType`, `fps`, `shiftType`, `resType` ("rect"), `tmplsize`, `res` (N lists `x y w h`,
1-based). A single object instead of the list is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path

import numpy as np
import orjson

from curation.errors import InputError
from training.benchmark.formats.segments import Segment


def read_json(path: Path) -> list[Segment]:
    """Runs in a file, in its order.

    Raises
    ------
    InputError
        If it is no such file, or its boxes are of another type than "rect".
    """
    try:
        document = orjson.loads(path.read_bytes().replace(b"NaN", b"null"))
    except (OSError, orjson.JSONDecodeError) as error:
        raise _bad(path, f"cannot be read ({error})") from None
    runs = document if isinstance(document, list) else [document]
    segments = []
    for run in runs:
        if not isinstance(run, dict) or "res" not in run:
            raise _bad(path, "has no `res`")
        kind = run.get("resType", run.get("type", "rect"))
        if kind != "rect":
            raise InputError(
                f"{path}: results of type {kind!r}",
                do="Convert them to boxes (type 'rect') first",
                reason="bad format",
            )
        try:
            boxes = np.array(run["res"], dtype=np.float64)
            fps = None if run.get("fps") is None else float(run["fps"])
            first = int(run.get("startFrame", 1))
        except (TypeError, ValueError) as error:
            raise _bad(path, f"holds something else than numbers ({error})") from None
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise _bad(path, f"holds an array of shape {boxes.shape} instead of N x 4")
        shift = run.get("shiftType")
        segments.append(
            Segment(boxes, first, shift if isinstance(shift, str) and shift != "None" else "", fps)
        )
    if not segments:
        raise _bad(path, "holds no run")
    return segments


def _bad(path: Path, what: str) -> InputError:
    return InputError(f"{path} {what}", do="Expected a JSON result of jwlim's toolkit", reason="bad format")


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
