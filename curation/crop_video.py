"""Crop one video: each frame with usable boxes is read and decoded once; members of a shard come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tarfile import TarError
from typing import IO, Any

from pydantic import Field

from curation.cutting import FrameCutter, encode_jpeg
from curation.dataset import Video
from curation.errors import STRICT, InputError, Skipped, parameters
from curation.frames import FrameReader, keep_freed_memory
from curation.geometry import centred_window, exemplar_side, search_side
from curation.shards import list_members, member_name, write_shard

Box = list[float]


@parameters(frozen=True, kw_only=True, config=STRICT)
class CropConfig:
    """How crops are made.

    Parameters
    ----------
    recipe : int
        Version of the code that makes them. A change of code that changes bytes must raise it: the stage
        depends on this number, not on the source files, so that editing a docstring crops nothing again.
    exemplar_size, search_size : int
        Side of the exemplar and of the search crop, in pixels (SiamFC: 127 and 255; 511 is usual too).
    context : float
        Margin around the box, as a share of its width plus height (SiamFC: 0.5).
    quality : int
        JPEG quality, 1 to 100 (SiamFC-PyTorch: 90).
    exemplar_crops : bool
        Store the exemplar as a crop of its own too. Training reads the centre of the search crop instead.
    """

    recipe: int = Field(default=1, ge=1)
    exemplar_size: int = Field(default=127, ge=8, le=4096)
    search_size: int = Field(default=255, ge=8, le=4096)
    context: float = Field(default=0.5, ge=0, le=4)
    quality: int = Field(default=90, ge=1, le=100)
    exemplar_crops: bool = False

    def __post_init__(self) -> None:
        if self.search_size < self.exemplar_size:
            raise ValueError(f"search_size {self.search_size} is under exemplar_size {self.exemplar_size}")


@dataclass(frozen=True)
class VideoTask:
    """One video to crop.

    Parameters
    ----------
    video : Video
        Where its frames are.
    size : (width, height)
        Of its frames, in pixels, as annotated.
    tracks : list of (trackid, frame numbers, boxes)
        Boxes are x, y, w, h, 0-based pixels.
    key : str
        Of the shard in the store.
    """

    video: Video
    size: tuple[int, int]
    tracks: list[tuple[int, list[int], list[Box]]]
    key: str


def write_crops(task: VideoTask, config: CropConfig, stop: bool, stream: IO[bytes]) -> dict[str, Any]:
    """Write the shard of a video.

    Parameters
    ----------
    stop : bool
        Whether a frame that cannot be used ends it, or is left out and counted.

    Returns
    -------
    dict
        `members`, the columns of the crop index; `frames`, how many have boxes; `skipped`, counted in boxes.
    """
    keep_freed_memory()
    skipped = Skipped()
    numbers: list[int] = []
    tracks: list[int] = []
    frames = _by_frame(task.tracks)

    def members() -> Iterator[tuple[str, bytes]]:
        reader, cutter = FrameReader(), FrameCutter()
        for number, objects in frames:
            skipped.total += len(objects)
            try:
                cutter.open(reader.read(task.video.image(number), size=task.size))
            except InputError as error:
                if stop:
                    raise
                skipped.add(error, items=len(objects))
                continue
            for track, box in objects:
                numbers.append(number)
                tracks.append(track)
                for kind, crop in cut_crops(cutter, box, config):
                    yield member_name(task.video.name, number, track, kind), crop

    sizes = write_shard(stream, members())
    found = {"frame": numbers, "track": tracks, "size": sizes}
    if config.exemplar_crops:
        found |= {"size": sizes[::2], "exemplar": sizes[1::2]}
    return {
        "members": found,
        "frames": len(frames),
        "skipped": {"total": skipped.total, "counts": skipped.counts, "examples": skipped.examples},
    }


def describes(record: dict[str, Any], shard: Path, *, task: VideoTask, config: CropConfig) -> bool:
    """Whether a record without a seal says what this task leaves out and what its shard holds.

    It is compared with the shard's member names, which tell video, frame and track, with their sizes, and with
    the task's boxes. What it cannot see is whose `config` the crops were made with.
    """
    kinds = ("x", "z") if config.exemplar_crops else ("x",)
    boxes = [(number, track) for number, objects in _by_frame(task.tracks) for track, _ in objects]
    try:
        members, skipped = record["members"], record["skipped"]
        there = list(zip(members["frame"], members["track"], strict=True))
        columns = [members[name] for name in ("size", "exemplar")[: len(kinds)]]
        sizes = [size for crop in zip(*columns, strict=True) for size in crop]
        known = set(there)
        names = [member_name(task.video.name, *crop, kind) for crop in there for kind in kinds]
        return bool(
            list(zip(names, sizes, strict=True)) == list_members(shard)
            and there == [box for box in boxes if box in known]
            and len(boxes) == skipped["total"] == len(there) + sum(skipped["counts"].values())
            and skipped["examples"].keys() == skipped["counts"].keys()
            and record["frames"] == len({number for number, _ in boxes})
        )
    except (KeyError, TypeError, ValueError, AttributeError, OSError, TarError):
        return False


def cut_crops(cutter: FrameCutter, box: Box, config: CropConfig) -> Iterator[tuple[str, bytes]]:
    """Kind (`"x"`, `"z"`) and JPEG of each crop of a box (x, y, w, h) in the cutter's frame."""
    _, _, width, height = box
    side = search_side(width, height, config.context, config.exemplar_size, config.search_size)
    yield "x", encode_jpeg(cutter.cut(centred_window(box, side), config.search_size), config.quality)
    if config.exemplar_crops:
        side = exemplar_side(width, height, config.context)
        yield "z", encode_jpeg(cutter.cut(centred_window(box, side), config.exemplar_size), config.quality)


def _by_frame(tracks: list[tuple[int, list[int], list[Box]]]) -> list[tuple[int, list[tuple[int, Box]]]]:
    frames: dict[int, list[tuple[int, Box]]] = {}
    for track, numbers, boxes in sorted(tracks, key=lambda track: track[0]):
        for number, box in zip(numbers, boxes, strict=True):
            frames.setdefault(number, []).append((track, box))
    return sorted(frames.items())
