"""The parameters of the imdb, its two files, and which videos are in which."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from curation.config import STRICT, parameters
from curation.files import digest

SPLITS = ("train", "val")


@parameters(frozen=True, kw_only=True, config=STRICT)
class ImdbConfig:
    """The parameters of the imdb: what it lists, and in which split.

    Parameters
    ----------
    val_fraction : float
        Share for validation, 0 to 0.9 (SiamFC: 0.1).
    min_track_length : int
        Tracks with fewer crops than this are left out; a training pair takes 2 (SiamFC: 2). Those of still images
        have one, and are kept.
    split_by : {"video", "time"}
        `"video"`: a hash of the video's name decides for the whole video, so the split is the same
        everywhere and adding a video moves no other. `"time"`: the last `val_fraction` of every video's
        annotated frames.
    """

    val_fraction: float = Field(default=0.1, ge=0, le=0.9)
    min_track_length: int = Field(default=2, ge=1)
    split_by: Literal["video", "time"] = "video"


def split_file(folder: Path, split: str) -> Path:
    """Path of a split's file: `imdb_video_train.json`, `imdb_video_val.json`."""
    return folder / f"imdb_video_{split}.json"


def is_val(name: str, val_fraction: float) -> bool:
    """Whether the video of that (bare) name belongs to validation, when whole videos are split."""
    return int(digest(name.encode())[:8], 16) < val_fraction * 2**32
