from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from training.benchmark.report.pictures import (
    MAX_BYTES,
    MAX_WIDTH,
    Embedded,
    embed,
    read_image,
)


def decode(picture: Embedded) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(picture.source.partition(",")[2]), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "image/jpeg"), (".png", "image/png")])
def test_a_small_file_goes_in_as_it_is(tmp_path: Path, suffix: str, kind: str) -> None:
    file = tmp_path / f"a{suffix}"
    cv2.imwrite(str(file), np.full((20, 30, 3), 99, np.uint8))
    picture = embed(file)
    assert picture.source == f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
    assert (picture.width, picture.height) == (30, 20)


def test_other_kinds_become_jpeg(tmp_path: Path) -> None:
    file = tmp_path / "a.bmp"
    cv2.imwrite(str(file), np.full((20, 30, 3), 99, np.uint8))
    assert embed(file).source.startswith("data:image/jpeg;")


def test_a_wide_or_heavy_file_is_shrunk(tmp_path: Path) -> None:
    wide = tmp_path / "wide.png"
    cv2.imwrite(str(wide), np.zeros((100, MAX_WIDTH * 2, 3), np.uint8))
    picture = embed(wide)
    assert (picture.width, picture.height) == (MAX_WIDTH, 50)
    assert decode(picture).shape == (50, MAX_WIDTH, 3)
    heavy = tmp_path / "heavy.png"
    cv2.imwrite(str(heavy), np.random.default_rng(0).integers(0, 255, (500, 500, 3)).astype(np.uint8))
    assert heavy.stat().st_size > MAX_BYTES
    assert embed(heavy).source.startswith("data:image/jpeg;")


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.jpg is missing"):
        embed(tmp_path / "nothing.jpg")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError, match=r"text\.png is not a readable image"):
        read_image(tmp_path / "text.png")
