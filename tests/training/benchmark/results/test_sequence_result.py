from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import benchmark, sequence, still, trajectory, vot_sequence, write_rows
from training.benchmark.results.result_writer import write_starts
from training.benchmark.results.sequence_result import read_sequence_result
from training.benchmark.scores.starts import temporal_starts
from training.benchmark.sequences.anchors import Anchor
from training.benchmark.trajectory import write_anchored, write_trajectories


def test_boxes_are_0_based_and_lost_ones_say_so_whatever_else_is_damaged(tmp_path: Path) -> None:
    rows = [[11.0, 21, 5, 6], [12, 22, 0, 6], [np.nan] * 4, [13, 23, 5, 6]]
    write_rows(tmp_path / "KCF/Deer.txt", rows)
    (tmp_path / "KCF/Skiing.txt").write_text("no boxes")
    deer, skiing = sequence("Deer", still(4)), sequence("Skiing", still(4))
    bench = benchmark([deer, skiing])
    found = read_sequence_result(tmp_path, "KCF", bench, deer)
    assert found.words == ["", "lost", "lost", ""]
    np.testing.assert_array_equal(found.regions[[0, 3]], [[10, 20, 5, 6], [12, 22, 5, 6]])
    assert np.isnan(found.regions[1:3]).all()
    with pytest.raises(InputError, match=r"Skiing\.txt"):
        read_sequence_result(tmp_path, "KCF", bench, skiing)


def test_a_run_is_chosen_by_its_number(tmp_path: Path) -> None:
    for number in range(2):
        write_rows(tmp_path / f"DiMP/dimp50_00{number}/Deer.txt", still(4, (number + 1, 1, 9, 9)))
    deer = sequence("Deer", still(4))
    second = read_sequence_result(tmp_path, "DiMP", benchmark([deer]), deer, run=2)
    assert (second.runs, second.regions[0, 0]) == (2, 1)
    with pytest.raises(InputError, match=r"has 2 runs on Deer, and no run 3.*--run 1 to 2"):
        read_sequence_result(tmp_path, "DiMP", benchmark([deer]), deer, run=3)


def test_a_start_of_tre_begins_in_its_frame(tmp_path: Path) -> None:
    deer = sequence("Deer", still(71))
    starts = temporal_starts(deer)
    write_starts(tmp_path, "KCF", deer, "tre", [still(71 - start) for start in starts])
    found = read_sequence_result(tmp_path, "KCF", benchmark([deer]), deer, run=5)
    before = starts[4]
    assert found.words == ["no box"] * before + [""] * (71 - before)
    assert np.isnan(found.regions[:before]).all()


def test_codes_of_vot_are_words(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(5))
    run = trajectory([1], [1, 2, 3, 4], [2], [0], [0])
    write_trajectories(tmp_path / "SiamFC", "bag", [run])
    found = read_sequence_result(tmp_path, "SiamFC", benchmark([bag], "vot"), bag)
    assert found.words == ["started", "", "failed", "no box", "no box"]
    np.testing.assert_array_equal(found.regions[1], [1, 2, 3, 4])


def test_a_run_from_an_anchor_lies_in_its_own_frames(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(5), anchors=(Anchor(0, False), Anchor(3, True)))
    backwards = trajectory([1], [3, 2, 9, 9], [2, 2, 9, 9], [0, 0, 0.5, 9])
    write_anchored(tmp_path / "SiamFC", "bag", {0: trajectory([1], *[[1, 2, 3, 4]] * 4), 3: backwards})
    found = read_sequence_result(tmp_path, "SiamFC", benchmark([bag], "vot"), bag, run=2)
    assert found.words == ["", "", "", "started", "no box"]
    np.testing.assert_array_equal(found.regions[:3, 0], [0, 2, 3])


def test_no_result_of_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "KCF/Deer.txt", still(4))
    skiing = sequence("Skiing", still(4))
    with pytest.raises(InputError, match=r"KCF in .* has no result of Skiing"):
        read_sequence_result(tmp_path, "KCF", benchmark([sequence("Deer", still(4)), skiing]), skiing)
