"""The newest frame of something that goes on by itself."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.waiting import HUNG
from training.tracking.video.newest import newest


def frame(number):
    return np.full((2, 2, 3), number, np.uint8)


def test_frames_that_came_meanwhile_are_left_out_and_the_last_is_not():
    asked, came = threading.Semaphore(0), threading.Event()
    released = []

    def read():
        read.number += 1
        if read.number == 4:
            came.set()
        if read.number == 5:
            asked.acquire()
            return None
        return frame(read.number)

    read.number = 0
    frames = newest(read, lambda: released.append(True))
    first = int(next(frames)[0, 0, 0])
    came.wait()
    later = [first]
    asked.release()
    later += [int(found[0, 0, 0]) for found in frames]
    assert later == sorted(set(later))
    assert later[-1] in (3, 4) or first == 4
    assert released == [True]


def test_what_goes_wrong_in_reading_is_raised():
    def read():
        raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        next(newest(read, lambda: None))


def test_whoever_stops_asking_ends_the_reading():
    released = threading.Event()
    frames = newest(lambda: frame(1), released.set)
    next(frames)
    frames.close()
    assert released.wait(HUNG)
