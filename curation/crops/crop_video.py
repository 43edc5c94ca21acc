"""Crop one video: read and decode each frame with usable boxes once, and yield the members of its shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from curation.crops.crop_config import CropConfig
from curation.crops.cutter import FrameCutter, encode_jpeg
from curation.crops.geometry import Window, centred_window, exemplar_side, search_side
from curation.crops.shards import member_name, write_shard
from curation.digests.checksums import Record
from curation.digests.reading import Reading
from curation.documents.annotated_tracks import VideoTracks
from curation.errors import InputError, Skipped
from curation.files import digest
from curation.images.codec import codec
from curation.images.frames import OTHER_KINDS, FrameReader, keep_freed_memory
from curation.images.image_files import NO_MEMORY, load_frame
from curation.layouts.layout_table import Video

Box = list[float]
"""x, y, w, h, 0-based pixels."""


@dataclass(frozen=True)
class VideoTask:
    """One video to crop.

    Parameters
    ----------
    video : Video
        Where its frames are.
    tracks : VideoTracks
        What is annotated in it.
    record : Record
        Of its frames in the manifest: what must be read.
    key : str
        Of the shard in the store.
    """

    video: Video
    tracks: VideoTracks
    record: Record
    key: str

    def boxes(self) -> dict[int, list[tuple[int, Box]]]:
        """Track and box of every object by frame number, both ascending."""
        frames: dict[int, list[tuple[int, Box]]] = {}
        columns = (self.tracks.owner.tolist(), self.tracks.frame.tolist(), self.tracks.boxes.tolist())
        for track, number, box in zip(*columns, strict=True):
            frames.setdefault(number, []).append((track, box))
        return dict(sorted(frames.items()))

    def pixels(self, config: CropConfig) -> int:
        """Approximate pixels of its frames and of their crops: a measure of the work."""
        sizes = self.tracks.sizes_of(np.unique(self.tracks.frame).tolist())
        return int(sizes.prod(axis=1).sum()) + len(self.tracks.frame) * config.search_size**2

    def part_key(self, left_out: Collection[str]) -> str:
        """Key of the shard without the frames of these file names."""
        return (
            digest(self.key.encode(), *(name.encode() for name in sorted(left_out))) if left_out else self.key
        )


class UnreadFramesError(Exception):
    """Frames with boxes could not be read, and the policy says to skip them.

    Parameters
    ----------
    errors : dict
        By file name, what happened.
    """

    def __init__(self, errors: dict[str, InputError]) -> None:
        super().__init__(errors)
        self.errors = errors


def write_crops(
    task: VideoTask,
    config: CropConfig,
    stop: bool,
    stream: IO[bytes],
    left_out: Mapping[str, InputError] | None = None,
) -> dict[str, Any]:
    """Write the shard of a video from frames that match the record.

    Every file of the video is read, also those without boxes, because only all together can be compared with the
    digest on record; those without boxes are not decoded.

    Parameters
    ----------
    stop : bool
        Whether a frame that cannot be used ends it, or is left out and counted.
    left_out : mapping, optional
        Frames with boxes, by file name, that could not be read a moment ago and are not to be read, with what
        happened then.

    Returns
    -------
    dict
        `members`, the columns of the crop index; `frames`, how many have boxes; `skipped`, counted in boxes;
        `waiting`, those of them in `left_out`; `images`, the digest on record of what was read; `made_with`,
        the libraries that cut and encoded.

    Raises
    ------
    InputError
        If the frames are not those on record. If one cannot be used and `stop` is true, or there is no memory.
    UnreadFramesError
        If frames with boxes cannot be read and `stop` is false; if the record does not tell the frames one by one
        (`Record.files`), then also for one without.
    """
    keep_freed_memory()
    skipped = Skipped()
    numbers: list[int] = []
    tracks: list[int] = []
    boxes, names = task.boxes(), task.video.frames()
    numbered = {names.get(number) or task.video.image(number).name: number for number in boxes}
    frames = dict(zip(numbered, boxes.values(), strict=True))
    sizes_of = dict(zip(boxes, map(tuple, task.tracks.sizes_of(list(boxes)).tolist()), strict=True))
    for name, error in (left_out or {}).items():
        skipped.total += len(frames[name])
        skipped.add(error, items=len(frames[name]))
    waiting = skipped.total

    def members() -> Iterator[tuple[str, bytes]]:
        reader, cutter = FrameReader(), FrameCutter()
        fault: InputError | None = None
        for path, content in read_files(task, frames.keys(), stop, left_out or {}):
            objects = frames.get(path.name, ())
            if fault or not objects:
                continue
            skipped.total += len(objects)
            try:
                reduced = reduction(path, [box for _, box in objects], config)
                frame = reader.decode(content, path, size=sizes_of[numbered[path.name]], reduced=reduced)
                cutter.open(frame, reduced)
            except InputError as error:
                if error.reason == NO_MEMORY:
                    raise
                # The frame's own fault, and final, if it is on record like this: that shows at the end.
                fault = error if stop else None
                skipped.add(error, items=len(objects))
                continue
            number = numbered[path.name]
            for track, box in objects:
                numbers.append(number)
                tracks.append(track)
                for kind, crop in cut_crops(cutter, box, config):
                    yield member_name(task.video.name, number, track, kind), crop
        if fault:
            raise fault

    sizes = write_shard(stream, members())
    found = {"frame": numbers, "track": tracks, "size": sizes}
    if config.exemplar_crops:
        found |= {"size": sizes[::2], "exemplar": sizes[1::2]}
    return {
        "members": found,
        "frames": len(frames),
        "skipped": {"total": skipped.total, "counts": skipped.counts, "examples": skipped.examples},
        "waiting": waiting,
        "images": task.record.digest,
        "made_with": codec(),
    }


def read_files(
    task: VideoTask, needed: Set[str], stop: bool, left_out: Mapping[str, InputError]
) -> Iterator[tuple[Path, bytes]]:
    """Path and content of a video's files, in the order of the record; compared with the record at the end.

    After one that is `needed` and cannot be read, the rest is read for the comparison only. Errors of `write_crops`.
    """
    images = task.video.images
    reading = Reading()
    paths: list[Path] = []
    unread: dict[str, InputError] = {}
    for name in sorted({*images.names(), *needed} - left_out.keys()):
        path = images.path_of(name)
        try:
            content = load_frame(path)
        except InputError as error:
            if stop and name in needed:
                raise
            unread[name] = error
            continue
        reading.note(path, content)
        paths.append(path)
        if not unread.keys() & needed:
            yield path, content
    if unread or left_out or reading.digest(paths) != task.record.digest:
        recorded = task.record.files()
        if recorded is None and (unread or left_out):
            if stop:
                raise next(iter(unread.values()))
            raise UnreadFramesError(unread)
        there = {path.name for path in paths}
        lost = {*unread, *left_out, *(file.name for file in recorded or ())} - there
        reading.check(paths, task.record, unread=[images.path_of(name) for name in lost])
    if errors := {name: error for name, error in unread.items() if name in needed}:
        raise UnreadFramesError(errors)


def reduction(path: Path, boxes: Sequence[Box], config: CropConfig) -> int:
    """What a frame with these boxes is reduced by when it is decoded (`CropConfig.decode`): 1, 2, 4 or 8."""
    if config.decode == "exact" or path.suffix.lower() in OTHER_KINDS:
        return 1
    most = min(window.side // size for box in boxes for _, window, size in _windows(box, config))
    return next((by for by in (8, 4, 2) if by <= most), 1)


def cut_crops(cutter: FrameCutter, box: Box, config: CropConfig) -> Iterator[tuple[str, bytes]]:
    """Kind (`"x"`, `"z"`) and JPEG of each crop of a box (x, y, w, h) in the cutter's frame."""
    for kind, window, size in _windows(box, config):
        yield kind, encode_jpeg(cutter.cut(window, size), config.quality)


def _windows(box: Box, config: CropConfig) -> Iterator[tuple[str, Window, int]]:
    """Kind, window and size of each crop of a box."""
    _, _, width, height = box
    side = search_side(width, height, config.context, config.exemplar_size, config.search_size)
    yield "x", centred_window(box, side), config.search_size
    if config.exemplar_crops:
        yield "z", centred_window(box, exemplar_side(width, height, config.context)), config.exemplar_size
