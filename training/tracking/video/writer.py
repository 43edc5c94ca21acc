"""An annotated MP4 that every browser plays: H.264 in 4:2:0, its index in front.

OpenCV's own writer is not used: published builds of OpenCV have no H.264 encoder, browsers do not play its
`mp4v`, and its VP9 takes 20 times as long (226 against 10 ms of processor time per 640 x 360 frame, measured
on one core).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from curation.files import writing
from training.tracking.interface import Box, Frame

GREEN, BLACK = (80, 220, 60), (0, 0, 0)

INSET = 0.3
"""Width of a response in the picture, of the frame's shorter side."""

DRAWABLE = 16384
"""Drawing takes short coordinates: boxes beyond this many pixels are clipped for it."""


class AnnotatedVideo:
    """An MP4 being written; see `annotated`."""

    def __init__(self, container: Any, stream: Any, size: tuple[int, int]) -> None:
        self._container, self._stream = container, stream
        self._size = size

    def add(self, frame: Frame, box: Box, number: int, response: np.ndarray | None = None) -> None:
        """Append a frame.

        Parameters
        ----------
        frame : (H, W, 3) uint8
            BGR; not changed.
        box : (4,) float
            xywh, drawn in.
        number : int
            1-based, drawn in.
        response : (h, w) float array, optional
            Drawn small in the upper right corner, from black (lowest) to yellow, with its peak as a number.
        """
        height, width = frame.shape[:2]
        below, beside = self._size[1] - height, self._size[0] - width
        drawn = cv2.copyMakeBorder(frame, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        thick = max(1, round(min(height, width) / 200))
        corners = np.rint([box[:2], box[:2] + box[2:] - 1])
        corners = np.clip(corners, -DRAWABLE, DRAWABLE).astype(int)
        cv2.rectangle(drawn, corners[0].tolist(), corners[1].tolist(), BLACK, thick + 2)
        cv2.rectangle(drawn, corners[0].tolist(), corners[1].tolist(), GREEN, thick)
        place, scale = (4 * thick, 14 * thick), 0.45 * thick
        _write(drawn, str(number), place, scale, thick)
        if response is not None:
            top = _inset(drawn, response, round(INSET * min(height, width)))
            words = f"{response.max():.2f}"
            (wide, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, thick + 2)
            _write(drawn, words, (max(0, width - wide), top + 14 * thick), scale, thick)
        for packet in self._stream.encode(
            av.VideoFrame.from_ndarray(np.asarray(drawn, np.uint8), format="bgr24")
        ):
            self._container.mux(packet)


def _write(drawn: np.ndarray, words: str, place: tuple[int, int], scale: float, thick: int) -> None:
    for colour, weight in ((BLACK, thick + 2), (GREEN, thick)):
        cv2.putText(drawn, words, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, weight, cv2.LINE_AA)


def _inset(drawn: np.ndarray, response: np.ndarray, side: int) -> int:
    """Draw a response into the upper right corner, `side` pixels wide; the row under it."""
    shape = (side, max(1, round(side * response.shape[0] / response.shape[1])))
    spread = max(float(response.max() - response.min()), 1e-12)
    grey = np.rint(255 * (response - response.min()) / spread).astype(np.uint8)
    picture = cv2.applyColorMap(
        cv2.resize(grey, shape, interpolation=cv2.INTER_NEAREST), cv2.COLORMAP_INFERNO
    )
    part = drawn[: shape[1], -side:]
    part[:] = picture[: part.shape[0], : part.shape[1]]
    return part.shape[0]


@contextmanager
def annotated(path: Path, first: Frame, rate: float) -> Iterator[AnnotatedVideo]:
    """Write an MP4 of frames like `first`; it appears at `path` when the block ends without an error."""
    height, width = first.shape[:2]
    size = (width + width % 2, height + height % 2)  # 4:2:0 needs even sides
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as container:
                stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
                stream.width, stream.height = size
                stream.pix_fmt = "yuv420p"
                stream.options = {"preset": "veryfast", "crf": "23"}
                yield AnnotatedVideo(container, stream, size)
                for packet in stream.encode():
                    container.mux(packet)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
