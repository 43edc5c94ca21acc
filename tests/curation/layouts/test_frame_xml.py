"""What one frame's XML may hold, and the message for everything that it may not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.layouts.frame_xml import MAX_FILE_BYTES, parse, read_frame
from tests.curation.trees import frame_xml, object_xml

PATH = Path("v/000007.xml")


def test_corners_are_inclusive_pixels() -> None:
    frame = parse(frame_xml([object_xml(4, (10, 20, 49, 79), occluded=1)], size=(320, 240)), PATH)
    (item,) = frame.objects
    assert (frame.width, frame.height) == (320, 240)
    assert item.box == (10, 20, 40, 60)
    assert (item.track, item.label, item.occluded, item.generated) == (4, "n02691156", 1, 0)
    assert frame.faults == ()


def test_a_frame_without_objects_is_legitimate() -> None:
    frame = parse(frame_xml(), PATH)
    assert frame.objects == frame.faults == ()


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        ((0, 0, 319, 239), (0, 0, 320, 240)),  # the whole image
        ((10, 10, 10, 10), (10, 10, 1, 1)),  # a single pixel
        ((0, 0, 320, 240), (0, 0, 321, 241)),  # one pixel too far, as in ILSVRC
        ((-30, -10, 0, 0), (-30, -10, 31, 11)),  # one pixel inside
        ((319, 239, 400, 300), (319, 239, 82, 62)),  # the same at the other corner
        ((-320, -240, 639, 479), (-320, -240, 960, 720)),  # as far out as is allowed
    ],
)
def test_boxes_at_the_border_are_kept_unclipped(
    corners: tuple[int, int, int, int], box: tuple[int, int, int, int]
) -> None:
    frame = parse(frame_xml([object_xml(0, corners)], size=(320, 240)), PATH)
    assert [item.box for item in frame.objects] == [box]


@pytest.mark.parametrize(
    ("object_", "reason", "message"),
    [
        (object_xml(0, (49, 20, 10, 79)), "empty box", "track 0: the box is empty: xmin 49, xmax 10"),
        (object_xml(0, (10, 20, 9, 79)), "empty box", "xmin 10, xmax 9"),  # width 0
        (object_xml(0, (10, 79, 49, 20)), "empty box", "ymin 79, ymax 20"),
        (
            object_xml(3, (320, 0, 330, 9)),
            "box outside image",
            r"track 3: .*lies outside the image of 320x240",
        ),
        (object_xml(3, (-9, 0, -1, 9)), "box outside image", "lies outside"),
        (object_xml(3, (0, 240, 9, 250)), "box outside image", "lies outside"),
        (object_xml(3, (0, -5, 9, -1)), "box outside image", "lies outside"),
        (object_xml(3, (0, 0, 640, 9)), "box outside image", "too far outside"),
        (object_xml(3, (0, -241, 9, 9)), "box outside image", "too far outside"),
        (object_xml(3, (0, 0, 999999999, 9)), "box outside image", "too far outside"),
        (object_xml(0, ("NaN", 20, 49, 79)), "bad number", "track 0: xmin is 'NaN', not a whole number"),
        (object_xml(0, (10, 20, "inf", 79)), "bad number", "xmax is 'inf'"),
        (object_xml(0, (10, "1e1", 49, 79)), "bad number", "ymin is '1e1'"),
        (object_xml(0, (10, 20, 49.5, 79)), "bad number", "xmax is '49.5'"),
        (object_xml(0, (10, 20, 49, "")), "bad number", "ymax is ''"),
        (object_xml(0, (10, 20, 49, "9" * 5000)), "bad number", "ymax is '9999"),
        (object_xml(0, (10, 20, 49, "\u0667\u0669")), "bad number", "ymax is"),  # Arabic digits
        (object_xml(0, (10, 20, "4_9", 79)), "bad number", "xmax is '4_9'"),
        (object_xml("cat"), "bad trackid", "trackid of object 0 is 'cat'"),
        (object_xml("-1"), "bad trackid", "trackid of object 0 is '-1'"),
        (object_xml("9" * 5000), "bad trackid", "trackid of object 0 is '9999"),
        (object_xml(0, label="../../etc"), "bad class name", "class name is '../../etc'"),
        (object_xml(0, label=""), "bad class name", "class name is ''"),
        (object_xml(0, occluded=2), "bad number", "occluded is '2'"),
        (object_xml(0, generated="yes"), "bad number", "generated is 'yes'"),
        ("<object/>", "bad trackid", "trackid of object 0 is ''"),
    ],
)
def test_a_faulty_object_costs_itself_only(object_: str, reason: str, message: str) -> None:
    frame = parse(frame_xml([object_, object_xml(9)], size=(320, 240)), PATH)
    assert [item.track for item in frame.objects] == [9]
    ((error, boxes),) = frame.faults
    assert boxes == 1
    assert error.reason == reason
    assert str(PATH) in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 300
    with pytest.raises(InputError, match=message):
        raise error


def test_a_track_repeated_in_a_frame_costs_all_its_boxes() -> None:
    frame = parse(frame_xml([object_xml(1), object_xml(2), object_xml(1, (0, 0, 9, 9))]), PATH)
    assert [item.track for item in frame.objects] == [2]
    ((error, boxes),) = frame.faults
    assert (boxes, error.reason) == (2, "repeated track")
    assert "track 1 is there 2 times" in str(error)


BILLION_LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("xml", "reason", "message"),
    [
        (b"", "malformed XML", "is not well-formed"),
        (b"\x00" * 100, "malformed XML", "is not well-formed"),
        (frame_xml()[:-15], "malformed XML", "is not well-formed"),
        (frame_xml() * 2, "malformed XML", "is not well-formed"),
        (b"<html/>", "malformed XML", "its root is 'html'"),
        (
            BILLION_LAUGHS + frame_xml([object_xml(label="&b;")]),
            "malformed XML",
            "document type|not well-formed",
        ),
        (
            b'<!DOCTYPE annotation SYSTEM "file:///etc/passwd">' + frame_xml(),
            "malformed XML",
            "document type",
        ),
        (frame_xml(filename="../../000000"), "unsafe filename", "filename '../../000000'"),
        (frame_xml(filename="/etc/passwd"), "unsafe filename", "filename '/etc/passwd'"),
        (frame_xml(filename=".."), "unsafe filename", r"filename '\.\.'"),
        (frame_xml(filename="a\\b"), "unsafe filename", "filename"),
        (frame_xml(size=(0, 240)), "bad image size", "image width is '0'"),
        (frame_xml(size=(320, -240)), "bad image size", "image height is '-240'"),
        (frame_xml(size=("NaN", 240)), "bad image size", "image width is 'NaN'"),
        (frame_xml(size=(65536, 240)), "bad image size", "image width is '65536'"),
        (b"<annotation/>", "bad image size", "there is no image size"),
        (b"<annotation><size/></annotation>", "bad image size", "image width is ''"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(xml: bytes, reason: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse(xml, PATH)
    assert caught.value.reason == reason
    assert str(caught.value).startswith(str(PATH))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "iso-8859-1"])
def test_declared_encodings_are_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    xml = f'<?xml version="1.0" encoding="{declared}"?>'.encode(encoding) + frame_xml(
        [object_xml(5)]
    ).decode().encode("utf-16-le" if encoding == "utf-16" else declared)
    assert [item.track for item in parse(xml, PATH).objects] == [5]


def test_an_external_entity_is_never_opened(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    os.mkfifo(trap)  # opening it would wait for ever
    entity = f'<!DOCTYPE annotation [<!ENTITY x SYSTEM "{trap.as_uri()}">]>'.encode()
    with pytest.raises(InputError, match="document type"):
        parse(entity + frame_xml([object_xml(label="&x;")]), PATH)


def test_reading_refuses_what_is_no_annotation_file(tmp_path: Path) -> None:
    pipe = tmp_path / "000000.xml"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="not a plain file"):
        read_frame(pipe)
    large = tmp_path / "000001.xml"
    large.write_bytes(frame_xml().ljust(MAX_FILE_BYTES + 1))
    with pytest.raises(InputError, match=f"more than {MAX_FILE_BYTES}"):
        read_frame(large)
    large.write_bytes(frame_xml().ljust(MAX_FILE_BYTES))
    assert read_frame(large).width == 320
    with pytest.raises(FileNotFoundError):
        read_frame(tmp_path / "000002.xml")
    with pytest.raises(InputError, match="cannot read"):
        read_frame(large / "000003.xml")
