"""Annotations of a part in any layout, turned into one columnar record of tracks for each video.

What a file may hold is its layout's matter (`curation.layouts`). Within a video:

- A track may have gaps. It is one object: its class is that of its first box.
- All frames have one size. The size of most frames is taken for right; where the annotation says nothing of it, that
  of the first image. Still images have a size each, and each of their boxes is a track.
- Every frame has both an image and an annotation.
- Boxes stay as they are annotated, whole or not. Crops are cut around the exact box: only the window is rounded, to
  whole pixels, halves away from zero (`curation.crops.geometry`). The imdb holds them rounded, halves to even.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from pydantic import Field

from curation.config import STRICT, parameters
from curation.documents.annotated_tracks import Tracks, VideoTracks
from curation.documents.document import numbers
from curation.documents.manifest_record import Manifest
from curation.errors import ErrorPolicy, InputError, Skipped
from curation.images.image import decode_image
from curation.images.image_files import check_image, load_frame
from curation.layouts.frame_annotation import CUT, FrameAnnotation, is_cut, sized
from curation.layouts.layout_table import Parse, Video
from curation.parallel import Workers, run_in_order
from curation.videos.dataset import Dataset, PartConfig
from curation.videos.video_files import VideoFiles, list_videos, numbers_of_images, read_annotations

TOGETHER = 8
"""Videos that are sent to a process at once: those of one text file are parsed in a few milliseconds."""

FRAMES_A_SECOND = 5000
"""Frames whose annotations one process reads in a second, about."""


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
    """As `annotate_videos`, all of them at once.

    Returns
    -------
    tracks : Tracks
    skipped : Skipped
        For the caller to report and then to `check`.
    """
    skipped = Skipped()
    with closing(annotate_videos(dataset, subset, manifest, policy, workers, skipped, state=state)) as videos:
        return Tracks(subset, dict(videos), dataset.layout.still), skipped


def annotate_videos(
    dataset: Dataset,
    subset: str,
    manifest: Manifest,
    policy: ErrorPolicy,
    workers: Workers,
    skipped: Skipped,
    *,
    state: Path,
) -> Generator[tuple[str, VideoTracks]]:
    """Parse the annotation of a part, in parallel over videos, each file once. Close it, else workers are kept.

    Parameters
    ----------
    dataset, subset
        Where the files are.
    manifest : Manifest
        Of the subset: what is read must be what it records.
    policy : ErrorPolicy
        For frames and boxes that cannot be used.
    workers : Workers
    skipped : Skipped
        Counts what is left out under the `skip` policy. Items are frames and boxes: an unusable frame counts as
        one, as its boxes are unknown.
    state : Path
        The manifest stage's folder, where it keeps the checksums of the files.

    Yields
    ------
    name, tracks : str, VideoTracks
        Of each video, ascending by name. The same for any number of workers.

    Raises
    ------
    InputError
        If videos, their frames or their XML files are not those on record, or a file cannot be read, under either
        policy. Under the `raise` policy, for the first fault in order of videos and frames.
    """
    listed = list_videos(dataset, subset, manifest, state=state)
    results = run_in_order(
        partial(_annotate_video, part=dataset.part, stop=policy.policy == "raise"),
        listed,
        workers=workers.worth(sum(files.frames for files in listed) / FRAMES_A_SECOND),
        label=f"annotate {subset}",
        size=lambda result: len(result.tracks.frames) if result.tracks else 0,
        together=TOGETHER,
    )
    with closing(
        results
    ):  # else an error, which holds this frame, would keep the workers till the process ends
        for result in results:
            if result.error is not None:
                raise result.error
            skipped.merge(result.skipped)
            if result.tracks is not None:
                yield result.name, result.tracks


@dataclass
class _VideoResult:
    """The result of one worker; errors are returned, so that the order of videos decides which is raised."""

    name: str
    tracks: VideoTracks | None = None
    skipped: Skipped = field(default_factory=Skipped)
    error: InputError | None = None


def _annotate_video(files: VideoFiles, *, part: PartConfig, stop: bool) -> _VideoResult:
    result = _VideoResult(files.video.name)
    try:
        video = files.video
        contents = read_annotations(files)
        fault: InputError | None = None
        annotated: Mapping[int, Parse] = {}
        try:
            annotated = video.layout.parse(video, contents)
        except InputError as error:
            fault = error
        images = numbers_of_images(files, annotated.keys())
        if fault:
            result.skipped.total += max(len(images), 1)
            _leave_out(result, fault, max(len(images), 1), stop)
        else:
            _fill(result, video, images, annotated, part, stop)
    except InputError as error:
        result.error = error
    return result


def _leave_out(result: _VideoResult, error: InputError, items: int, stop: bool) -> None:
    if stop:
        raise error
    result.skipped.add(error, items=items)


def _fill(
    result: _VideoResult,
    video: Video,
    images: set[int],
    annotated: Mapping[int, Parse],
    part: PartConfig,
    stop: bool,
) -> None:
    """Parse a video's frames into `result.tracks`, counting what is left out, or raising it if `stop`."""
    leave_out = partial(_leave_out, result, stop=stop)
    frames: dict[int, FrameAnnotation] = {}
    size = None if video.layout.sized or not images else _image_size(video, stop)
    for number in sorted(images | annotated.keys())[:: part.every]:
        result.skipped.total += 1
        try:
            frame = _parse(video, number, number in images, annotated.get(number))
        except InputError as error:
            leave_out(error, 1)
            continue
        if size:
            frame = sized(frame, size, f"{video.annotation(number)}, frame {number}")
        if part.without_cut:
            frame = _without_cut(frame)
        frames[number] = frame
        result.skipped.total += len(frame.objects) + len(frame.left_out)
        result.skipped.left_out.update(frame.left_out)
        for fault, boxes in frame.faults:
            result.skipped.total += boxes
            leave_out(fault, boxes)
    if not frames:
        if not result.skipped.total:
            result.skipped.total = 1
            leave_out(
                InputError(
                    f"video {video.key} has no frame: {video.folder} holds no file like {video.image(0).name}",
                    do="Unpack it again, or remove its folders",
                    reason="empty video",
                ),
                1,
            )
        return
    if video.layout.still:
        result.tracks = _tracks((0, 0), _numbered(frames), [(f.width, f.height) for f in frames.values()])
        return
    [((width, height), agreeing)] = Counter((f.width, f.height) for f in frames.values()).most_common(1)
    for number, frame in list(frames.items()):
        if (frame.width, frame.height) != (width, height):
            leave_out(
                InputError(
                    f"{video.annotation(number)}: the image size is {frame.width}x{frame.height}, but "
                    f"{width}x{height} in {agreeing} of the {len(frames)} frames of this video",
                    do="Correct or restore this annotation",
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


def _image_size(video: Video, stop: bool) -> tuple[int, int]:
    """Width and height of the first image or, unless `stop`, of the first that can be read."""
    for name in video.frames().values():
        path = video.images.path_of(name)
        try:
            content = load_frame(path)
            size = check_image(content, path)
            if size == (0, 0):
                height, width = decode_image(content, path).shape[:2]
                size = (width, height)
            return size
        except InputError as error:
            fault = InputError(
                f"{error.what}; its size stands for all images of {video.key}",
                do=error.do,
                reason=error.reason,
            )
            if stop:
                break
    raise fault


def _without_cut(frame: FrameAnnotation) -> FrameAnnotation:
    kept = [o for o in frame.objects if not (o.cut or is_cut(o.box, frame.width, frame.height))]
    cut = (CUT,) * (len(frame.objects) - len(kept))
    return replace(frame, objects=tuple(kept), left_out=(*frame.left_out, *cut))


def _numbered(frames: Mapping[int, FrameAnnotation]) -> dict[int, FrameAnnotation]:
    """Give every box of still images its own track, in order."""
    numbers = count()
    return {
        number: replace(frame, objects=tuple(replace(one, track=next(numbers)) for one in frame.objects))
        for number, frame in frames.items()
    }


def _tracks(
    size: tuple[int, int],
    frames: Mapping[int, FrameAnnotation],
    sizes: Sequence[tuple[int, int]] | None = None,
) -> VideoTracks:
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
        sizes=None if sizes is None else np.array(sizes, np.int32).reshape(-1, 2),
    )
