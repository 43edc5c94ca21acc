"""The reference's cropping steps, written plainly and apart from the library: what exact and fast are measured against.

Per object: the mean of the whole frame, a padded copy of the whole frame, a slice, a resize. Coordinates are
1-based and inclusive throughout, as in the recipe; the library derives its 0-based windows from the same facts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import cv2
import numpy as np

EXEMPLAR, SEARCH, CONTEXT, QUALITY = 127, 255, 0.5, 90


def away(value: float) -> int:
    """Nearest integer, halves away from zero, as C's and Python 2's `round`."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def sides(
    width: float, height: float, *, search: float = SEARCH, exemplar: float = EXEMPLAR
) -> tuple[int, int]:
    """Whole sides in frame pixels of the exemplar and the search square of a box."""
    context = CONTEXT * (width + height)
    s_z = np.sqrt((width + context) * (height + context))
    pixels_per_pixel = exemplar / s_z
    s_x = s_z + 2 * ((search - exemplar) / 2 / pixels_per_pixel)
    return away(s_z), away(s_x)


def square(frame: Any, centre: tuple[float, float], side: int, size: int) -> Any:
    """The square of `side` pixels around `centre` (x, y), padded with the frame's mean, resized to `size`."""
    means = [np.mean(frame[:, :, channel]) for channel in range(3)]
    height, width = frame.shape[:2]
    x1 = away(centre[0] - (side + 1) / 2)
    y1 = away(centre[1] - (side + 1) / 2)
    x2, y2 = x1 + side - 1, y1 + side - 1
    before = (max(0, 1 - y1), max(0, 1 - x1))
    after = (max(0, y2 - height), max(0, x2 - width))
    if any(before) or any(after):
        rows, columns = zip(before, after, strict=True)
        padded = [
            np.pad(frame[:, :, channel], (rows, columns), "constant", constant_values=means[channel])
            for channel in range(3)
        ]
        frame = np.stack(padded, axis=2)
    y1, y2, x1, x2 = y1 + before[0], y2 + before[0], x1 + before[1], x2 + before[1]
    patch = frame[y1 - 1 : y2, x1 - 1 : x2]
    return cv2.resize(patch, (size, size), interpolation=cv2.INTER_CUBIC) if side != size else patch


def crops(
    frame: Any, box: Sequence[float], *, search: int = SEARCH, exemplar: int = EXEMPLAR
) -> tuple[Any, Any]:
    """Exemplar and search crop of a box (x, y, w, h), 0-based as the XML has it."""
    x, y, width, height = box
    centre = (x + width / 2, y + height / 2)
    s_z, s_x = sides(width, height, search=search, exemplar=exemplar)
    return square(frame, centre, s_z, exemplar), square(frame, centre, s_x, search)


def read_objects(xml: Path) -> list[tuple[int, tuple[float, float, float, float]]]:
    """(trackid, (x, y, w, h)) of every object in a VID XML."""
    found = []
    for item in ET.parse(xml).getroot().iter("object"):
        edge = {name: float(item.findtext(f"bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")}
        width, height = edge["xmax"] - edge["xmin"] + 1, edge["ymax"] - edge["ymin"] + 1
        found.append((int(item.findtext("trackid", "")), (edge["xmin"], edge["ymin"], width, height)))
    return found


def crop_tree(annotations: Path, frames: Path, out: Path) -> int:
    """Crop every object under `annotations/<video>/*.xml` into loose files; return the number of objects."""
    count = 0
    for video in sorted(annotations.iterdir()):
        folder = out / video.name
        folder.mkdir(parents=True, exist_ok=True)
        for xml in sorted(video.glob("*.xml")):
            frame = cv2.imread(str(frames / video.name / f"{xml.stem}.JPEG"))
            for track, box in read_objects(xml):
                for kind, crop in zip("zx", crops(frame, box), strict=True):
                    name = folder / f"{xml.stem}.{track:02d}.crop.{kind}.jpg"
                    cv2.imwrite(str(name), crop, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                count += 1
    return count
