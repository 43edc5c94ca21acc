from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import still
from training.benchmark.sequences.anchors import Anchor, read_anchors, spread_anchors
from training.benchmark.sequences.benchmark_loader import load_benchmark


def test_every_50_frames_and_in_the_last_one_towards_the_end_that_is_farther_away() -> None:
    assert spread_anchors(still(130)) == (
        Anchor(0, False),
        Anchor(50, False),
        Anchor(100, True),
        Anchor(129, True),
    )
    assert spread_anchors(still(101))[1] == Anchor(50, False), "in the middle forwards"
    assert spread_anchors(still(1)) == (Anchor(0, False),)


def test_no_anchor_without_a_target() -> None:
    truth = still(130)
    truth[50], truth[129, 2] = np.nan, 0
    assert [anchor.frame for anchor in spread_anchors(truth)] == [0, 100]


def test_a_run_goes_to_the_end_or_to_the_beginning() -> None:
    assert list(Anchor(3, False).rows(6)) == [3, 4, 5]
    assert list(Anchor(3, True).rows(6)) == [3, 2, 1, 0]


def test_a_file_says_where(tmp_path: Path) -> None:
    (tmp_path / "anchor.value").write_text("0\n-1\n1\n0.0\n-1\n")
    found = read_anchors(tmp_path / "anchor.value", still(6))
    assert found == (Anchor(2, False), Anchor(1, True), Anchor(4, True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0\n0\n", "0 anchors in 2 lines, for 4 frames"),
        ("1\n0\n0\n0\n0\n", "1 anchors in 5 lines, for 4 frames"),
        ("1\n0\n-1\n", "line 3: there is no target to start on in this frame"),
        ("1\nx\n", "line 2: expected 1 numbers, found 'x'"),
    ],
)
def test_a_bad_file_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    truth = still(4)
    truth[2] = np.nan
    (tmp_path / "anchor.value").write_text(text)
    with pytest.raises(InputError, match=said):
        read_anchors(tmp_path / "anchor.value", truth)


def test_bundles_with_masks_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag/groundtruth.txt").write_text("m3,4,5,6,0,2,3\nm3,4,5,6,0,2,3\n")
    (tmp_path / "list.txt").write_text("bag\n")
    with pytest.raises(InputError, match=r"bag: .*groundtruth\.txt holds masks\. Give sequences with boxes"):
        load_benchmark("vot2020", [tmp_path], images=False)
