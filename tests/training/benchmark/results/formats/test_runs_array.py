from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from curation.errors import InputError
from tests.training.benchmark.builders import benchmark, sequence, still
from training.benchmark.results.formats.runs_array import read_array
from training.benchmark.results.result_writer import write_boxes
from training.benchmark.score import score_benchmark

DEER = sequence("Deer", still(71))
RUNS = np.stack([still(71, (10 + 4 * n, 10, 20, 20)) for n in range(3)])


@pytest.mark.parametrize("ending", ["npy", "npz", "mat"])
def test_repetitions_in_an_array_count_by_their_mean(ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "results/DiMP"
    folder.mkdir(parents=True)
    file = folder / f"Deer.{ending}"
    if ending == "npy":
        np.save(file, RUNS)
    elif ending == "npz":
        np.savez(file, boxes=RUNS)
    else:
        scipy.io.savemat(file, {"boxes": RUNS})
    each = []
    for number, boxes in enumerate(RUNS):
        write_boxes(tmp_path / "alone", f"run{number}", benchmark([DEER]), DEER, boxes - [1, 1, 0, 0])
        found = score_benchmark(benchmark([DEER]), tmp_path / "alone", [f"run{number}"])
        each.append(found.trackers[f"run{number}"].overall.values["auc"])
    scored = score_benchmark(benchmark([DEER]), tmp_path / "results").trackers["DiMP"]
    assert scored.overall.values["auc"] == pytest.approx(np.mean(each))  # type: ignore[arg-type]
    assert each[0] != each[2]
    assert any(note.startswith("the mean of 3 runs; AUC") and "spread" in note for note in scored.notes)


def test_one_run_is_written_and_read_back(tmp_path: Path) -> None:
    write_boxes(tmp_path, "KCF", benchmark([DEER]), DEER, RUNS[1] - [1, 1, 0, 0], form="npy")
    [found] = read_array(tmp_path / "KCF/Deer.npy")
    np.testing.assert_array_equal(found.boxes, RUNS[1])
    assert found.again == ()


def test_files_with_different_repetitions_are_refused(tmp_path: Path) -> None:
    skiing = sequence("Skiing", still(71))
    (tmp_path / "DiMP").mkdir()
    np.save(tmp_path / "DiMP/Deer.npy", RUNS)
    np.save(tmp_path / "DiMP/Skiing.npy", RUNS[:2])
    with pytest.raises(InputError, match="its files hold from 2 to 3 repetitions"):
        score_benchmark(benchmark([DEER, skiing]), tmp_path)


@pytest.mark.parametrize("held", [np.zeros(4), np.zeros((2, 3)), np.zeros((0, 4)), np.array(["x"])])
def test_other_arrays_are_refused_in_one_line(held: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "Deer.npy", held)
    with pytest.raises(InputError, match=r"Deer\.npy holds no boxes \(.*\)\. Expected one array"):
        read_array(tmp_path / "Deer.npy")
    (tmp_path / "Deer.npz").write_bytes(b"PK\3\4 cut short")
    with pytest.raises(InputError, match=r"Deer\.npz holds no boxes"):
        read_array(tmp_path / "Deer.npz")
