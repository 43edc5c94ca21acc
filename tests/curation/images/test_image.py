"""One image of any kind: as OpenCV reads it, or one clear error."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from curation.images.image import read_image

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "tiff", "webp", "ppm"])
@pytest.mark.parametrize("flags", [cv2.IMREAD_COLOR, cv2.IMREAD_UNCHANGED])
def test_pixels_are_those_of_imread(ending: str, flags: int, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    cv2.imwrite(str(path), IMAGE)
    np.testing.assert_array_equal(read_image(path, flags), cv2.imread(str(path), flags))


def test_a_turned_jpeg_is_turned_as_imread_turns_it(tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", IMAGE)[1].tobytes()
    tags = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6: a quarter turn
    exif = b"\xff\xe1" + (len(tags) + 8).to_bytes(2) + b"Exif\0\0" + tags
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg[:2] + exif + jpeg[2:])
    assert read_image(path).shape == (30, 20, 3)
    np.testing.assert_array_equal(read_image(path), cv2.imread(str(path)))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\xff\xd8\xff\xe0"])
def test_what_is_no_image_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.jpg"
    path.write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"a\\x1b\[31m\.jpg (is not|has zero bytes|is cut short).*\. Unpack again",
    ):
        read_image(path, do="Unpack again")


def test_a_pipe_and_a_missing_file_are_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(InputError, match="not a plain file"):
        read_image(tmp_path / "a.png")
    with pytest.raises(InputError, match="is missing"):
        read_image(tmp_path / "b.png")


def test_an_image_that_claims_gigabytes_is_refused_undecoded(tmp_path: Path) -> None:
    """In a process of its own: OpenCV takes its limit when it is first imported."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(99))),
    ]
    chunks = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in parts]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    program = (
        "import resource, sys; from pathlib import Path; from curation.images.image import read_image\n"
        "from curation.errors import InputError\n"
        "try: read_image(Path(sys.argv[1]))\n"
        "except InputError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.png")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    line, peak = run.stdout.splitlines()
    assert "a.png" in line
    assert int(peak) < 1 << 20  # KiB
