"""The harder variants are what they say, and are scored in the sequence's own coordinates."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.bench.disturbances import Away, Covered, Doubled, Edge, Plain
from tests.bench.variants import cases, track
from tests.training.tracking.scenes import moving_target
from training.benchmark.sequences.sequence import Sequence
from training.tracking.windows import visible

FRAMES = 61


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    frames, boxes = moving_target(FRAMES, velocity=(1.0, 0.5), start=(90.0, 70.0), size=(30, 24))
    paths = []
    for number, frame in enumerate(frames):
        paths.append(folder / f"{number:04}.png")
        cv2.imwrite(str(paths[-1]), frame)
    return Sequence("scene", tuple(paths), boxes + np.array([1, 1, 0, 0]))


def target(view, index):
    """The pixels of the tracker's picture where the target is, or would be."""
    x, y, w, h = np.rint(view.turned(view.sequence.ground_truth[index])).astype(int)
    return view.frame(index)[y : y + h, x : x + w]


@pytest.mark.parametrize("side", [0, 1, 2])
def test_an_edge_hides_half_of_the_target_and_leaves_its_coordinates(sequence, side):
    view = Edge(sequence, side)
    middle = FRAMES // 4  # of the first slide
    whole, cut = target(view, 0), target(view, middle)
    assert 0.4 < cut.size / whole.size < 0.6
    plain = target(Plain(sequence), middle)
    turned = {0: plain[::-1], 1: plain[:, ::-1], 2: plain}[side]
    np.testing.assert_array_equal(cut, turned[: cut.shape[0], : cut.shape[1]])
    assert view.counted[0]
    assert not view.counted[middle]
    box = sequence.ground_truth[5]
    np.testing.assert_allclose(view.turned(view.turned(box)), box)


def test_a_cover_hides_all_of_the_target_and_goes(sequence):
    view = Covered(sequence)
    hidden = np.array([view.hidden(index) for index in range(FRAMES)])
    assert (hidden == 1).any()
    for index in (0, int(hidden.argmax()), FRAMES // 2):
        same = (target(view, index) == target(Plain(sequence), index)).all(axis=2)
        assert same.mean() == pytest.approx(1 - hidden[index], abs=0.1)
    np.testing.assert_array_equal(view.counted, hidden < 0.5)


def test_what_was_away_is_hidden_and_returns_elsewhere(sequence):
    view = Away.of(sequence)
    hidden = ~view.counted
    start, stop = np.flatnonzero(hidden)[[0, -1]]
    assert hidden.sum() == stop - start + 1 == 21
    slides = view.sequence.annotation[:, 0] - sequence.annotation[:, 0]
    assert (slides[: start + 1] == 0).all()
    later = sequence.ground_truth[stop + 1 :, 0]
    assert (
        slides[stop + 1 :] == -min(round(3 * (30 * 24) ** 0.5), later.min())
    ).all()  # to where there is room
    for index, same in ((0, True), (stop + 1, True), (FRAMES - 1, True), ((start + stop) // 2, False)):
        assert np.array_equal(target(view, index), target(Plain(sequence), index)) == same


def test_the_double_is_the_target_mirrored_beside_it(sequence):
    view = Doubled(sequence, side=1)
    near = FRAMES // 6  # the first visit
    x, y, w, h = sequence.ground_truth[near]
    left = int(np.rint(x + w / 2 + 1.1 * w - w / 2))
    double = view.frame(near)[int(y) : int(y + h), left : left + int(w)]
    middle = (slice(6, -6), slice(6, -6))  # its corners are the scene
    mirrored = target(view, near)[:, ::-1].astype(float)
    assert np.abs(double[middle] - mirrored[middle]).mean() < 12
    np.testing.assert_array_equal(target(view, near), target(Plain(sequence), near))


class Oracle:
    """Answers with what is seen of the target in the tracker's picture, in frames that count; far off in the others."""

    def __init__(self, view):
        self.view, self.index = view, 0

    def init(self, frame, box):
        assert frame.ndim == 3

    def update(self, frame):
        self.index += 1
        box = self.view.turned(self.view.sequence.ground_truth[self.index])
        return visible(box, frame) if self.view.counted[self.index] else box + 500.0


def test_every_variant_is_scored_in_the_sequences_own_coordinates(sequence):
    found = list(cases([sequence], seeds=1))
    groups = [case.group for case in found]
    assert groups == [
        "forward",
        "fast",
        "fast, backwards",
        "box",
        "box",
        "edge",
        "covered",
        "doubled",
        "away",
    ]
    for case in found:
        wrong = case.group == "box"  # whose first box is not the true one
        auc, precision = track(case, make=lambda _, case=case: Oracle(case.view))
        assert precision == 1
        assert auc == pytest.approx(20 / 21, abs=0.05 if wrong else 1e-9)


def test_a_sequence_ends_where_the_target_is_first_absent(sequence):
    annotation = sequence.annotation.copy()
    annotation[40:] = np.nan
    assert len(next(cases([replace(sequence, annotation=annotation)], 1)).view.sequence.frames) == 40
    annotation[5:] = np.nan
    assert not list(cases([replace(sequence, annotation=annotation)], 1))


@pytest.mark.parametrize(
    "box", [(60, 40, 110, 60), (10, 50, 200, 60), (5, 10, 230, 100), (5, 70, 230, 105), (150, 10, 85, 160)]
)
def test_a_cover_holds_nothing_of_a_target_of_any_size(tmp_path, box):
    frame = np.full((180, 240, 3), 90, np.uint8)
    x, y, w, h = box
    frame[y : y + h, x : x + w] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "1.png"), frame)
    view = Covered(Sequence("wide", (tmp_path / "1.png",), np.array([box]) + np.array([1, 1, 0, 0])))
    piece = view._piece((50, 50))
    assert (piece == 90).all()
