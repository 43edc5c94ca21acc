"""PySOT's form: crops named by frame and track, and one JSON a split of corners by video, track and frame.

    crop511/<part>/<video>/<frame:06d>.<track:02d>.x.jpg        search region; .z.jpg exemplar
    train.json, val.json    {"<part>/<video>": {"<track:02d>": {"<frame:06d>": [x1, y1, x2, y2]}}}

Read in its scripts (`training_dataset/*/par_crop.py`, `gen_json.py`) and its loader. Corners are pixels of the frame;
the loader takes w = x2 - x1 and h = y2 - y1, and leaves out what has none, so that is done here. (VID's JSON has the
XML's xmax and ymax, so its boxes are a pixel narrower than VID's own.) YouTube-BB's are shares of the frame, of which
the JSON does not say how large it is: such a tree is read without boxes. A video's name may have any number of folders;
the first is the part. The crop's middle is the box's, and 127 of its pixels are SiamFC's exemplar.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from curation.classic.layout import plain_name
from curation.classic.listing import Listing, Place, VideoListing, foreign, listing, whole_pixels
from curation.errors import InputError, Skipped
from curation.imdb import Imdb
from curation.imdb.imdb_config import SPLITS, is_val
from curation.layouts.json_stream import stream

INDEX = "Name the folder that holds PySOT's train.json and val.json with --indices"

_YEARS = ("", "2017")
"""COCO's are called train2017.json."""


def crop_file(frame: int, track: int, kind: str) -> str:
    """Name of a crop's file."""
    return f"{frame:06d}.{track:02d}.{kind}.jpg"


def index_file(folder: Path, split: str) -> Path:
    """Path of a split's JSON."""
    return folder / f"{split}.json"


def crops_folder(tree: Path) -> Path:
    """The folder that holds the parts, given it or the one above it."""
    inside = sorted(path for path in tree.glob("crop[0-9]*") if path.is_dir())
    return inside[0] if len(inside) == 1 else tree


def read_index(_tree: Path, indices: Path, part: str, val_fraction: float, skipped: Skipped) -> Listing:
    """What both files list.

    Parameters
    ----------
    indices : Path
        Their folder. Without one for validation, videos are split by a hash of their names, as the imdb stage does.
    part : str
        The part that all videos go to; empty: as their names say.
    val_fraction : float
        Share of that split.
    skipped : Skipped
        Counts what cannot be used.

    Raises
    ------
    InputError
        If there is no file for training, or one is not of that form as a whole.
    """
    splits: dict[str, dict[Place, VideoListing]] = {split: {} for split in SPLITS}
    boxed = True
    folders: dict[Place, str] = {}
    given = {split: path for split in SPLITS if (path := _given(indices, split))}
    if "train" not in given:
        raise foreign(f"the index {index_file(indices, 'train')} is missing", INDEX)
    for split, path in given.items():
        for key, tracks in stream(path):
            place, folder = _place(key, part, path)
            if folders.setdefault(place, folder) != folder:
                raise foreign(
                    f"{path}: {folder} and {folders[place]} are both called {'/'.join(place)} here", INDEX
                )
            if not isinstance(tracks, dict) or not all(isinstance(one, dict) for one in tracks.values()):
                raise foreign(
                    f"{path}: video {key} is not as that form has it (tracks of frames of boxes)", INDEX
                )
            rows, known = _rows(f"{path}: {key}", tracks, skipped)
            boxed &= known
            to = "val" if len(given) == 1 and is_val(place[1], val_fraction) else split
            if rows:
                splits[to][place] = listing(folder, rows)
    return Listing(splits, boxed)


def _given(folder: Path, split: str) -> Path | None:
    """The file of a split, or None where there is none."""
    return next((path for year in _YEARS if (path := folder / f"{split}{year}.json").is_file()), None)


def _place(key: str, part: str, path: Path) -> tuple[Place, str]:
    """Part and name of a video, and the folder of its crops; never one outside the tree."""
    folders = [folder for folder in key.split("/") if folder not in ("", ".")]
    named = folders if part else folders[1:]
    place = (part or folders[0] if folders else "", "_".join(named))
    if ".." in folders or not all(map(plain_name, place)):
        raise foreign(
            f"{path}: {key!r} is not the name of a video, part/video",
            f"{INDEX}; where its videos have no part, give one: --part NAME",
        )
    return place, "/".join(folders)


def _rows(
    where: str, tracks: dict[str, Any], skipped: Skipped
) -> tuple[list[tuple[int, int, list[int]]], bool]:
    """(trackid, frame, box) of a video's instances, and whether the boxes are in pixels."""
    rows: list[tuple[int, int, list[int]]] = []
    boxed = True
    for track, frames in tracks.items():
        for frame, corners in frames.items():
            skipped.total += 1
            try:
                if not (track.isdecimal() and frame.isdecimal() and len(track) < 10 and len(frame) < 10):
                    raise ValueError("track and frame are not both numbers")
                x1, y1, x2, y2 = corners
                if (type(x2), type(y2)) == (float, float) and 0 < x2 <= 1 and 0 < y2 <= 1:
                    boxed = False
                    rows.append((int(track), int(frame), [0, 0, 0, 0]))
                elif x2 - x1 <= 0.5 or y2 - y1 <= 0.5:
                    skipped.left_out["zero size"] += 1
                else:
                    rows.append((int(track), int(frame), whole_pixels(x1, y1, x2 - x1, y2 - y1)))
            except (TypeError, ValueError) as error:
                what = f"{where}, track {track}, frame {frame}: {_said(corners, error)}"
                skipped.add(InputError(what, do="Correct that line of the JSON", reason="bad box or frame"))
    return rows, boxed


def _said(corners: Any, error: Exception) -> str:
    """A fault in words; of corners that are no four numbers, what they are."""
    four = (
        isinstance(corners, list) and len(corners) == 4 and all(type(one) in (int, float) for one in corners)
    )
    return str(error) if four else f"{str(corners)[:60]} is not x1, y1, x2, y2"


def index_parts(imdb: Imdb, parts: set[str]) -> Iterator[bytes]:
    """The JSON of an imdb's videos of some parts, a line a video; x2 = x + w and y2 = y + h."""
    tracks: list[dict[str, dict[str, list[int]]]] = [{} for _ in imdb.videos]
    for number, (start, end) in enumerate(pairwise(imdb.track_start)):
        video = int(imdb.track_video[number])
        if imdb.videos[video].partition("/")[0] in parts:
            boxes = imdb.boxes[start:end].astype(np.int64)
            corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).tolist()
            frames = [f"{frame:06d}" for frame in imdb.frame[start:end].tolist()]
            tracks[video][f"{imdb.track_id[number]:02d}"] = dict(zip(frames, corners, strict=True))
    separator = b"{\n"
    for name, found in zip(imdb.videos, tracks, strict=True):
        if found:
            yield separator + orjson.dumps(name) + b": " + orjson.dumps(found)
            separator = b",\n"
    yield b"{}\n" if separator == b"{\n" else b"\n}\n"
