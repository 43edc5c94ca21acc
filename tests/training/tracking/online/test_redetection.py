"""When a lost target is looked for, in which order, and what confirms it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.tracking.online.head import Head
from training.tracking.online.online_config import RedetectionConfig
from training.tracking.online.redetection import Redetection, parts

CELLS, KERNEL = (9, 9), (3, 3)
FRAME = np.zeros((200, 300, 3), np.uint8)


@pytest.fixture
def head():
    """Answers with the first channel."""
    made = Head(2, KERNEL, CELLS, device=torch.device("cpu"))
    made.weight[0, 1, 1] = 1.0
    return made


def spectrum(head, *values, row=4, column=4):
    """Of maps that are 0 but for one cell, whose channels have these values."""
    maps = torch.zeros((1, 2, *CELLS))
    maps[0, :, row, column] = torch.tensor(values)
    return head.spectra(maps)


def watch(redetection, head, *peaks):
    for peak in peaks:
        seen = spectrum(head, peak, 0.0)
        redetection.watch(seen, head.respond(seen)[0].numpy(), np.zeros(2))


def test_a_target_is_looked_for_when_it_has_been_out_of_sight_for_long_enough(head):
    redetection = Redetection(RedetectionConfig(after=3), head, doubt=0.5)
    watch(redetection, head, 0.8, 0.7, 0.3, 0.3)
    assert not redetection.due
    watch(redetection, head, 0.4, 0.3, 0.3)  # one in sight among them: counted anew
    assert not redetection.due
    watch(redetection, head, 0.3)
    assert redetection.due
    watch(redetection, head, *[0.3] * 100)  # its absence is never what is usual
    assert redetection.due
    watch(redetection, head, 0.6)
    assert not redetection.due


def test_a_first_head_that_hardly_answers_confirms_nothing(head):
    for least, due in ((0.5, True), (0.9, False)):
        redetection = Redetection(RedetectionConfig(after=1, least=least), head, doubt=0.5)
        watch(redetection, head, 0.8, 0.1)
        assert redetection.due == due


@pytest.mark.parametrize(
    ("learning", "first", "found"),
    [(0.5, 0.5, True), (0.5, 0.3, False), (0.3, 0.5, False), (0.3, 0.3, False)],
)
def test_both_heads_must_answer(head, learning, first, found):
    redetection = Redetection(RedetectionConfig(after=1, share=0.5), head, doubt=0.5)
    watch(redetection, head, 0.8, 0.1)
    head.weight[0, 1, 1], head.weight[1, 1, 1] = 0.0, 1.0  # it learns to answer with the other channel
    place = redetection.search(
        FRAME,
        np.array([150.0, 100.0]),
        np.array([2.0, 3.0]),
        lambda places: [spectrum(head, first, learning, row=5, column=2) for _ in places],
    )
    assert (place is not None) == found
    if place is not None:  # a cell is 2 x 3 pixels; the nearest part lies beside the last place
        np.testing.assert_allclose(place, [150.0 - 7 * 2 * 0.9 - 2 * 2, 100.0 + 3], atol=0.2)


def test_some_parts_a_frame_are_looked_at_and_all_in_turn(head):
    redetection = Redetection(RedetectionConfig(after=1, parts=3), head, doubt=0.5)
    watch(redetection, head, 0.8)
    centre, step, looked = np.array([20.0, 30.0]), np.array([10.0, 10.0]), []

    def look(places):
        looked.extend(map(tuple, places))
        return [spectrum(head, 0.0, 0.0)] * len(places)

    for _ in range(12):
        watch(redetection, head, 0.1)
        redetection.search(FRAME, centre, step, look)
    every = [tuple(place) for place in parts(FRAME, centre, 0.9 * 7 * step)]
    assert len(every) < 36
    assert looked == (every * 36)[:36]


def test_parts_cover_the_frame_from_the_nearest_outwards():
    centre, distance = np.array([250.0, 30.0]), np.array([50.0, 40.0])
    places = np.array(parts(FRAME, centre, distance))
    assert (places >= 0).all()
    assert (places <= [299, 199]).all()
    assert not (places == centre).all(axis=1).any()
    pixels = np.mgrid[0:300:7, 0:200:7].reshape(2, -1).T
    away = np.abs(pixels[:, None] - np.vstack([places, centre])) / distance
    assert (away.max(axis=2).min(axis=1) <= 0.5).all()
    steps = np.hypot(*(places - centre).T)
    assert (
        np.maximum.accumulate(steps) - steps <= distance.max() / 2
    ).all()  # at the border they are moved inside


def test_a_target_as_large_as_the_frame_has_no_other_parts(head):
    assert parts(FRAME, np.array([150.0, 100.0]), np.array([900.0, 900.0])) == []
    redetection = Redetection(RedetectionConfig(after=1), head, doubt=0.5)
    watch(redetection, head, 0.8, 0.1)
    centre, step = np.array([150.0, 100.0]), np.array([500.0, 500.0])
    assert redetection.search(FRAME, centre, step, lambda places: list(map(pytest.fail, places))) is None
