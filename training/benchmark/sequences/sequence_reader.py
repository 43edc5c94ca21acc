"""Read one sequence from its files, and check it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from curation.digests.reading import Reading
from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import crossed, polygon_area, unusable
from training.benchmark.sequences.anchors import FILE, MULTISTART, Anchor, read_anchors, spread_anchors
from training.benchmark.sequences.places import (
    Home,
    Place,
    find_frames,
    find_sequence,
    flag_files,
    image_numbers,
    read_flags,
    read_tags,
    tag_files,
)
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.sequences.sequence_list import Entry, Listing
from training.benchmark.text_tables import parse_table, read_text


def load_sequence(
    entry: Entry, listing: Listing, homes: list[Home], *, images: bool, whole: bool
) -> Sequence | None:
    place = find_sequence(entry, homes, images=images)
    if place is None:
        return None
    reading = Reading()
    text = read_text(place.annotation, note=reading.note)
    if listing.kind == "vot" and text.startswith("m"):
        raise InputError(
            f"{entry.name}: {place.annotation} holds masks",
            do="Give sequences with boxes or polygons, as those of VOT2022's box challenge (vot2022/stb)",
            reason="masks",
        )
    annotation = parse_table(text, place.annotation, widths=(4, 8) if listing.kind == "vot" else (4,))
    if (bad := unusable(annotation)).any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{entry.name}: {place.annotation}, line {row + 1}: {annotation[row].tolist()} does not lie in an image",
            do="Unpack the sequence again",
            reason="bad annotation",
        )
    first = entry.start_frame
    if listing.truth == "first":
        annotation = _only_first(entry, place, annotation)
    lead = _check_rows(entry, place.annotation, annotation)
    frames: tuple[Path, ...] = ()
    if images and place.frames is not None:
        last = entry.end_frame
        frames = find_frames(entry, place.frames, first=first + (entry.lead_in - lead), last=last)
        if len(frames) != len(annotation):
            raise InputError(
                f"{entry.name}: {len(frames)} images in {place.frames} "
                f"but {len(annotation)} rows in {place.annotation.name}",
                do="One row a frame is expected",
                reason="wrong length",
            )
    first_image = None
    if not frames and place.frames is not None:
        numbers = image_numbers(place.frames, Path(entry.image).stem)
        first_image = place.frames / numbers[min(numbers)] if numbers else None
    first += entry.lead_in - lead
    tags = {}
    if listing.kind == "vot":
        tags = read_tags(place.annotation.parent, listing.attributes, len(annotation), note=reading.note)
        _check_polygons(place.annotation, annotation)
    anchors: tuple[Anchor, ...] = ()
    anchor_file = place.annotation.parent / FILE
    if listing.protocol == MULTISTART:
        given = anchor_file.is_file()
        anchors = (
            read_anchors(anchor_file, annotation, note=reading.note) if given else spread_anchors(annotation)
        )
    marks = flag_files(place.annotation, listing.flags)
    if listing.flags and not marks:
        raise InputError(
            f"{entry.name}: {place.annotation.parent} lacks {' and '.join(listing.flags)}",
            do="Unpack the sequence again",
            reason="missing flags",
        )
    absent = read_flags(marks, listing.flags, len(annotation), note=reading.note) if marks else None
    trimmed = entry.lead_in - lead
    if whole:
        lead = 0
    if not np.isfinite(annotation[lead]).all() or (
        annotation.shape[1] == 4 and annotation[lead, 2:].min() <= 0
    ):
        raise InputError(
            f"{entry.name}: {place.annotation}, line {lead + 1}: "
            f"a tracker cannot start on {annotation[lead].tolist()}",
            do="Unpack the sequence again",
            reason="bad annotation",
        )
    beside = [anchor_file] * (anchor_file in reading)
    files = (place.annotation, *tag_files(place.annotation.parent, tuple(tags)), *marks.values(), *beside)
    for path in files:
        if path not in reading:  # one that was not there a moment ago, or that nobody asks for
            read_text(path, note=reading.note)
    return Sequence(
        name=entry.name,
        frames=frames[lead:],
        annotation=annotation[lead:],
        base=listing.base,
        attributes=entry.attributes,
        first_frame=first + lead,
        lead_in=annotation[:lead],
        trimmed=trimmed,
        omit=entry.init_omit,
        names=entry.names,
        aliases=entry.aliases,
        tags=tags,
        absent=None if absent is None else absent[lead:],
        anchors=anchors,
        listed_size=entry.size or _resolution(place.annotation.parent),
        first_image=first_image,
        annotation_files=files,
        reading=reading,
    )


def _only_first(entry: Entry, place: Place, annotation: Array) -> Array:
    """The first box, followed by a row of NaN for every other image; without images, the box alone."""
    if place.frames is None:
        return annotation[:1]
    numbers = image_numbers(place.frames, Path(entry.image).stem)
    rest = np.full((max(len(numbers) - 1, 0), annotation.shape[1]), np.nan)
    return np.concatenate([annotation[:1], rest])


def _resolution(folder: Path) -> tuple[int, int] | None:
    """Width and height of a frame from GOT-10k's `meta_info.ini`, if that has them."""
    meta = folder / "meta_info.ini"
    found = (
        re.search(r"^resolution: \((\d+), (\d+)\)", read_text(meta), re.MULTILINE) if meta.is_file() else None
    )
    return (int(found[1]), int(found[2])) if found else None


def _check_rows(entry: Entry, path: Path, annotation: Array) -> int:
    """Number of lead-in rows in the file, after checking its length against the list."""
    if np.isnan(annotation).all():
        raise InputError(
            f"{entry.name}: every row of {path} is NaN",
            do="Unpack the sequence again",
            reason="bad annotation",
        )
    if len(annotation) == entry.rows or (entry.rows is None and len(annotation) > entry.lead_in):
        return entry.lead_in
    if entry.lead_in and entry.rows and len(annotation) == entry.rows - entry.lead_in:
        return 0
    raise InputError(
        f"{entry.name}: {path} has {len(annotation)} rows, "
        f"but frames {entry.start_frame} to {entry.end_frame or '...'} are {entry.rows or 'more'}",
        do="Unpack the sequence again, or correct the list",
        reason="wrong length",
    )


def _check_polygons(path: Path, annotation: Array) -> None:
    if annotation.shape[1] != 8:
        return
    for fault, bad in (
        ("has crossed edges", crossed(annotation)),
        ("has no area", polygon_area(annotation) == 0),
    ):
        if bad.any():
            raise InputError(
                f"{path}, line {int(np.argmax(bad)) + 1}: the polygon {fault} ({int(bad.sum())} such rows)",
                do="Unpack the sequence again",
                reason="bad annotation",
            )
