"""Times and counts of videos are those of their frames, not those that the container guesses."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from curation.errors import InputError
from tests.training.tracking.clips import write_video
from training.tracking.video.part import Part
from training.tracking.video.source import open_source

STEPS = [40] * 20 + [80] * 19
"""Milliseconds from frame to frame: 25, then 12.5 frames/s. Frame 21 comes at .8 s, the last at 2.32 s."""


def encode(path: Path, codec: str, milliseconds: list[int], form: str | None = None) -> Path:
    """A video of 64 x 48 pixels, with a frame at each of those times; frame n is decoded to about 5 n - 4."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000) if form != "mpeg" else Fraction(1, 25)
        for number, time in enumerate(milliseconds, start=1):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 5 * number, np.uint8), format="bgr24")
            frame = frame.reformat(format="yuv420p")
            frame.time_base = stream.codec_context.time_base
            frame.pts = round(time / 1000 / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module", params=["mkv", "mp4"])
def uneven(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("uneven") / f"clip.{request.param}"
    return encode(path, "libx264", [0, *accumulate(STEPS)])


def numbers(path: Path, start: str = "", end: str = "") -> list[int]:
    source = open_source(path, Part(start, end))
    found = [round((int(frame[24, 32, 0]) + 4) / 5) for frame in source.frames if frame is not None]
    assert not found or source.first == found[0]
    return found


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("", "", 1, 40),
        ("1.5s", "", 29, 40),  # frame 29 is shown from 1.44 to 1.52 s
        ("0.8s", "0.8s", 21, 21),
        ("0.79s", "0.95s", 20, 22),
        ("0:02.32", "", 40, 40),
        ("0:02.35", "", 40, 40),  # the last is still shown
        ("0s", "0s", 1, 1),
        ("38", "9999999999", 38, 40),
        ("20", "1.5s", 20, 29),
        ("1.5s", "30", 29, 30),
    ],
)
def test_a_time_names_the_frame_that_is_shown_then(
    uneven: Path, start: str, end: str, first: int, last: int
) -> None:
    assert numbers(uneven, start, end) == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        ("9s", "", r"ends after 2\.40 s, before --start"),
        ("41", "", "has 40 frames, none from 41 on"),
        ("1.5s", "20", "--end 20 comes before --start 1.5s"),
        ("30", "1s", "--end 1s comes before --start 30"),
    ],
)
def test_parts_that_are_empty(uneven: Path, start: str, end: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        open_source(uneven, Part(start, end))


def test_a_video_of_uneven_frames_is_not_taken_for_cut_short(
    uneven: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = open_source(uneven)
    assert len(list(source.frames)) == 40
    assert source.count == 40 or not source.exact
    assert not caplog.records


def test_more_frames_than_the_container_guesses_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = encode(tmp_path / "clip.mpg", "mpeg2video", [40 * n for n in range(40)], "mpeg")
    assert numbers(path) == list(range(1, 41))
    assert numbers(path, start="39") == [39, 40]
    assert numbers(path, start="1.5s") == [38, 39, 40]
    assert numbers(path, end="39") == list(range(1, 40))
    assert not caplog.records


def test_a_video_that_is_cut_short_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = encode(tmp_path / "clip.mkv", "mpeg4", [100 * n for n in range(40)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    found = len(list(open_source(path).frames))
    assert 5 < found < 35
    assert f"clip.mkv: its frames end after {found / 10:.1f} s, but it says 4.0 s" in caplog.text


def test_a_count_that_the_file_stores_is_certain(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", [np.full((48, 64, 3), 9, np.uint8)] * 5)
    assert open_source(path).exact
    assert not open_source(path, Part(end="0.2s")).exact
