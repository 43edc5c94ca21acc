"""Frames come out as stored, and whatever is not a whole frame is refused by name."""

from __future__ import annotations

import gc
import os
import platform
import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from curation.images.frames import FrameReader, keep_freed_memory, read_frame
from curation.images.image_files import NO_MEMORY
from tests.curation.crops.crop_trees import jpeg, picture

SIZE = (96, 72)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "000007.JPEG"
    path.write_bytes(jpeg(picture(1)))
    return path


def reason(path: Path, **options: tuple[int, int]) -> str:
    with pytest.raises(InputError) as caught:
        read_frame(path, **options)
    assert str(path) in str(caught.value)
    assert caught.value.do
    return caught.value.reason


def with_orientation(content: bytes, orientation: int) -> bytes:
    """Insert an EXIF segment with that orientation behind the start marker."""
    entry = b"\x12\x01\x03\x00\x01\x00\x00\x00" + orientation.to_bytes(2, "little") + b"\x00\x00"
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00" + entry + bytes(4)
    body = b"Exif\x00\x00" + tiff
    return content[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + content[2:]


def test_reads_what_opencv_reads(file: Path) -> None:
    frame = read_frame(file, size=SIZE)
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, cv2.imread(str(file)))


def test_one_buffer_serves_frames_of_many_sizes(tmp_path: Path) -> None:
    reader = FrameReader()
    for seed, size in enumerate([(96, 72), (96, 72), (40, 50), (96, 72)]):
        path = tmp_path / f"{seed}.JPEG"
        path.write_bytes(jpeg(picture(seed, size)))
        assert np.array_equal(reader.read(path, size=size), cv2.imread(str(path)))


def test_grey_becomes_three_equal_channels(file: Path) -> None:
    file.write_bytes(jpeg(cv2.cvtColor(picture(1), cv2.COLOR_BGR2GRAY)))
    frame = read_frame(file, size=SIZE)
    assert frame.shape == (72, 96, 3)
    assert (frame == frame[:, :, :1]).all()
    assert np.array_equal(frame, cv2.imread(str(file)))


def test_cmyk_is_converted_as_opencv_does(file: Path) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="Pillow, which writes the CMYK file, is not installed")
    pillow.fromarray(picture(1)).convert("CMYK").save(file, "JPEG")
    frame = read_frame(file, size=SIZE)
    assert np.array_equal(frame, cv2.imread(str(file)))
    assert frame.std() > 10


@pytest.mark.parametrize("by", [2, 4, 8])
@pytest.mark.parametrize("size", [(96, 72), (97, 71), (90, 79), (200, 79)])
def test_a_reduced_frame_has_the_means_of_squares(tmp_path: Path, by: int, size: tuple[int, int]) -> None:
    file = tmp_path / "000000.JPEG"
    file.write_bytes(jpeg(picture(1, size), cv2.IMWRITE_JPEG_QUALITY, 100))
    whole = cv2.imread(str(file))
    reader = FrameReader()
    frame = reader.read(file, size=size, reduced=by)
    width, height = (-(-side // by) for side in size)
    assert frame.shape == (height, width, 3)
    rows, columns = size[1] // by, size[0] // by
    squares = whole[: rows * by, : columns * by].reshape(rows, by, columns, by, 3)
    apart = frame[:rows, :columns].astype(float) - squares.mean((1, 3))
    assert np.abs(apart).mean() < 6
    assert np.array_equal(reader.read(file, size=size), whole)


def test_only_jpegs_are_reduced(tmp_path: Path) -> None:
    file = tmp_path / "000000.png"
    cv2.imwrite(str(file), picture(1))
    assert np.array_equal(FrameReader().read(file, size=SIZE, reduced=2), picture(1))


def test_a_reduced_frame_must_be_whole_too(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:200] + b"\xff\xd9" * 3)
    with pytest.raises(InputError):
        FrameReader().read(file, reduced=2)
    with pytest.raises(InputError, match="annotation says"):
        FrameReader().decode(content, file, size=(48, 36), reduced=2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_tag_is_ignored(file: Path, orientation: int) -> None:
    stored = cv2.imread(str(file))
    file.write_bytes(with_orientation(file.read_bytes(), orientation))
    turned = cv2.imread(str(file))
    assert (turned.shape == stored.shape and np.array_equal(turned, stored)) == (orientation == 1)
    assert np.array_equal(read_frame(file, size=SIZE), stored)


def test_progressive_and_trailing_bytes_are_fine(file: Path) -> None:
    file.write_bytes(jpeg(picture(1), cv2.IMWRITE_JPEG_PROGRESSIVE, 1) + b"\0\0padding")
    assert np.array_equal(read_frame(file, size=SIZE), cv2.imread(str(file)))


def test_long_header_is_read_to_its_end(file: Path) -> None:
    content = file.read_bytes()
    comment = b"\xff\xfe" + (60_002).to_bytes(2) + bytes(60_000)
    file.write_bytes(content[:2] + comment + content[2:])
    assert read_frame(file, size=SIZE).shape == (72, 96, 3)


def test_missing(tmp_path: Path) -> None:
    assert reason(tmp_path / "000000.JPEG") == "missing image"


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert reason(tmp_path) in ("not a plain file", "unreadable file")


@pytest.mark.parametrize("kind", ["pipe", "endless", "sparse"])
def test_what_would_be_waited_for_or_has_no_end_is_refused_at_once(file: Path, kind: str) -> None:
    if kind == "sparse":
        os.truncate(file, 8 << 30)
    else:
        file.unlink()
        os.mkfifo(file) if kind == "pipe" else file.symlink_to("/dev/zero")
    assert reason(file) == ("file too large" if kind == "sparse" else "not a plain file")


def test_pixels_are_the_same_where_the_system_has_no_private_files(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read_frame(file, size=SIZE).copy()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert np.array_equal(read_frame(file, size=SIZE), expected)
    file.write_bytes(b"\xff\xd8" + file.read_bytes()[500:])
    assert reason(file) in ("damaged image", "truncated image", "image size")


def test_pixels_are_those_of_the_bytes_given(file: Path) -> None:
    content = file.read_bytes()
    expected = cv2.imread(str(file))
    file.write_bytes(jpeg(picture(99)))
    assert np.array_equal(FrameReader().decode(content, file, size=SIZE), expected)


def test_no_memory_is_no_fault_of_the_frame(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be there the next time; a damaged frame is damaged for good."""
    reader = FrameReader()
    monkeypatch.setattr(FrameReader, "_decode", lambda *_: None)
    assert reason(file) == "damaged image"

    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("curation.images.image_files.np.empty", no_memory)
    with pytest.raises(InputError, match=r"no memory to decode .*000007\.JPEG \(96 x 72 pixels\)") as caught:
        reader.decode(file.read_bytes(), file)
    assert caught.value.reason == NO_MEMORY


def test_a_reader_gives_its_file_back(file: Path) -> None:
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("this system does not list open files")
    gc.collect()  # it closes what other tests have left open
    before = len(list(handles.iterdir()))
    for _ in range(20):
        read_frame(file)
    assert len(list(handles.iterdir())) <= before


def test_zero_bytes(file: Path) -> None:
    file.write_bytes(b"")
    assert reason(file) == "empty image"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(100), b"<html>", b"\xff", bytes(5000)])
def test_not_a_jpeg(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert reason(file) == "not a JPEG"


def test_cut_short_anywhere_is_noticed_though_opencv_does_not(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert cv2.imread(str(file)) is not None, "else the check is not needed any more"
    for length in range(3, len(content) - 1, 5):
        file.write_bytes(content[:length])
        assert reason(file) == "truncated image"


def test_thumbnail_does_not_pass_for_the_end(file: Path) -> None:
    """An EXIF thumbnail is a whole JPEG with an end marker of its own."""
    content, thumbnail = file.read_bytes(), jpeg(picture(2, (16, 12)))
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail
    whole = content[:2] + segment + content[2:]
    file.write_bytes(whole)
    assert read_frame(file, size=SIZE).shape == (72, 96, 3)
    file.write_bytes(whole[:-100])
    assert reason(file) == "truncated image"
    file.write_bytes(content[:2] + segment)
    assert reason(file) == "truncated image"


def test_other_size_than_annotated(file: Path) -> None:
    with pytest.raises(InputError, match="96 x 72 pixels where its annotation says 72 x 96"):
        read_frame(file, size=(72, 96))


def test_header_that_claims_a_giant_picture_is_refused_unread(file: Path) -> None:
    content = bytearray(file.read_bytes())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = b"\xff\xff\xff\xff"
    file.write_bytes(content)
    assert reason(file) == "image size"


def test_failed_decoding_never_passes_for_the_frame_before(file: Path, tmp_path: Path) -> None:
    """OpenCV returns the buffer it was given, untouched, when it gives up."""
    reader = FrameReader()
    reader.read(file, size=SIZE)
    damaged = tmp_path / "damaged.JPEG"
    content = bytearray(file.read_bytes())
    tables = content.index(b"\xff\xc4") + 5
    content[tables : tables + 16] = b"\xff" * 16
    damaged.write_bytes(content)
    with pytest.raises(InputError) as caught:
        reader.read(damaged, size=SIZE)
    assert caught.value.reason == "damaged image"


def test_a_thousand_damaged_files_give_a_frame_or_an_input_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    random_ = random.Random(7)
    whole = jpeg(picture(1))
    reader = FrameReader()
    path = tmp_path / "000000.JPEG"
    outcomes = {"frame": 0, "error": 0}
    for _ in range(1000):
        content = bytearray(whole)
        for _ in range(random_.choice([1, 1, 2, 20])):
            content[random_.randrange(len(content))] = random_.randrange(256)
        path.write_bytes(content[: random_.choice([len(content), random_.randrange(len(content))])])
        try:
            assert reader.read(path, size=SIZE).shape == (72, 96, 3)
            outcomes["frame"] += 1
        except InputError:
            outcomes["error"] += 1
    assert min(outcomes.values()) > 100
    capfd.readouterr()  # libjpeg's warnings


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc hands freed memory back at once")
def test_kept_memory_spares_page_faults(tmp_path: Path) -> None:
    import resource

    keep_freed_memory()
    image = np.zeros((720, 1280, 3), np.uint8)
    for _ in range(3):
        image.copy()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        image.copy()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 675, "675 is one copy of ten"
