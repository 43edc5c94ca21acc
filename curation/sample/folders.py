"""The folder of the built-in dataset: its own, marked as such, never somebody's real data."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2

from curation.errors import InputError
from curation.files import write_json
from curation.sample.sample_config import SampleConfig
from curation.sample.textures import Image


def claim(root: Path, kind: str, content: Sequence[str], config: SampleConfig) -> None:
    """Make `root` ready for `content` (names of files and folders in it) and mark it with
    `sample-<kind>.json`.

    What an earlier call left there, whole or not, is removed; the mark holds the parameters.

    Raises
    ------
    InputError
        If any of `content` exists without the mark.
    """
    mark = root / f"sample-{kind}.json"
    present = [root / name for name in content if (root / name).exists()]
    if present and not mark.exists():
        raise InputError(
            f"{present[0]} exists and was not made by the sample stage",
            do="Give the built-in dataset a folder of its own",
            reason="folder in use",
        )
    for path in present:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    write_json(mark, {"made_by": "curation.sample", "kind": kind, "parameters": dataclasses.asdict(config)})


def refuse_foreign(root: Path) -> None:
    """Raise `InputError` if `root` is there, holds something, and was not made here: it would be replaced."""
    if root.is_dir() and any(root.iterdir()) and not any(root.glob("sample-*.json")):
        raise InputError(
            f"{root} exists and was not made by the sample stage",
            do="Give the built-in dataset a folder of its own",
            reason="folder in use",
        )


def jpeg(image: Image, quality: int) -> bytes:
    """A (H, W, 3) uint8 BGR image as baseline JPEG bytes."""
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"cannot encode an image of shape {image.shape}")
    return encoded.tobytes()
