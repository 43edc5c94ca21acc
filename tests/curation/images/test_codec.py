"""The names of the picture libraries, as OpenCV's builds give them."""

from __future__ import annotations

import re

import cv2
import pytest

from curation.images.codec import codec


def test_the_libraries_here_have_versions() -> None:
    assert re.fullmatch(r"OpenCV \d+\.\d+\.\d+\S*, .*\d.*", codec())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("JPEG:      build-libjpeg-turbo (ver 3.1.2-70)", "libjpeg-turbo 3.1.2-70"),
        ("JPEG:      /usr/lib/x86_64-linux-gnu/libjpeg.so (ver 62)", "libjpeg.so 62"),
        ("JPEG:      NO", "NO"),
        ("PNG:       build (ver 1.6.37)", "no JPEG library"),
    ],
)
def test_builds_of_all_kinds(line: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: f"  Media I/O:\n    {line}\n")
    codec.cache_clear()
    assert codec() == f"OpenCV {cv2.__version__}, {name}"
    codec.cache_clear()
