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

from curation.classic.listing import Listing, Place, VideoListing, foreign, listing, whole_pixels
from curation.errors import InputError, Skipped
from curation.imdb import Imdb, split_file
from curation.imdb.imdb_config import SPLITS
from curation.outside import read_outside

DATA = "Data/VID/train"
"""Where the crops lie below the curated folder."""

_CROP = re.compile(r"(?P<frame>[0-9]{1,9})\.(?P<track>[0-9]{2,9})\.crop\.(?P<kind>[xz])\.jpg")
_BARE = re.compile(r"(?P<frame>[0-9]{1,9})\.(?P<track>[0-9]{2,9})\.(?P<kind>[xz])\.jpg")
_PLAIN = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")

NAME_FOLDER = "Name the folder of the indices that the SiamFC or DSLT scripts made"
INDEX_BYTES = 2 << 30
"""Most bytes of an index; the published ones have about 700 million."""


class CropName(NamedTuple):
    """The parts of a crop's file name; `kind` is `"x"` (search region) or `"z"` (exemplar)."""

    frame: int
    track: int
    kind: str


def crop_file(frame: int, track: int, kind: str) -> str:
    """Name of a crop's file."""
    return f"{frame:06d}.{track:02d}.crop.{kind}.jpg"


def parse_crop_file(name: str) -> CropName | None:
    """The inverse of `crop_file`; None for any other file's name."""
    return _parsed(_CROP.fullmatch(name))


def parse_bare_file(name: str) -> CropName | None:
    """As `parse_crop_file`, of the names of the other forms: `000000.00.x.jpg`."""
    return _parsed(_BARE.fullmatch(name))


def _parsed(match: re.Match[str] | None) -> CropName | None:
    return CropName(int(match["frame"]), int(match["track"]), match["kind"]) if match else None


def plain_name(name: str) -> bool:
    """Whether a part or video can be called so: letters, digits and `_ . + -`."""
    return _PLAIN.fullmatch(name) is not None


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
    if not all(map(plain_name, (subset, video))) or crop is None or crop.kind != "x":
        raise InputError(
            f"{where}: instance_path {path!r} is not of the form a/<video>/000000.00.crop.x.jpg",
            do="Import an index made by the SiamFC or DSLT curation scripts",
            reason="bad instance path",
        )
    return subset, video, crop


def read_index(_tree: Path, indices: Path, part: str, _val_fraction: float, skipped: Skipped) -> Listing:
    """What both indices list; videos without a track are left out. Parameters as of `pysot.read_index`.

    Raises
    ------
    InputError
        If one is missing, damaged, or leads out of the tree.
    """
    return Listing({split: _read(split_file(indices, split), part, skipped) for split in SPLITS})


def _read(path: Path, part: str, skipped: Skipped) -> dict[Place, VideoListing]:
    try:
        document = orjson.loads(read_outside(path, limit=INDEX_BYTES, kind="a classic index", do=NAME_FOLDER))
    except FileNotFoundError:
        raise foreign(f"the index {path} is missing", NAME_FOLDER) from None
    except orjson.JSONDecodeError as error:
        raise foreign(f"{path} is not whole JSON ({error})", NAME_FOLDER) from None
    videos = document.get("videos") if isinstance(document, dict) else None
    if not isinstance(videos, dict):
        raise foreign(f"{path} has no videos", NAME_FOLDER)
    found: dict[Place, dict[tuple[int, int], list[int]]] = {}
    for name, groups in videos.items():
        try:
            instances = [one for group in groups for track in group.values() for one in track]
            for instance in instances:
                subset, video, crop = parse_instance_path(instance["instance_path"], str(path))
                box = instance["bbox"]
                if not isinstance(box, list):
                    raise ValueError(f"the box {box!r} is not four numbers")
                if len(box) != 4:
                    raise ValueError(f"the box {box} does not lie in an image")
                found.setdefault((subset, video), {})[crop.track, crop.frame] = whole_pixels(*box)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise foreign(
                f"{path}: video {name} is not as that form has it ({error!r})", NAME_FOLDER
            ) from None
    skipped.total += sum(map(len, found.values()))
    return {
        (part or subset, video): listing(f"{subset}/{video}", [(*crop, box) for crop, box in boxes.items()])
        for (subset, video), boxes in found.items()
    }


def index_parts(imdb: Imdb, parts: set[str] | None = None) -> Iterator[bytes]:
    """The classic index of an imdb, piece by piece: the text that `json.dump(..., indent=2)` writes.

    `num_videos` counts the videos that are listed, so that `videos` can be drawn by number; they are those of `parts`,
    or all.

    Raises
    ------
    InputError
        If two videos of different subsets have the same name; this layout cannot tell them apart.
    """
    split = [video.partition("/")[::2] for video in imdb.videos]
    listed = {number: name for number, (part, name) in enumerate(split) if parts is None or part in parts}
    names = list(listed.values())
    if doubled := sorted(name for name in set(names) if names.count(name) > 1)[:1]:
        raise InputError(
            f"two subsets hold a video named {doubled[0]}",
            do="The classic layout knows videos by bare name: export one part at a time, --part NAME",
            reason="doubled video",
        )
    tracks: list[dict[str, Any]] = [{} for _ in imdb.videos]
    for track, (start, end) in enumerate(pairwise(imdb.track_start)):
        video = imdb.track_video[track]
        tracks[video][str(imdb.track_id[track])] = (int(imdb.track_id[track]), slice(start, end))
    head = {"num_videos": len(names), "data_str": f"{DATA}/", "videos": {}}
    text = orjson.dumps(head, option=orjson.OPT_INDENT_2)
    opening, closing = text[: -len(b"}\n}")], b"}\n}"
    yield opening
    separator = b"\n    "
    for number, name in listed.items():
        instances = {track: _instances(imdb, number, *where) for track, where in tracks[number].items()}
        body = orjson.dumps([instances], option=orjson.OPT_INDENT_2).replace(b"\n", b"\n    ")
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
    """The folder that holds a..e, from that folder or the curated folder above it."""
    return curated / DATA if (curated / DATA).is_dir() else curated
