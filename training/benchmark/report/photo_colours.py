"""The colours of boxes on photographs: those of the page, where each tracker has one (`palette.Series.colour`)."""

from __future__ import annotations

import re
from pathlib import Path

from training.benchmark.report.palette import COLOURS

STYLE = Path(__file__).parent / "templates" / "style.css"

Colour = tuple[int, int, int]
"""Blue, green, red: 0..255."""


def photo_colours() -> tuple[tuple[Colour, ...], Colour]:
    """The colours of trackers, by the number of the series' colour, and that of the ground truth."""
    found = dict(re.findall(r"--(p\d+|truth): #([0-9a-f]{6})", STYLE.read_text(encoding="utf-8")))
    return tuple(_bgr(found[f"p{number}"]) for number in range(COLOURS)), _bgr(found["truth"])


def _bgr(code: str) -> Colour:
    red, green, blue = bytes.fromhex(code)
    return blue, green, red
