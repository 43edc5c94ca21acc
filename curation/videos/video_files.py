"""The files of a subset's videos for the annotate stage: those of the manifest, or an error."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from curation.digests.checksums import Record, changed, checksums_folder
from curation.digests.file_groups import Given
from curation.digests.reading import Reading, check_names
from curation.documents.manifest_record import Manifest
from curation.images.image_files import load_frame
from curation.layouts.frame_xml import load_annotation
from curation.layouts.layout_table import Video
from curation.videos.dataset import Dataset


class VideoFiles(NamedTuple):
    """One video and its manifest record: number of images, and its two groups of files."""

    video: Video
    frames: int
    images: Record
    annotations: Record


def list_videos(dataset: Dataset, subset: str, manifest: Manifest, *, state: Path) -> list[VideoFiles]:
    """The videos of a subset, sorted by name.

    Parameters
    ----------
    dataset, subset
        Where the videos are.
    manifest : Manifest
        Of the subset.
    state : Path
        The manifest stage's folder, where it keeps the checksums of the files.

    Raises
    ------
    InputError
        If the videos are not those of the manifest, and as `Dataset.videos`.
    """
    videos, listed = {video.name: video for video in dataset.videos(subset)}, manifest.entries
    for name in sorted(videos.keys() ^ listed.keys()):
        how = (
            "was not there when the manifest stage ran"
            if name in videos
            else "is gone since the manifest stage ran"
        )
        raise changed(f"video {subset}/{name} {how}")
    checksums = checksums_folder(state, subset)
    return [
        VideoFiles(
            video,
            listed[name].frames,
            Record(f"video {video.key}", listed[name].images, checksums),
            Record(f"the annotations of video {video.key}", listed[name].annotations, checksums),
        )
        for name, video in videos.items()
    ]


def read_annotations(files: VideoFiles) -> dict[str, bytes]:
    """Content of a video's annotation files by name.

    Raises
    ------
    InputError
        If they are not those on record, or one cannot be read.
    """
    group, reading = files.video.annotations, Reading()
    if isinstance(group, Given):
        name = group.stats()[0].name
        reading.note(Path(name), group.content)
        reading.check([Path(name)], files.annotations)
        return {name: group.content}
    paths, found = [], {}
    for path in group.paths():
        try:
            content = load_annotation(path)
        except FileNotFoundError:
            continue
        paths.append(path)
        reading.note(path, content)
        found[path.name] = content
    reading.check(paths, files.annotations)
    return found


def numbers_of_images(files: VideoFiles, annotated: Collection[int]) -> set[int]:
    """Numbers of the frames that have an image.

    The images' names are compared with the record. Where their checksums are not kept, only reading the images can
    tell; that is done if these numbers are not those of the `annotated` frames, so that one will be left out.

    Raises
    ------
    InputError
        If they are not those on record.
    """
    video = files.video
    paths = video.images.paths()
    numbers = set(video.frames())
    if not check_names(paths, files.images):
        if len(paths) != files.frames:
            what = (
                f"{files.images.group} has {len(paths)} {video.layout.words[0]} files, and had {files.frames}"
            )
            raise files.images.differs([f"{what} when the manifest stage ran"])
        if numbers != set(annotated):
            reading = Reading()
            for path in paths:
                reading.note(path, load_frame(path))
            reading.check(paths, files.images)
    return numbers
