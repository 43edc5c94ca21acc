"""The tracks of a part of a dataset: all that later stages know about its boxes.

The file is one JSON object without indentation:

    {"schema": 1, "subset": "a", "videos": {name: {"width": .., "height": .., "frames": [..], "tracks": [
        {"id": .., "class": "..", "frames": [..], "boxes": [[x, y, w, h], ..], "occluded": [..], "generated": [..]},
        ..]}}}

Of still images, `"still": true` stands beside it, and a video has `"sizes": [[width, height], ..]`, one a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curation.documents.document import Fields, integers, number, numbers, read_videos, text, write_videos

SCHEMA = 1
"""Version of the document's form."""


@dataclass(frozen=True, eq=False)
class VideoTracks:
    """The tracks of one video, one after another, ascending by trackid.

    Parameters
    ----------
    width, height : int
        Of its frames, pixels; 0 where they have a size each.
    frames : (F,) int32
        Numbers of all annotated frames, ascending; those without an object are there too.
    track : (T,) int32
        Trackids.
    label : sequence of str
        T classes.
    length : (T,) int32
        Boxes of each track.
    frame : (N,) int32
        Frame number of each box, ascending within a track.
    boxes : (N, 4) int32 or float64
        x, y, w, h, 0-based pixels.
    occluded, generated : (N,) uint8
        As annotated, 0 or 1.
    sizes : (F, 2) int32, optional
        Width and height of each frame, where they have a size each.
    """

    width: int
    height: int
    frames: NDArray[np.int32]
    track: NDArray[np.int32]
    label: Sequence[str]
    length: NDArray[np.int32]
    frame: NDArray[np.int32]
    boxes: NDArray[np.int32] | NDArray[np.float64]
    occluded: NDArray[np.uint8]
    generated: NDArray[np.uint8]
    sizes: NDArray[np.int32] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its frames, pixels."""
        return self.width, self.height

    def sizes_of(self, frames: ArrayLike) -> NDArray[np.int32]:
        """(..., 2) width and height of frames, by their numbers."""
        if self.sizes is None:
            return np.broadcast_to(np.array(self.size, np.int32), (*np.shape(frames), 2))
        return self.sizes[np.searchsorted(self.frames, frames)]

    @property
    def owner(self) -> NDArray[np.int32]:
        """(N,) trackid of each box."""
        return np.repeat(self.track, self.length)

    def rows(self) -> list[slice]:
        """Where each track's boxes are."""
        return [slice(*ends) for ends in pairwise([0, *np.cumsum(self.length).tolist()])]


@dataclass(frozen=True)
class Tracks:
    """The tracks of all videos of a part, by the video's bare name; whether they are of still images."""

    subset: str
    videos: Mapping[str, VideoTracks]
    still: bool = False


def write_tracks(path: Path, tracks: Tracks, videos: Iterable[tuple[str, VideoTracks]] | None = None) -> None:
    """Write the document atomically; the same tracks give the same bytes.

    `videos`, ascending by name, take the place of those of `tracks`: each is written as it comes, and none is kept.
    """
    still = {"still": True} if tracks.still else {}
    chosen = sorted(tracks.videos.items()) if videos is None else videos
    records = ((name, _record(video)) for name, video in chosen)
    write_videos(path, {"schema": SCHEMA, "subset": tracks.subset, **still}, records)


def read_tracks(path: Path) -> Tracks:
    """Read the document back; raises `InputError` as `document.read_videos`."""
    head, videos = stream_tracks(path)
    return replace(head, videos=dict(videos))


def stream_tracks(path: Path) -> tuple[Tracks, Iterator[tuple[str, VideoTracks]]]:
    """As `read_tracks`, but without videos; and each video with its name, read when it is asked for."""
    return read_videos(
        path, _head, _video, last=b"width", what="an annotations file", schema=SCHEMA, made_by="annotate"
    )


def _record(video: VideoTracks) -> Fields:
    columns = {
        "frames": video.frame,
        "boxes": video.boxes,
        "occluded": video.occluded,
        "generated": video.generated,
    }
    return {
        "width": video.width,
        "height": video.height,
        "frames": video.frames,
        **({} if video.sizes is None else {"sizes": video.sizes}),
        "tracks": [
            {"id": track, "class": label, **{name: column[rows] for name, column in columns.items()}}
            for track, label, rows in zip(video.track.tolist(), video.label, video.rows(), strict=True)
        ],
    }


def _head(document: Fields) -> Tracks:
    return Tracks(text(document, "subset"), {}, document.get("still", False) is True)


def _video(name: str, record: Fields) -> VideoTracks:
    tracks = record["tracks"]
    length = [len(track["frames"]) for track in tracks]
    boxes = numbers(chain.from_iterable(track["boxes"] for track in tracks), "boxes")
    occluded, generated = (_flags(tracks, flag) for flag in ("occluded", "generated"))
    for track, count in zip(tracks, length, strict=True):
        if {len(track["boxes"]), len(track["occluded"]), len(track["generated"])} != {count}:
            raise ValueError(f"the columns of track {track['id']} of video {name} differ in length")
        if not set(map(len, track["boxes"])) <= {4}:
            raise ValueError(f"a box of track {track['id']} of video {name} is not four numbers")
    frames, sizes = integers([record["frames"]], "frames"), None
    if "sizes" in record:
        sizes = integers(record["sizes"], "sizes").reshape(-1, 2)
        if len(sizes) != len(frames):
            raise ValueError(f"the sizes of video {name} are not those of its frames")
    return VideoTracks(
        width=number(record, "width"),
        height=number(record, "height"),
        frames=frames,
        track=integers([[track["id"] for track in tracks]], "id"),
        label=[text(track, "class") for track in tracks],
        length=np.array(length, np.int32),
        frame=integers((track["frames"] for track in tracks), "frames"),
        boxes=boxes.reshape(-1, 4),
        occluded=occluded,
        generated=generated,
        sizes=sizes,
    )


def _flags(tracks: Sequence[Fields], name: str) -> NDArray[np.uint8]:
    flags = integers((track[name] for track in tracks), name)
    if ((flags < 0) | (flags > 1)).any():
        raise ValueError(f"column {name} holds something other than 0 and 1")
    return flags.astype(np.uint8)
