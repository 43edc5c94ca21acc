"""Check that a VID tree is complete: count everything, read a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from curation.digests.file_groups import Files, Folder
from curation.errors import InputError
from curation.layouts.frame_xml import read_frame as read_annotation
from curation.layouts.layout_table import Video, number_frames
from curation.layouts.vid_layout import FORM, SUBSETS
from curation.videos.dataset import Dataset, open_dataset
from pipelines.checks.finding import Finding, counted

PUBLISHED = {"train": (("a", "b", "c", "d"), 3862, 1_122_397), "val": (("e",), 555, 176_126)}
"""Subsets, videos and frames of each part, as the readme of the ILSVRC2015 development kit states (1.4)."""

SHOWN = 3
"""Examples in one message."""

Item = TypeVar("Item", bound=Hashable)

_GOLDEN = 0.618034
"""Its multiples, modulo 1, are spread evenly: where in each video to look."""


@dataclass
class _Tally:
    """The counts of one subset; the lists name the faulty items."""

    videos: list[Video] = field(default_factory=list)
    frames: int = 0
    empty: list[str] = field(default_factory=list)
    without_annotation: list[str] = field(default_factory=list)
    without_image: list[str] = field(default_factory=list)
    whole: list[tuple[Video, list[int]]] = field(default_factory=list)


def check_tree(root: Path, *, sample: int = 200) -> list[Finding]:
    """Check a VID tree: its layout, its completeness, and that a sample of its files can be read.

    Parameters
    ----------
    root : Path
        The folder that holds `Data/VID` and `Annotations/VID`.
    sample : int
        Frames to decode, with their annotations, spread evenly over all videos.
    """
    try:
        dataset = open_dataset(root)
    except InputError as error:
        return [Finding("dataset root", "fail", error.what, error.do)]
    found = [Finding("dataset root", "ok", f"{root} is a VID tree")]
    tallies: dict[str, _Tally] = {}
    for subset in SUBSETS:
        try:
            tallies[subset] = _count(dataset, subset)
        except InputError as error:
            found.append(Finding(f"subset {subset}", "warn", error.what, error.do))
        else:
            found += _report_subset(subset, tallies[subset])
    found += _compare_with_published(tallies)
    whole = [entry for tally in tallies.values() for entry in tally.whole]
    return found + _read_sample(whole, sample)


def check_part(name: str, opened: Callable[[str], Dataset], *, sample: int = 200) -> list[Finding]:
    """Check a part of another layout: its videos, that rows and images fit each other, and that both can be read.

    Every row of text is parsed. Of XML files and images a sample is read: `sample` of each, spread over all videos.

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
        videos = dataset.videos(name)
        out = dataset.left_out(name)
    except InputError as error:
        return [Finding(check, "fail", error.what, error.do)]
    faults: dict[str, list[InputError]] = {}
    frames: list[tuple[Video, list[int]]] = []
    counts: Counter[str] = Counter()
    for video in videos:
        try:
            numbers = list(video.frames())
            counts["frame"] += len(numbers)
            frames += [(video, numbers)] if numbers else []
            for fault in _annotation_faults(video, numbers, counts, -(-sample // len(videos))):
                faults.setdefault(fault.reason, []).append(fault)
        except InputError as error:
            faults.setdefault(error.reason, []).append(error)
    for fault in _image_faults(frames, sample):
        faults.setdefault(fault.reason, []).append(fault)
    said = [f"{number:,} left out ({why})" for why, number in out.items()]
    said += [f"{number:,} boxes {why}" for why, number in sorted(counts.items()) if why != "frame"]
    found = [counted(len(videos), "video"), counted(counts["frame"], "frame")]
    return [
        Finding(check, "ok", ", ".join([*found, *said])),
        *(
            Finding(
                check,
                "fail",
                f"{reason}, {counted(len(errors), 'time')}: {_some([error.what for error in errors])}",
                f"{errors[0].do}; or dataset.parts.{name}.leave_out, or errors.policy = skip",
            )
            for reason, errors in faults.items()
        ),
    ]


def _annotation_faults(
    video: Video, numbers: Sequence[int], counts: Counter[str], sample: int
) -> Iterator[InputError]:
    """What of a video's annotation `annotate` would stop at; what rules leave out is added to `counts`."""
    if not numbers:
        yield _lacking(video, "images", video.folder)
    names = video.annotations.names()
    if not names:
        yield _lacking(video, "annotation", video.folder)
    if not numbers or not names:
        return
    if isinstance(video.images, Files) and (absent := [p for p in video.images.listed if not p.is_file()]):
        yield InputError(
            f"{counted(len(absent), 'image')} of {video.key}, the first {absent[0]}",
            do="Restore them",
            reason="missing image",
        )
    single = isinstance(video.annotations, Folder)  # a file a frame
    stats = video.annotations.stats()
    if single:
        stems = {Path(file).stem for file in names}
        if bare := [file for file in video.frames().values() if Path(file).stem not in stems]:
            yield InputError(
                f"{counted(len(bare), 'image')} of {video.key} without XML, the first {bare[0]}",
                do="Restore the XML files, or remove the images",
                reason="image without XML",
            )
        stats = stats[:: max(len(stats) // sample, 1)]
    contents = {file.name: video.annotations.read(file) for file in stats}
    annotated = video.layout.parse(video, contents)
    for number in sorted(annotated if single else set(numbers) | annotated.keys()):
        parse = annotated.get(number)
        if parse is None or number not in numbers:
            image, row = video.layout.words
            has, lacks = (image, row) if parse is None else (row, image)
            yield InputError(
                f"frame {number} of {video.key} has no {lacks}",
                do=f"Restore the {lacks}, or remove the {has}",
                reason=f"{has} without {lacks}",
            )
            continue
        try:
            frame = parse()
        except InputError as error:
            yield error
            continue
        counts.update(frame.left_out)
        yield from (error for error, _ in frame.faults)


def _lacking(video: Video, what: str, folder: Path) -> InputError:
    return InputError(f"{video.key} ({folder})", do="Restore them", reason=f"videos without {what}")


def _image_faults(frames: list[tuple[Video, list[int]]], sample: int) -> Iterator[InputError]:
    read = _decoder()
    for video, number in spread(frames, sample) if read else []:
        try:
            assert read is not None
            read(video.image(number), None)
        except InputError as error:
            yield error
        except FileNotFoundError:
            yield InputError(f"{video.image(number)}", do="Restore it", reason="missing image")


def _count(dataset: Dataset, subset: str) -> _Tally:
    tally = _Tally()
    for video in dataset.videos(subset):
        images = list(video.frames())
        annotations = list(number_frames(video.annotations.names(), FORM, str(video.folder)))
        both = sorted(set(images).intersection(annotations))
        tally.videos.append(video)
        tally.frames += len(images)
        if not images and not annotations:
            tally.empty.append(video.key)
        if both:
            tally.whole.append((video, both))
        tally.without_annotation += [str(video.image(n)) for n in sorted(set(images).difference(annotations))]
        tally.without_image += [str(video.annotation(n)) for n in sorted(set(annotations).difference(images))]
    return tally


def _report_subset(subset: str, tally: _Tally) -> list[Finding]:
    check = f"subset {subset}"
    faults = [
        (tally.empty, "video", "without frames", "Unpack them again, or remove their folders"),
        (tally.without_annotation, "frame", "without XML", "Restore the XML files, or remove the frames"),
        (
            tally.without_image,
            "XML file",
            "without a frame",
            "Restore the JPEG files, or remove the XML files",
        ),
    ]
    found = [Finding(check, "ok", f"{counted(len(tally.videos), 'video')}, {counted(tally.frames, 'frame')}")]
    for names, thing, lacks, cure in faults:
        if names:
            found.append(
                Finding(check, "fail", f"{counted(len(names), thing)} {lacks}: {_some(names)}", cure)
            )
    return found


def _compare_with_published(tallies: dict[str, _Tally]) -> list[Finding]:
    found = []
    for part, (subsets, videos, frames) in PUBLISHED.items():
        there = [tallies[subset] for subset in subsets if subset in tallies]
        is_there = (sum(len(tally.videos) for tally in there), sum(tally.frames for tally in there))
        message = f"{is_there[0]:,} of {videos:,} published videos, {is_there[1]:,} of {frames:,} frames"
        if is_there == (videos, frames):
            found.append(Finding(f"ILSVRC {part}", "ok", message))
        else:
            cure = "Right for any dataset but the whole ILSVRC2015 VID; for that, unpack what is missing"
            found.append(Finding(f"ILSVRC {part}", "warn", message, cure))
    return found


def _read_sample(videos: list[tuple[Video, list[int]]], sample: int) -> list[Finding]:
    """Decode frames evenly spread over the videos, and compare them with the size their annotation states."""
    check = "readable files"
    read = _decoder()
    if read is None:
        return [
            Finding(
                check, "warn", "not checked, because OpenCV does not load", "See the installation's findings"
            )
        ]
    faults = []
    chosen = spread(videos, sample)
    for video, number in chosen:
        try:
            annotation = read_annotation(video.annotation(number))
            read(video.image(number), (annotation.width, annotation.height))
            faults += [str(error) for error, _ in annotation.faults]
        except (InputError, FileNotFoundError) as error:
            faults.append(str(error))
    if not faults:
        return [
            Finding(
                check, "ok", f"{counted(len(chosen), 'frame')}, taken evenly, and their annotations are sound"
            )
        ]
    message = (
        f"{counted(len(faults), 'fault')} in {counted(len(chosen), 'frame')} taken evenly: {_some(faults)}"
    )
    cure = "Restore them, or leave them out: errors.policy = skip in params.yaml"
    return [Finding(check, "fail", message, cure)]


def _decoder() -> Callable[[Path, tuple[int, int] | None], object] | None:
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


def _some(names: list[str]) -> str:
    shown = "; ".join(names[:SHOWN])
    return f"{shown}; and {len(names) - SHOWN:,} more" if len(names) > SHOWN else shown
