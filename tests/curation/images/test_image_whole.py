"""Images of any kind: as OpenCV reads them, but only whole ones."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from curation.images.image import AS_STORED, read_image
from tests.curation.crops.crop_trees import picture
from tests.curation.images.test_frames import with_orientation


def write(path: Path, *parameters: int) -> Path:
    assert cv2.imwrite(str(path), picture(1), parameters)
    return path


def reason(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path, do="Fetch it again")
    assert str(path) in caught.value.what
    assert caught.value.do == "Fetch it again"
    return caught.value.reason


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "tiff", "webp"])
@pytest.mark.parametrize("flags", [cv2.IMREAD_COLOR, cv2.IMREAD_UNCHANGED, cv2.IMREAD_GRAYSCALE, AS_STORED])
def test_reads_what_opencv_reads(tmp_path: Path, ending: str, flags: int) -> None:
    path = write(tmp_path / f"1.{ending}")
    assert np.array_equal(read_image(path, flags), cv2.imread(str(path), flags))


def test_the_content_says_what_it_is_not_the_name(tmp_path: Path) -> None:
    path = write(tmp_path / "1.png").rename(tmp_path / "1.jpg")
    assert np.array_equal(read_image(path), picture(1))


def test_an_orientation_is_followed_or_not(tmp_path: Path) -> None:
    path = write(tmp_path / "1.jpg")
    stored = cv2.imread(str(path))
    path.write_bytes(with_orientation(path.read_bytes(), 6))
    assert np.array_equal(read_image(path, AS_STORED), stored)
    assert read_image(path).shape == (96, 72, 3)


@pytest.mark.parametrize(("ending", "why"), [("jpg", "truncated image"), ("png", "bad image")])
def test_one_that_is_cut_short_is_refused_wherever_it_ends(tmp_path: Path, ending: str, why: str) -> None:
    """OpenCV paints the rest of a JPEG grey without a word; of a PNG it says so itself."""
    path = write(tmp_path / f"1.{ending}")
    content = path.read_bytes()
    for length in range(30, len(content) - 12, 97):
        path.write_bytes(content[:length])
        assert reason(path) == why


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "1.jpg"
    assert reason(path) == "missing image"
    path.write_bytes(b"")
    assert reason(path) == "empty image"
    path.write_bytes(b"<html>not found</html>")
    assert reason(path) == "bad image"
    os.truncate(path, 8 << 30)
    assert reason(path) == "file too large"
    path.unlink()
    os.mkfifo(path)
    assert reason(path) == "not a plain file"


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_header_that_claims_a_giant_picture_is_refused_undecoded(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"1.{ending}")
    content = bytearray(path.read_bytes())
    if ending == "jpg":
        at = content.index(b"\xff\xc0") + 5
        content[at : at + 4] = b"\xff\xff\xff\xff"
    else:
        content[16:24] = (60_000).to_bytes(4) * 2
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    path.write_bytes(content)
    assert reason(path) in ("image size", "damaged image", "bad image")
