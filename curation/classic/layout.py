"""Names and JSON of the classic layout.

The index is one object: `num_videos`, `data_str` (where the crops lie below the curated folder), and
`videos`, keyed by bare video name, each a list of one object that maps a trackid, as text, to its instances in
order of frames. An instance is `{"instance_path": "a/<video>/000000.00.crop.x.jpg", "bbox": [x, y, w, h]}`, in 0-based
pixels, as floats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from curation.errors import InputError
from curation.imdb import Imdb

DATA = "Data/VID/train"
"""Where the crops lie below the curated folder."""

_CROP = re.compile(r"(?P<frame>[0-9]{1,9})\.(?P<track>[0-9]{2,9})\.crop\.(?P<kind>[xz])\.jpg")
_VIDEO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


class CropName(NamedTuple):
    """What the name of a crop's file says; `kind` is `"x"` (search region) or `"z"` (exemplar)."""

    frame: int
    track: int
    kind: str


def crop_file(frame: int, track: int, kind: str) -> str:
    """Name of a crop's file."""
    return f"{frame:06d}.{track:02d}.crop.{kind}.jpg"


def parse_crop_file(name: str) -> CropName | None:
    """The inverse of `crop_file`; None for any other file's name."""
    match = _CROP.fullmatch(name)
    return CropName(int(match["frame"]), int(match["track"]), match["kind"]) if match else None


def parse_instance_path(path: str, where: str) -> tuple[str, str, CropName]:
    """Subset, video and crop of an `instance_path`.

    Raises
    ------
    InputError
        If it is not of the layout's form, and nothing else is: it never leads out of the tree.
    """
    subset, _, rest = path.partition("/")
    video, _, name = rest.partition("/")
    crop = parse_crop_file(name)
    if not all(map(_VIDEO.fullmatch, (subset, video))) or crop is None or crop.kind != "x":
        raise InputError(
            f"{where}: instance_path {path!r} is not of the form a/<video>/000000.00.crop.x.jpg",
            do="Import an index made by the SiamFC or DSLT curation scripts",
            reason="bad instance path",
        )
    return subset, video, crop


def index_parts(imdb: Imdb) -> Iterator[bytes]:
    """The classic index of an imdb, piece by piece: the text that `json.dump(..., indent=2)` writes.

    `num_videos` counts the videos that are listed, so that `videos` can be drawn by number.

    Raises
    ------
    InputError
        If two videos of different subsets have the same name; this layout cannot tell them apart.
    """
    names = [video.partition("/")[2] for video in imdb.videos]
    if doubled := sorted(name for name in set(names) if names.count(name) > 1)[:1]:
        raise InputError(
            f"two subsets hold a video named {doubled[0]}",
            do="The classic layout knows videos by bare name: rename one",
            reason="doubled video",
        )
    tracks: list[dict[str, Any]] = [{} for _ in names]
    for track, (start, end) in enumerate(pairwise(imdb.track_start)):
        video = imdb.track_video[track]
        tracks[video][str(imdb.track_id[track])] = (int(imdb.track_id[track]), slice(start, end))
    head = {"num_videos": len(names), "data_str": f"{DATA}/", "videos": {}}
    text = orjson.dumps(head, option=orjson.OPT_INDENT_2)
    opening, closing = text[: -len(b"}\n}")], b"}\n}"
    yield opening
    separator = b"\n    "
    for number, name in enumerate(names):
        listed = {track: _instances(imdb, number, *where) for track, where in tracks[number].items()}
        body = orjson.dumps([listed], option=orjson.OPT_INDENT_2).replace(b"\n", b"\n    ")
        yield separator + orjson.dumps(name) + b": " + body
        separator = b",\n    "
    yield (b"\n  " if names else b"") + closing


def _instances(imdb: Imdb, video: int, track: int, rows: slice) -> list[dict[str, Any]]:
    folder = imdb.videos[video]
    return [
        {"instance_path": f"{folder}/{crop_file(frame, track, 'x')}", "bbox": box}
        for frame, box in zip(imdb.frame[rows].tolist(), imdb.boxes[rows].astype(float).tolist(), strict=True)
    ]


def data_folder(curated: Path) -> Path:
    """The folder that holds a..e, given it or the curated folder above it."""
    return curated / DATA if (curated / DATA).is_dir() else curated
