"""Crop geometry: from an annotated box to the square windows of its frame. Numbers only, no pixels.

Boxes are `(x, y, w, h)` in pixels, 0-based, with `w = xmax - xmin + 1`. A window is a square of whole
pixels. Everything here follows SiamFC's curation [1]_ operation by operation, because half a unit in the
last place is enough to round a window to another pixel, and another pixel is another crop.

References
----------
.. [1] L. Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", ECCVW 2016,
   section 2.1 (context), and the crops made by its public curation scripts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Window(NamedTuple):
    """A square of `side` x `side` pixels from pixel `left`, `top` on, 0-based, maybe outside the image."""

    left: int
    top: int
    side: int


@dataclass(frozen=True)
class CropGeometry:
    """How much of a frame a crop shows. The stage `crop` sets it; all users of crops read it.

    It travels in the header of the imdb and, from there, in the metadata of trained weights.

    Parameters
    ----------
    exemplar_size, search_size : int
        Sides of the exemplar and of the stored search crop, pixels.
    context : float
        Margin around the box, as a share of its width plus height.
    """

    exemplar_size: int
    search_size: int
    context: float


SIAMFC = CropGeometry(exemplar_size=127, search_size=255, context=0.5)
"""That of the published crops."""


def round_half_away(value: float) -> int:
    """Round to the nearest integer, halves away from zero (2.5 -> 3, -2.5 -> -3).

    Python's own `round` takes halves to the even neighbour, which moves about four windows in ten by a pixel:
    with an odd side and integer boxes the exact position is often a half.
    """
    magnitude = abs(value)
    below = math.floor(magnitude)
    rounded = below + (magnitude - below >= 0.5)  # an exact difference; magnitude + 0.5 may not be
    return rounded if value > 0 else -rounded


def exemplar_side(width: float, height: float, context: float) -> float:
    """Side, in frame pixels, of the exemplar square of a box: `sqrt((w + p)(h + p))`, `p = context (w + h)`.

    With `context` = 0.5 this is SiamFC's `p = (w + h) / 2`.
    """
    margin = context * (width + height)
    return math.sqrt((width + margin) * (height + margin))


def search_side(width: float, height: float, context: float, exemplar_size: int, search_size: int) -> float:
    """Side, in frame pixels, of the search square: the exemplar's, with the margin that gives both one scale.

    Mathematically `exemplar_side * search_size / exemplar_size`, computed in the order the published crops
    were made with: the margin is `(search_size - exemplar_size) / 2` output pixels on each side.
    """
    side = exemplar_side(width, height, context)
    margin = (search_size - exemplar_size) / 2 / (exemplar_size / side)
    return side + 2 * margin


def centred_window(box: Sequence[float], side: float) -> Window:
    """The window of `round(side)` pixels around the centre of a box.

    Parameters
    ----------
    box : sequence of 4 numbers
        x, y, w, h, 0-based pixels.
    side : float
        Wanted side in pixels, at least 0.5.

    Returns
    -------
    Window
        The centre is taken as `x + w / 2`, and the window starts at `round(centre - (side + 1) / 2) - 1`.
        The two ones stem from code written for 1-based pixels; the crops in use everywhere were made that
        way, and the target is off their exact middle by at most one pixel of the frame.
    """
    x, y, width, height = box
    pixels = round_half_away(side)
    half = (pixels + 1) / 2
    return Window(
        left=round_half_away(x + width / 2 - half) - 1,
        top=round_half_away(y + height / 2 - half) - 1,
        side=pixels,
    )
