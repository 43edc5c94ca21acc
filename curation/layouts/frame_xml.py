"""Read one frame's ILSVRC VID annotation: untrusted XML in, boxes out.

Coordinates in the files are inclusive 0-based pixel indices, so a box here is
`x = xmin, y = ymin, w = xmax - xmin + 1, h = ymax - ymin + 1`, in pixels.

What is legitimate and what is an error:

- A frame without objects is legitimate.
- A box may touch the border or stick out over it, and is kept as it is. Of the 273,505 boxes of VID val, 29
  end one pixel too far (`xmax == width` or `ymax == height`), none further and none empty, and the published
  crops were cut from the boxes as they are.
- A box with no pixel inside the image is an error, and so is one that reaches further past a border
  than the image is large: that is a damaged number, and its crop would need unbounded memory.
- The same track twice in one frame is an error, and since nothing says which box is right, both are
  left out.

Files are read with lxml without entities, DTDs or network; `filename` is checked and never used as a path.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from lxml import etree

from curation import LARGEST
from curation.errors import InputError
from curation.layouts.frame_annotation import MEND, FrameAnnotation, ObjectAnnotation, outside
from curation.outside import read_outside

MAX_FILE_BYTES = 1 << 20
"""A larger file is no frame's annotation (a real one has about 450 bytes an object)."""

MAX_SIDE = 65_535
"""Pixels; JPEG stores sides in 16 bits."""

_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,9})\s*", re.ASCII)
_TRACK = re.compile(r"\s*([0-9]{1,6})\s*", re.ASCII)
_CLASS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,63}", re.ASCII)
_FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", re.ASCII)
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_frame(path: Path) -> FrameAnnotation:
    """Read and parse one annotation file; raises as `load_annotation` and `parse`."""
    return parse(load_annotation(path), path)


def load_annotation(path: Path) -> bytes:
    """The content of an annotation file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    InputError
        If it is not a plain file, far larger than any annotation, or cannot be read. That may pass: it says nothing
        about what the file holds.
    """
    return read_outside(
        path, limit=LARGEST, kind="an annotation", do="Restore this annotation, then run again"
    )


def parse(xml: bytes, path: Path, *, still: bool = False) -> FrameAnnotation:
    """Parse the annotation of one frame.

    Parameters
    ----------
    xml : bytes
        The file's content, in any encoding that it declares.
    path : Path
        Where it comes from; for messages only.
    still : bool
        Whether it is of a still image: objects have no trackid, and are numbered in the file's order.

    Raises
    ------
    InputError
        If the file as a whole cannot be used: too large, malformed, not an `annotation`, with a document type
        (which could define entities), with an unsafe `filename`, or without a sound image size.
        A fault in one object raises nothing: it goes into `FrameAnnotation.faults`.
    """
    if len(xml) > MAX_FILE_BYTES:
        raise InputError(
            f"{path} is not an annotation: it has {len(xml):,} bytes, more than {MAX_FILE_BYTES}",
            do=MEND,
            reason="malformed XML",
        )
    root = _root(xml, path)
    filename = root.findtext("filename")
    if filename is not None and not _FILENAME.fullmatch(filename.strip()):
        raise InputError(
            f"{path}: the filename {_quoted(filename)} is not a plain file name",
            do=MEND,
            reason="unsafe filename",
        )
    size = root.find("size")
    if size is None:
        raise InputError(f"{path}: there is no image size", do=MEND, reason="bad image size")
    fields = _texts(size)
    width, height = (_image_side(fields, side, path) for side in ("width", "height"))
    objects: list[ObjectAnnotation] = []
    faults: list[tuple[InputError, int]] = []
    for position, element in enumerate(root.iterchildren("object")):
        try:
            objects.append(_object(element, position, (width, height), path, still))
        except InputError as error:
            faults.append((error, 1))
    if len({item.track for item in objects}) < len(objects):
        times = Counter(item.track for item in objects)
        for track in sorted(track for track, n in times.items() if n > 1):
            what = f"{path}: track {track} is there {times[track]} times in one frame"
            faults.append((InputError(what, do=MEND, reason="repeated track"), times[track]))
        objects = [item for item in objects if times[item.track] == 1]
    return FrameAnnotation(width, height, tuple(objects), tuple(faults))


def _root(xml: bytes, path: Path) -> etree._Element:
    try:
        root = etree.fromstring(xml, _PARSER)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise InputError(
            f"{path} is not well-formed XML: {str(error)[:200]}", do=MEND, reason="malformed XML"
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputError(f"{path} has a document type, which is refused", do=MEND, reason="malformed XML")
    if root.tag != "annotation":
        raise InputError(
            f"{path} is not an annotation: its root is {_quoted(str(root.tag))}",
            do=MEND,
            reason="malformed XML",
        )
    return root


def _texts(element: etree._Element) -> dict[str, str]:
    """The text of every element below this one, by tag."""
    return {child.tag: child.text or "" for child in element.iter(etree.Element)}


def _image_side(fields: dict[str, str], side: str, path: Path) -> int:
    text = fields.get(side, "")
    match = _INTEGER.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= MAX_SIDE:
        raise InputError(
            f"{path}: the image {side} is {_quoted(text)}, not a whole number of 1 to {MAX_SIDE} pixels",
            do=MEND,
            reason="bad image size",
        )
    return int(match[1])


def _object(
    element: etree._Element, position: int, size: tuple[int, int], path: Path, still: bool
) -> ObjectAnnotation:
    fields = _texts(element)
    text = str(position) if still else fields.get("trackid", "")
    match = _TRACK.fullmatch(text)
    if match is None:
        raise InputError(
            f"{path}: the trackid of object {position} is {_quoted(text)}, not a whole number of 0 to 999999",
            do=MEND,
            reason="bad trackid",
        )
    track = int(match[1])
    label = fields.get("name", "").strip()
    if not _CLASS.fullmatch(label):
        raise InputError(
            f"{path}: track {track}: the class name is {_quoted(label)}", do=MEND, reason="bad class name"
        )
    corners = []
    for corner in _CORNERS:
        text = fields.get(corner, "")
        match = _INTEGER.fullmatch(text)
        if match is None:
            what = f"{path}: track {track}: {corner} is {_quoted(text)}, not a whole number of pixels"
            raise InputError(what, do=MEND, reason="bad number")
        corners.append(int(match[1]))
    return ObjectAnnotation(
        track,
        label,
        _box(corners, *size, track, path),
        _flag(fields, "occluded", track, path),
        _flag(fields, "generated", track, path),
    )


def _box(corners: list[int], width: int, height: int, track: int, path: Path) -> tuple[int, int, int, int]:
    xmin, ymin, xmax, ymax = corners
    if xmax < xmin or ymax < ymin:
        raise InputError(
            f"{path}: track {track}: the box is empty: xmin {xmin}, xmax {xmax}, ymin {ymin}, ymax {ymax}",
            do=MEND,
            reason="empty box",
        )
    box = (xmin, ymin, xmax - xmin + 1, ymax - ymin + 1)
    if where := outside(box, width, height):
        raise InputError(
            f"{path}: track {track}: the box (xmin {xmin}, xmax {xmax}, ymin {ymin}, ymax {ymax}) lies "
            f"{where} the image of {width}x{height}",
            do=MEND,
            reason="box outside image",
        )
    return box


def _flag(fields: dict[str, str], name: str, track: int, path: Path) -> int:
    text = fields.get(name, "0").strip()
    if text not in ("0", "1"):
        raise InputError(
            f"{path}: track {track}: {name} is {_quoted(text)}, neither 0 nor 1",
            do=MEND,
            reason="bad number",
        )
    return int(text)


def _quoted(text: str) -> str:
    """Text of a file, made safe and short for a message."""
    return repr(text if len(text) <= 60 else text[:60] + "...")
