"""Draw the box in the colour of the target's visibility, numbers and the response map; and a grid."""

from __future__ import annotations

import cv2
import numpy as np

from training.tracking.interface import Box, Frame, Sight

BLACK = (0, 0, 0)
COLOURS = {"clear": (80, 220, 60), "doubtful": (0, 165, 255), "hidden": (60, 60, 235)}
"""BGR of the box and of what is written, by how well the target is seen: green, orange, red."""

INSET = 0.3
"""Width of a response in the picture, of the frame's shorter side."""

DRAWABLE = 16384
"""Drawing takes short coordinates: boxes beyond this many pixels are clipped for it."""

LINES = 12
"""Lines of a grid along the longer side, about."""


def draw(
    frame: Frame, box: Box, number: int, *, sight: Sight | None = None, response: np.ndarray | None = None
) -> Frame:
    """A frame with the box and its number drawn in.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        BGR; not changed.
    box : (4,) float
        xywh.
    number : int
        1-based.
    sight : {"clear", "doubtful", "hidden"}, optional
        Written beside the number unless clear, and the colour of all that is drawn; without it, that of clear.
    response : (h, w) float array, optional
        Drawn small in the upper right corner, from black (lowest) to yellow, with its peak as a number.
    """
    height, width = frame.shape[:2]
    drawn, colour = frame.copy(), COLOURS[sight or "clear"]
    thick = _thickness(frame)
    corners = np.rint([box[:2], box[:2] + box[2:] - 1])
    corners = np.clip(corners, -DRAWABLE, DRAWABLE).astype(int)
    cv2.rectangle(drawn, corners[0].tolist(), corners[1].tolist(), BLACK, thick + 2)
    cv2.rectangle(drawn, corners[0].tolist(), corners[1].tolist(), colour, thick)
    place, scale = (4 * thick, 14 * thick), 0.45 * thick
    _write(drawn, f"{number} {sight}" if sight and sight != "clear" else str(number), place, scale, colour)
    if response is not None:
        top = _inset(drawn, response, max(1, round(INSET * min(height, width))))
        words = f"{response.max():.2f}"
        (wide, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, thick + 2)
        _write(drawn, words, (max(0, width - wide), top + 14 * thick), scale, colour)
    return drawn


def encoded_grid(frame: Frame) -> bytes:
    """A PNG of a (H, W, 3) uint8 frame with a grid and its coordinates in pixels, to read a box off."""
    height, width = frame.shape[:2]
    drawn, thick = frame.copy(), _thickness(frame)
    wide = max(height, width) / LINES
    step = next(size for tens in range(5) for size in (10**tens, 2 * 10**tens, 5 * 10**tens) if size >= wide)
    for x in range(0, width, step):
        cv2.line(drawn, (x, 0), (x, height - 1), COLOURS["clear"], 1)
        _write(drawn, str(x), (x + 2, 12 * thick), 0.4 * thick, COLOURS["clear"])
    for y in range(0, height, step):
        cv2.line(drawn, (0, y), (width - 1, y), COLOURS["clear"], 1)
        _write(drawn, str(y), (2, y + 12 * thick), 0.4 * thick, COLOURS["clear"])
    return bytes(cv2.imencode(".png", drawn)[1])


def _thickness(frame: Frame) -> int:
    return max(1, round(min(frame.shape[:2]) / 200))


def _write(
    drawn: Frame, words: str, place: tuple[int, int], scale: float, colour: tuple[int, int, int]
) -> None:
    thick = _thickness(drawn)
    for shade, weight in ((BLACK, thick + 2), (colour, thick)):
        cv2.putText(drawn, words, place, cv2.FONT_HERSHEY_SIMPLEX, scale, shade, weight, cv2.LINE_AA)


def _inset(drawn: Frame, response: np.ndarray, side: int) -> int:
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
