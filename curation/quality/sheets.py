"""Pictures of crops: sheets of many, strips of one track; boxes drawn, captions below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.crops.geometry import Window
from curation.cures import remake
from curation.errors import InputError

Image = NDArray[np.uint8]

BOX = (80, 230, 80)
OCCLUDED = (40, 150, 255)
MARK = (60, 60, 255)
INK = (230, 230, 230)
PAPER = 24
"""Colours, BGR: a box, one annotated as occluded, the moment meant, captions; grey of the background."""

GAP = 3
"""Pixels between tiles."""
CAPTION = 16
"""Pixels below a tile for its caption."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_QUALITY = 88


@dataclass(frozen=True)
class Tile:
    """One crop to show.

    Parameters
    ----------
    jpeg : bytes or None
        The search crop as stored; None where there is none.
    box : (4,) float64
        x, y, w, h in the frame, 0-based pixels.
    window : Window
        The part of the frame that the crop shows.
    caption : str
    occluded : bool
        Drawn in another colour.
    marked : bool
        Framed, as the moment that a strip is about.
    """

    jpeg: bytes | None
    box: NDArray[np.float64]
    window: Window
    caption: str
    occluded: bool = False
    marked: bool = False


def sheet(tiles: Sequence[Tile], *, columns: int, side: int) -> bytes:
    """A JPEG of tiles, `columns` in a row, each `side` pixels and a caption."""
    return _encode(_grid(tiles, columns, side))


def strips(rows: Sequence[tuple[str, Sequence[Tile]]], *, columns: int, side: int) -> bytes:
    """A JPEG of rows of tiles, each below its title."""
    parts = []
    for title, tiles in rows:
        head = _paper(24, columns * side)
        _write(head, title, (4, 17), 0.45)
        parts += [head, _grid(tiles, columns, side)]
    return _encode(np.concatenate(parts) if parts else _paper(24, columns * side))


def _grid(tiles: Sequence[Tile], columns: int, side: int) -> Image:
    rows = -(-len(tiles) // columns)
    canvas = _paper(max(rows, 1) * (side + CAPTION), columns * side)
    for position, tile in enumerate(tiles):
        top, left = position // columns * (side + CAPTION), position % columns * side
        inner = side - GAP
        canvas[top : top + inner, left : left + inner] = _draw(tile, inner)
        _write(canvas, tile.caption, (left + 3, top + side + 11), 0.33)
    return canvas


def _draw(tile: Tile, side: int) -> Image:
    """The crop scaled to (side, side, 3), with its box."""
    if tile.jpeg is None:
        picture = _paper(side, side)
        _write(picture, "no crop", (side // 2 - 24, side // 2), 0.4)
        return picture
    decoded = cv2.imdecode(np.frombuffer(tile.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise InputError(
            f"the crop {tile.caption} is not a readable JPEG",
            do=f"Run: {remake('crop')}",
            reason="damaged crop",
        )
    picture = np.asarray(cv2.resize(decoded, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    scale = side / tile.window.side
    x, y = (tile.box[:2] - (tile.window.left, tile.window.top)) * scale
    right, bottom = x + tile.box[2] * scale, y + tile.box[3] * scale
    corners = [round(float(value)) for value in (x, y, right - 1, bottom - 1)]
    cv2.rectangle(picture, corners[:2], corners[2:], OCCLUDED if tile.occluded else BOX, 1)
    if tile.marked:
        cv2.rectangle(picture, (0, 0), (side - 1, side - 1), MARK, 2)
    return picture


def _paper(height: int, width: int) -> Image:
    return np.full((height, width, 3), PAPER, np.uint8)


def _write(canvas: Image, text: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(canvas, text, at, _FONT, size, INK, 1, cv2.LINE_AA)


def _encode(picture: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])
