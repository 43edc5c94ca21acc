from __future__ import annotations

import numpy as np
import pytest

from training.benchmark.report import overlay
from training.benchmark.report.overlay import Drawn, of_tracker, of_truth, strip_picture, video_picture
from training.benchmark.report.palette import DASHES, Series

GREY = np.full((240, 320, 3), 90, np.uint8)
BOX = np.array([[40.0, 60, 100, 80]])
NOWHERE = np.full((1, 4), np.nan)


def tracker(regions: np.ndarray, index: int = 1, words: tuple[str, ...] = ("",)) -> Drawn:
    return of_tracker(Series(index, "kcf", "KCF"), regions, words)


def where(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """(K, 2) rows and columns of the pixels of about that colour."""
    return np.argwhere((np.abs(picture.astype(int) - colour) < 40).all(axis=2))


def test_a_box_lies_where_it_was_said_in_the_trackers_colour_and_the_frame_is_left_alone() -> None:
    one = tracker(BOX, index=0)
    solid = Drawn("KCF", one.colour, (), BOX, ("",))
    picture = video_picture(GREY, 0, 1, [solid])[:480]  # twice as large: 640 pixels
    rows, columns = where(picture, one.colour).T
    assert [columns.min(), columns.max()] == pytest.approx([80, 280], abs=3)
    assert [rows.min(), rows.max()] == pytest.approx([120, 280], abs=3)
    assert (GREY == 90).all()


def test_polygons_are_drawn_corner_by_corner_and_far_ones_do_no_harm() -> None:
    diamond = np.array([[100.0, 60, 140, 100, 100, 140, 60, 100]])
    one = tracker(diamond, index=0)
    rows, columns = where(video_picture(GREY, 0, 1, [one])[:480], one.colour).T
    assert [columns.min(), columns.max(), rows.min(), rows.max()] == pytest.approx(
        [120, 280, 120, 280], abs=4
    )
    assert not len(where(video_picture(GREY, 0, 1, [one])[110:130, 110:130], one.colour))  # no upright box
    video_picture(GREY, 0, 1, [tracker(np.array([[-1e6, 5, 2e6, 1e6]]))])


def test_dashes_tell_boxes_of_one_colour_apart() -> None:
    drawn = [Drawn("KCF", (9, 9, 250), dashes, BOX, ("",)) for dashes in DASHES[:2]]
    solid, dashed = (len(where(video_picture(GREY, 0, 1, [one])[:480], one.colour)) for one in drawn)
    assert 0.3 * solid < dashed < 0.95 * solid


@pytest.mark.parametrize("word", ["lost", "failed"])
def test_what_is_said_stands_in_the_legend_and_moves_nothing_else(word: str) -> None:
    quiet, loud = (tracker(NOWHERE, words=("", word)) for _ in range(2))
    before, after = (video_picture(GREY, index, 1, [one])[480:] for index, one in ((0, quiet), (1, loud)))
    changed = np.argwhere((before != after).any(axis=2))
    assert len(changed)
    assert before.shape == after.shape
    name = where(before, overlay.WHITE)[:, 1].max()
    assert changed[:, 1].min() > name


def test_an_absent_target_is_not_drawn_and_said() -> None:
    truth = of_truth(np.concatenate([BOX, BOX, NOWHERE]), [False, True, False])
    assert [truth.corners(index) is None for index in range(3)] == [False, True, True]
    assert list(truth.words) == ["", "absent", "absent"]
    assert truth.corners(9) is None
    assert truth.word(9) == "no box"


def test_a_strip_has_rows_of_equal_length_and_words_below_their_frame() -> None:
    one = tracker(np.repeat(NOWHERE, 8, axis=0), words=("", "", "lost", "", "", "", "", ""))
    picture = strip_picture([(GREY, index, index + 1) for index in range(8)], [one])
    assert picture.shape[1] == 4 * overlay.PANEL
    said = where(picture[315:340], one.colour)
    assert 2 * overlay.PANEL < said[:, 1].min() <= said[:, 1].max() < 3 * overlay.PANEL


def test_long_names_are_cut_and_many_take_more_rows() -> None:
    few, many = (
        video_picture(
            GREY, 0, 1, [of_tracker(Series(i, "t", f"tracker {i} " * 20), BOX, ("",)) for i in range(n)]
        )
        for n in (1, 5)
    )
    assert many.shape[0] > few.shape[0]
    assert many.shape[1] == 640
