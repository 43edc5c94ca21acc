"""All annotations of a subset: one XML a frame in, one columnar record of tracks a video out.

What a single file may hold is `curation.layouts.frame_xml`'s matter. Between the files of a video:

- A track may have gaps. It is one object: its class is that of its first box.
- All frames have one size. The size of most frames is taken for right.
- Every frame has both a JPEG and an XML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import Field

from curation.config import STRICT, parameters
from curation.documents.annotated_tracks import Tracks, VideoTracks
from curation.documents.document import numbers
from curation.documents.manifest_record import Manifest
from curation.errors import ErrorPolicy, InputError, Skipped
from curation.layouts.frame_xml import FrameAnnotation
from curation.layouts.layout import Parse
from curation.parallel import Workers, run_in_order
from curation.videos.dataset import Dataset, Video
from curation.videos.video_files import VideoFiles, list_videos, numbers_of_images, read_annotations


@parameters(frozen=True, kw_only=True, config=STRICT)
class AnnotateConfig:
    """Parameters of the annotate stage.

    `recipe` is raised whenever the same XML gives another document, and is all that makes the stage run
    again for a change of code; a golden test says when.
    """

    recipe: int = Field(default=1, ge=1)


def annotate_subset(
    dataset: Dataset,
    subset: str,
    manifest: Manifest,
    policy: ErrorPolicy,
    workers: Workers,
    *,
    state: Path,
) -> tuple[Tracks, Skipped]:
    """Parse every XML of a subset, in parallel over videos, each once.

    Parameters
    ----------
    dataset, subset
        Where the files are.
    manifest : Manifest
        Of the subset: what is read must be what it records.
    policy : ErrorPolicy
        For frames and boxes that cannot be used.
    workers : Workers
    state : Path
        The manifest stage's folder, where it keeps the checksums of the files.

    Returns
    -------
    tracks : Tracks
        One for each trackid of a video. The same for any number of workers.
    skipped : Skipped
        What was left out under the `skip` policy, for the caller to report and then to `check`. Items are
        frames and boxes: an unusable frame counts as one, as its boxes are unknown.

    Raises
    ------
    InputError
        If videos, their frames or their XML files are not those on record, or a file cannot be read, under either
        policy. Under the `raise` policy, for the first fault in order of videos and frames.
    """
    videos: dict[str, VideoTracks] = {}
    skipped = Skipped()
    results = run_in_order(
        partial(_annotate_video, stop=policy.policy == "raise"),
        list_videos(dataset, subset, manifest, state=state),
        workers=workers,
        label=f"annotate {subset}",
        size=lambda result: len(result.tracks.frames) if result.tracks else 0,
    )
    for result in results:
        if result.error is not None:
            raise result.error
        skipped.merge(result.skipped)
        if result.tracks is not None:
            videos[result.name] = result.tracks
    return Tracks(subset, videos), skipped


@dataclass
class _VideoResult:
    """What one worker brings back; an error is not raised there, so that order decides which."""

    name: str
    tracks: VideoTracks | None = None
    skipped: Skipped = field(default_factory=Skipped)
    error: InputError | None = None


def _annotate_video(files: VideoFiles, *, stop: bool) -> _VideoResult:
    result = _VideoResult(files.video.name)
    try:
        video = files.video
        annotated = video.layout.parse(video.annotations_dir, read_annotations(files))
        _fill(result, video, numbers_of_images(files, annotated.keys()), annotated, stop)
    except InputError as error:
        result.error = error
    return result


def _fill(
    result: _VideoResult, video: Video, images: set[int], annotated: Mapping[int, Parse], stop: bool
) -> None:
    """Parse a video's frames into `result.tracks`, counting what is left out, or raising it if `stop`."""

    def leave_out(error: InputError, items: int = 1) -> None:
        if stop:
            raise error
        result.skipped.add(error, items=items)

    frames: dict[int, FrameAnnotation] = {}
    for number in sorted(images | annotated.keys()):
        result.skipped.total += 1
        try:
            frames[number] = _parse(video, number, number in images, annotated.get(number))
        except InputError as error:
            leave_out(error)
            continue
        result.skipped.total += len(frames[number].objects)
        for fault, boxes in frames[number].faults:
            result.skipped.total += boxes
            leave_out(fault, boxes)
    if not frames:
        if not result.skipped.total:
            result.skipped.total = 1
            leave_out(
                InputError(
                    f"video {video.key} has no frame: {video.frames_dir} holds no file like {video.image(0).name}",
                    do="Unpack it again, or remove its folders",
                    reason="empty video",
                )
            )
        return
    [((width, height), agreeing)] = Counter((f.width, f.height) for f in frames.values()).most_common(1)
    for number, frame in list(frames.items()):
        if (frame.width, frame.height) != (width, height):
            leave_out(
                InputError(
                    f"{video.annotation(number)}: the image size is {frame.width}x{frame.height}, but "
                    f"{width}x{height} in {agreeing} of the {len(frames)} frames of this video",
                    do="Mend or restore this annotation",
                    reason="image size differs",
                ),
                1 + len(frame.objects),
            )
            del frames[number]
    result.tracks = _tracks((width, height), frames)


def _parse(video: Video, number: int, has_image: bool, parse: Parse | None) -> FrameAnnotation:
    path, (image, annotation) = video.annotation(number), video.layout.words
    if not has_image:
        raise InputError(
            f"{path} annotates a frame that is missing: there is no {video.image(number)}",
            do=f"Restore the {image}, or remove the {annotation}",
            reason=f"{annotation} without {image}",
        )
    if parse is None:
        raise InputError(
            f"{video.image(number)} has no annotation: {path} is missing",
            do=f"Restore the {annotation}, or remove the image",
            reason=f"{image} without {annotation}",
        )
    return parse()


def _tracks(size: tuple[int, int], frames: Mapping[int, FrameAnnotation]) -> VideoTracks:
    """The objects of a video's frames, track after track; the class of a track is that of its first box."""
    seen = [(item, number) for number, frame in frames.items() for item in frame.objects]
    seen.sort(key=lambda one: one[0].track)  # stable: frames stay in order
    items = [item for item, _ in seen]
    length = Counter(item.track for item in items)
    labels = {item.track: item.label for item in reversed(items)}
    return VideoTracks(
        *size,
        frames=np.array(list(frames), np.int32),
        track=np.array(list(length), np.int32),
        label=[labels[track] for track in length],
        length=np.array(list(length.values()), np.int32),
        frame=np.array([number for _, number in seen], np.int32),
        boxes=numbers((item.box for item in items), "boxes").reshape(-1, 4),
        occluded=np.array([item.occluded for item in items], np.uint8),
        generated=np.array([item.generated for item in items], np.uint8),
    )
