"""The libraries that decode, scale and encode pictures; others may give other bytes."""

from __future__ import annotations

import re
from functools import cache

import cv2

UNKNOWN = "unknown"
"""In place of `codec()`, for pictures from before it was noted."""


@cache
def codec() -> str:
    """OpenCV's version and that of the JPEG library it was built with: `OpenCV 5.0.0, libjpeg-turbo 3.1.2-70`.

    A system's own OpenCV names the library's file in place of its name.
    """
    found = re.search(r"^\s*JPEG:\s*(.*)$", cv2.getBuildInformation(), re.MULTILINE)
    jpeg = found[1].strip() if found else "no JPEG library"
    plain = re.fullmatch(r"(?:build-|.*/)?(\S+) \(ver ([^)]+)\)", jpeg)
    return f"OpenCV {cv2.__version__}, {f'{plain[1]} {plain[2]}' if plain else jpeg}"
