import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from tests.training.benchmark.builders import boxes, trajectory
from training.benchmark.trajectory import (
    FAILURE,
    REGION,
    START,
    UNKNOWN,
    Trajectory,
    find_runs,
    read_trajectory,
    write_trajectories,
)

number = st.floats(-500, 2000).map(lambda value: round(value, 4))
row = st.one_of(st.sampled_from([[0], [1], [2]]), st.lists(number, min_size=4, max_size=4))


def test_rows_become_codes_and_regions() -> None:
    run = trajectory([1], [1, 2, 3, 4], [2], [0], [0], [1], [5, 6, 7, 8])
    assert run.codes.tolist() == [START, REGION, FAILURE, UNKNOWN, UNKNOWN, START, REGION]
    assert run.failures.tolist() == [2]
    assert run.regions[1].tolist() == [1, 2, 3, 4]
    assert np.isnan(run.regions[[0, 2, 3, 4, 5]]).all()


def test_boxes_and_polygons_in_one_run() -> None:
    run = trajectory([1], [1, 2, 3, 4], [1, 1, 5, 1, 5, 5, 1, 5])
    assert run.regions.shape == (3, 8)
    assert np.isnan(run.regions[1, 4:]).all()
    assert (
        run.text()
        == "1\n1.0000,2.0000,3.0000,4.0000\n"
        + ",".join(f"{value:.4f}" for value in (1, 1, 5, 1, 5, 5, 1, 5))
        + "\n"
    )


def test_a_region_of_nan_is_unknown() -> None:
    assert trajectory([1], [np.nan] * 4, [1, np.nan, 3, 4]).codes.tolist() == [START, UNKNOWN, UNKNOWN]


@given(st.lists(row, min_size=1, max_size=20))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]
) -> None:
    run = Trajectory.from_rows(rows)
    path = tmp_path_factory.mktemp("run") / "a.txt"
    path.write_text(run.text())
    again = read_trajectory(path)
    assert again.codes.tolist() == run.codes.tolist()
    assert np.array_equal(again.regions, run.regions, equal_nan=True)


def test_the_folders_of_the_toolkits(tmp_path: Path) -> None:
    runs = [trajectory([1], [1, 2, 3, 4]), trajectory([1], [2])]
    paths = write_trajectories(tmp_path / "KCF", "bag", runs)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "KCF/baseline/bag/bag_001.txt",
        "KCF/baseline/bag/bag_002.txt",
    ]
    (again,) = find_runs(tmp_path / "KCF/baseline").values()
    assert [read_trajectory(path).text() for path in again] == [run.text() for run in runs]


def test_results_without_a_folder_for_each_sequence(tmp_path: Path) -> None:
    (tmp_path / "KCF/baseline").mkdir(parents=True)
    for name in ("bag_001.txt", "bag_002.txt", "bag_time.txt", "bag2_001.txt"):
        (tmp_path / "KCF/baseline" / name).write_text("1\n")
    found = find_runs(tmp_path / "KCF/baseline")
    assert {name: len(paths) for name, paths in found.items()} == {"bag": 2, "bag2": 1}
    assert find_runs(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n7\n", "line 2: 7 is not a code"),
        ("1\n0.5\n", "line 2: 0.5 is not a code"),
        ("1\n1,2,3\n", "line 2: expected 1 or 4 or 6"),
        ("1\nx\n", "line 2"),
        ("", "is empty"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bag_001.txt").write_text(text)
    with pytest.raises(InputError, match=f"bag_001.txt.*{message}"):
        read_trajectory(tmp_path / "bag_001.txt")


def test_an_unsupervised_run_begins_with_a_start() -> None:
    run = Trajectory.from_boxes(boxes([1, 1, 5, 5], [2, 2, 5, 5]))
    assert run.text() == "1\n2.0000,2.0000,5.0000,5.0000\n"


@pytest.mark.parametrize("row", ["1,2,3,1e300", "1,2,inf,4", "-1e7,2,3,4", "1,2,3,4,5,6,7,2e6"])
def test_a_region_beyond_every_image_is_refused(tmp_path: Path, row: str) -> None:
    """Its mask would fill the memory."""
    (tmp_path / "a_001.txt").write_text(f"1\n{row}\n")
    with pytest.raises(InputError, match=r"a_001\.txt, line 2: .* is not a region"):
        read_trajectory(tmp_path / "a_001.txt")


def binary(*rows: list[float]) -> bytes:
    """As vot-toolkit 0.9.0 writes a trajectory (`region/io.py`, write_trajectory_binary)."""
    parts = [struct.pack("<hI", 1, len(rows))]
    for row in rows:
        if len(row) == 1:
            parts.append(struct.pack("<BI", 0, int(row[0])))
        elif len(row) == 4:
            parts.append(struct.pack("<Bffff", 1, *row))
        else:
            parts.append(struct.pack(f"<BH{len(row)}f", 2, len(row) // 2, *row))
    return b"".join(parts)


ROWS: list[list[float]] = [[1], [1.5, 2, 30, 40], [2], [0], [1, 2, 11, 2, 11, 12, 1, 12]]


def test_binary_trajectories_hold_what_text_holds(tmp_path: Path) -> None:
    folder = tmp_path / "bag"
    folder.mkdir()
    (folder / "bag_001.bin").write_bytes(binary(*ROWS))
    [path] = find_runs(tmp_path)["bag"]
    found, expected = read_trajectory(path), Trajectory.from_rows(ROWS)
    np.testing.assert_array_equal(found.codes, expected.codes)
    np.testing.assert_array_equal(found.regions, expected.regions)
    (folder / "bag_001.txt").write_text(expected.text())
    assert [path.name for path in find_runs(tmp_path)["bag"]] == ["bag_001.txt"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (binary(*ROWS)[:-3], "is cut short in frame 5"),
        (binary(*ROWS)[:20], "is cut short in frame 2"),
        (b"", "is cut short in frame 1"),
        (struct.pack("<hI", 2, 1), "is of version 2: no boxes"),
        (struct.pack("<hIB", 1, 1, 3) + bytes(10), "holds a mask or a point in frame 1"),
        (struct.pack("<hI", 1, 10**9), "is cut short in frame 1"),
        (struct.pack("<hIBI", 1, 1, 0, 7), "7 is not a code"),
    ],
)
def test_damaged_binary_trajectories_are_one_line(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "bag_001.bin").write_bytes(content)
    with pytest.raises(InputError, match=f"bag_001.bin.*{words}"):
        read_trajectory(tmp_path / "bag_001.bin")


def test_random_bytes_are_no_trajectory(shared: Path) -> None:
    path = shared / "cases/U02/bin/results/NCC/baseline/bag/bag_001.bin"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    with pytest.raises(InputError, match=r"bag_001\.bin is of version"):
        read_trajectory(path)
