"""Small VID trees for tests: valid XML in the dataset's own form, and any bytes for JPEGs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson

from curation.documents.annotated_tracks import Tracks, VideoTracks, write_tracks
from curation.errors import ErrorPolicy, Skipped
from curation.manifest import scan
from curation.parallel import Workers
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import open_dataset

UNPACKED = {
    **{subset: f"train/ILSVRC2015_VID_train_{part:04d}" for part, subset in enumerate("abcd")},
    "e": "val",
}
RENAMED = {subset: f"train/{subset}" for subset in "abcde"}


def object_xml(
    track: object = 0,
    box: tuple[object, object, object, object] = (10, 20, 49, 79),
    *,
    label: object = "n02691156",
    occluded: object = 0,
    generated: object = 0,
) -> str:
    """One `object`; `box` is (xmin, ymin, xmax, ymax), inclusive, as in the files. Values may be any text."""
    xmin, ymin, xmax, ymax = box
    return (
        f"<object><trackid>{track}</trackid><name>{label}</name><bndbox><xmax>{xmax}</xmax><xmin>{xmin}</xmin>"
        f"<ymax>{ymax}</ymax><ymin>{ymin}</ymin></bndbox><occluded>{occluded}</occluded>"
        f"<generated>{generated}</generated></object>"
    )


def frame_xml(
    objects: Iterable[str] = (), *, size: tuple[object, object] = (320, 240), filename: str = "000000"
) -> bytes:
    """The XML of one frame of `size` (width, height) pixels."""
    return (
        f"<annotation><folder>train/video</folder><filename>{filename}</filename>"
        f"<source><database>ILSVRC_2015</database></source>"
        f"<size><width>{size[0]}</width><height>{size[1]}</height></size>{''.join(objects)}</annotation>\n"
    ).encode()


def video_folders(
    root: Path, subset: str, video: str, layout: dict[str, str] = UNPACKED
) -> tuple[Path, Path]:
    """The two folders of a video, made if need be: frames, annotations."""
    folders = tuple(root / tree / "VID" / layout[subset] / video for tree in ("Data", "Annotations"))
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return folders[0], folders[1]


def write_video(
    root: Path,
    subset: str,
    video: str,
    frames: dict[int, bytes] | int = 3,
    *,
    layout: dict[str, str] = UNPACKED,
) -> tuple[Path, Path]:
    """Write a video: each frame's XML (or a number of frames, one moving box each), JPEGs of a few bytes."""
    if isinstance(frames, int):
        frames = {n: frame_xml([object_xml(0, (10 + n, 20, 49 + n, 79))]) for n in range(frames)}
    images, annotations = video_folders(root, subset, video, layout)
    for number, xml in frames.items():
        (images / f"{number:06d}.JPEG").write_bytes(f"image {subset} {video} {number}".encode())
        (annotations / f"{number:06d}.xml").write_bytes(xml)
    return images, annotations


def write_tree(root: Path, *, layout: dict[str, str] = UNPACKED, videos: int = 2) -> Path:
    """A tree of all five subsets, `videos` videos each; the same content in any layout."""
    for subset in "abcde":
        for number in range(videos):
            write_video(root, subset, f"ILSVRC2015_video_{subset}{number:04d}", layout=layout)
    return root


def video_tracks(
    tracks: Mapping[int, tuple[Sequence[int], Sequence[Sequence[float]]]],
    *,
    size: tuple[int, int] = (320, 240),
    frames: Sequence[int] | None = None,
) -> VideoTracks:
    """What is annotated of a video: frame numbers and boxes of each trackid."""
    ordered = sorted(tracks.items())
    frame = np.array([number for _, (numbers, _) in ordered for number in numbers], np.int32)
    none = np.zeros(len(frame), np.uint8)
    return VideoTracks(
        *size,
        frames=np.unique(frame) if frames is None else np.array(frames, np.int32),
        track=np.array([track for track, _ in ordered], np.int32),
        label=[f"n{track}" for track, _ in ordered],
        length=np.array([len(numbers) for _, (numbers, _) in ordered], np.int32),
        frame=frame,
        boxes=np.array([box for _, (_, boxes) in ordered for box in boxes], np.int32).reshape(-1, 4),
        occluded=none,
        generated=none,
    )


def written(tracks: Tracks) -> dict[str, Any]:
    """The document, as its writer writes it."""
    with TemporaryDirectory() as folder:
        write_tracks(Path(folder, "a.json"), tracks)
        return dict(orjson.loads(Path(folder, "a.json").read_bytes()))


def annotate_tree(
    root: Path, subset: str, policy: ErrorPolicy | None = None, *, jobs: int = 1
) -> tuple[dict[str, Any], Skipped]:
    """`annotate_subset` of a tree as it is, as `written`: the manifest is made just before."""
    dataset, workers = open_dataset(root), Workers(jobs=jobs)
    with TemporaryDirectory() as state:
        manifest = scan(dataset, subset, state=Path(state), strict=True, workers=workers)
        tracks, skipped = annotate_subset(
            dataset, subset, manifest, policy or ErrorPolicy(), workers, state=Path(state)
        )
    return written(tracks), skipped
