"""Check that the parts of a dataset are complete: count everything, read all rows of text and a sample of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from curation.digests.file_groups import Folder
from curation.digests.statcache import stat_file
from curation.errors import InputError, some
from curation.layouts.layout_table import Video, number_frames
from curation.layouts.vid_layout import SUBSETS
from curation.videos.dataset import Dataset, open_dataset
from pipelines.checks.finding import Finding, counted

PUBLISHED = {"train": (("a", "b", "c", "d"), 3862, 1_122_397), "val": (("e",), 555, 176_126)}
"""Subsets, videos and frames of each part, as the readme of the ILSVRC2015 development kit states (1.4)."""

Item = TypeVar("Item", bound=Hashable)
Decode = Callable[[Path, tuple[int, int] | None], object]

_GOLDEN = 0.618034
"""Its multiples, modulo 1, are spread evenly: where in each video to look."""


def check_tree(root: Path, subsets: Sequence[str] = SUBSETS, *, sample: int = 200) -> list[Finding]:
    """Check a VID tree: its layout, each subset as `check_part` does, and how much of the published data it is.

    Parameters
    ----------
    root : Path
        The folder that holds `Data/VID` and `Annotations/VID`.
    subsets : sequence of str
        Those in use; the others are not looked at.
    sample : int
        Frames to decode, with their annotations, spread evenly over all videos.
    """
    try:
        dataset = open_dataset(root)
    except InputError as error:
        return [Finding("dataset root", "fail", error.what, error.do)]
    found = [Finding("dataset root", "ok", f"{root} is a VID tree")]
    sizes: dict[str, tuple[int, int]] = {}
    for subset in subsets:
        check = f"subset {subset}"
        try:
            videos = dataset.videos(subset)
        except InputError as error:
            found.append(Finding(check, "warn", error.what, error.do))
            continue
        findings, frames = _check_videos(
            check, videos, {}, -(-sample // len(subsets)), "errors.policy = skip"
        )
        sizes[subset] = len(videos), frames
        found += findings
    return found + _compare_with_published(sizes)


def check_part(name: str, opened: Callable[[str], Dataset], *, sample: int = 200) -> list[Finding]:
    """Check a part of any layout: its videos, that annotations and images fit each other, and that both can be read.

    Every row of text is parsed. Of images, with their annotation where each has a file of its own, a sample is read,
    spread over all videos.

    Parameters
    ----------
    name : str
        Of the part.
    opened : callable
        Opens its data; may raise `InputError`.
    sample : int
    """
    check = f"part {name}"
    try:
        dataset = opened(name)
        videos, out = dataset.videos(name), dataset.left_out(name)
    except InputError as error:
        return [Finding(check, "fail", error.what, error.do)]
    cure = f"dataset.parts.{name}.leave_out, or errors.policy = skip"
    return _check_videos(check, videos, out, sample, cure)[0]


def _check_videos(
    check: str, videos: Sequence[Video], out: Mapping[str, int], sample: int, cure: str
) -> tuple[list[Finding], int]:
    """The findings on some videos, and their number of frames."""
    faults: dict[str, list[InputError]] = {}
    counts: Counter[str] = Counter()
    whole: list[tuple[Video, list[int]]] = []

    def note(found: Iterable[InputError]) -> None:
        try:
            for fault in found:
                faults.setdefault(fault.reason, []).append(fault)
        except InputError as error:
            faults.setdefault(error.reason, []).append(error)

    for video in videos:
        numbers: list[int] = []
        note(_video_faults(video, numbers, counts))
        whole += [(video, numbers)] if numbers else []
    total, decode, chosen = sum(len(numbers) for _, numbers in whole), _decoder(), spread(whole, sample)
    for video, number in chosen:
        note(_frame_faults(video, number, counts, decode))
    read = f"{len(chosen):,} of them read" if decode else "none read: OpenCV does not load"
    said = [counted(len(videos), "video"), f"{counted(total, 'frame')} ({read})"]
    said += [f"{number:,} left out ({why})" for why, number in out.items()]
    said += [f"{number:,} boxes {why}" for why, number in sorted(counts.items())]
    found = [Finding(check, "ok", ", ".join(said))]
    for reason, errors in faults.items():
        message = f"{reason}, {counted(len(errors), 'time')}: {some([error.what for error in errors], separator='; ')}"
        found.append(Finding(check, "fail", message, f"{errors[0].do}; or {cure}"))
    return found, total


def _video_faults(video: Video, numbers: list[int], counts: Counter[str]) -> Iterator[InputError]:
    """What `annotate` would stop at in a video's names of files, and in an annotation of all its frames.

    `numbers` is filled with the frames; what rules leave out is added to `counts`.
    """
    images = video.frames()
    numbers += images
    names = video.annotations.names()
    image, row = video.layout.words
    if not images or not names:
        what = "annotation" if images else "images"
        yield InputError(f"{video.key} ({video.folder})", do="Restore them", reason=f"videos without {what}")
    elif isinstance(video.annotations, Folder):
        known = number_frames(names, video.layout.form, str(video.folder)).values()
        yield from _alone(video, images.values(), known, image, row)
        yield from _alone(video, known, images.values(), row, image)
    else:
        contents = {file.name: video.annotations.read(file) for file in video.annotations.stats()}
        annotated = video.layout.parse(video, contents)
        for number in sorted(images.keys() | annotated):
            if number not in annotated:
                yield _lacking(f"frame {number} of {video.key} has no {row}", image, row)
            elif number not in images:
                yield _lacking(
                    f"frame {number} of {video.key} has no {image} ({video.image(number)})", row, image
                )
            else:
                try:
                    frame = annotated[number]()
                except InputError as error:
                    yield error
                    continue
                counts.update(frame.left_out)
                yield from (error for error, _ in frame.faults)


def _alone(
    video: Video, files: Collection[str], others: Collection[str], has: str, lacks: str
) -> Iterator[InputError]:
    """One fault for all files without another file of their name."""
    stems = {Path(file).stem for file in others}
    if alone := [file for file in files if Path(file).stem not in stems]:
        what = f"{counted(len(alone), 'frame')} of {video.key} without {lacks}, the first {alone[0]}"
        yield _lacking(what, has, lacks)


def _lacking(what: str, has: str, lacks: str) -> InputError:
    return InputError(what, do=f"Restore the {lacks}, or remove the {has}", reason=f"{has} without {lacks}")


def _frame_faults(
    video: Video, number: int, counts: Counter[str], decode: Decode | None
) -> Iterator[InputError]:
    """What `annotate` and `crop` would stop at in an image, and in the annotation that is its own."""
    size, file = None, video.annotation(number)
    if isinstance(video.annotations, Folder) and file.is_file():
        for parse in video.layout.parse(video, {file.name: video.annotations.read(stat_file(file))}).values():
            frame = parse()
            size = (frame.width, frame.height)
            counts.update(frame.left_out)
            yield from (error for error, _ in frame.faults)
    try:
        if decode is not None:
            decode(video.image(number), size)
    except FileNotFoundError:
        yield InputError(f"{video.image(number)}", do="Restore it", reason="missing image")


def _compare_with_published(sizes: Mapping[str, tuple[int, int]]) -> list[Finding]:
    found = []
    for part, (subsets, videos, frames) in PUBLISHED.items():
        there = [sizes[subset] for subset in subsets if subset in sizes]
        if not there:
            continue
        is_there = (sum(size[0] for size in there), sum(size[1] for size in there))
        message = f"{is_there[0]:,} of {videos:,} published videos, {is_there[1]:,} of {frames:,} frames"
        if is_there == (videos, frames):
            found.append(Finding(f"ILSVRC {part}", "ok", message))
        else:
            cure = "Right for any dataset but the whole ILSVRC2015 VID; for that, unpack what is missing"
            found.append(Finding(f"ILSVRC {part}", "warn", message, cure))
    return found


def _decoder() -> Decode | None:
    try:
        from curation.images.frames import FrameReader
    except ImportError:
        return None
    reader = FrameReader()
    return lambda path, size: reader.read(path, size=size)


def spread(videos: list[tuple[Item, list[int]]], sample: int) -> list[tuple[Item, int]]:
    """At most `sample` frames: of videos spread over the list, at different places in them."""
    rounds = -(-sample // len(videos)) if videos else 0
    chosen = [
        (video, frames[int(len(frames) * (turn + number * _GOLDEN % 1) / rounds)])
        for turn in range(rounds)
        for number, (video, frames) in enumerate(videos)
    ]
    step = max(len(chosen) / sample, 1)
    picked = [chosen[int(at * step)] for at in range(min(sample, len(chosen)))]
    return list(dict.fromkeys(picked))
