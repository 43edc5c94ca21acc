from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from tests.training.benchmark.builders import boxes, still
from training.benchmark.results.formats.matlab import mat_bytes, read_mat
from training.benchmark.results.formats.segments import Segment

numbers = st.lists(st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4), min_size=1, max_size=10)


def save(path: Path, **variables: object) -> Path:
    scipy.io.savemat(str(path), variables)
    return path


@given(numbers)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]
) -> None:
    path = tmp_path_factory.mktemp("mat") / "a.mat"
    path.write_bytes(mat_bytes([Segment(boxes(*rows), first_frame=6, fps=12.5)], anno_begin=1))
    (segment,) = read_mat(path)
    assert segment.boxes.tolist() == rows
    assert (segment.first_frame, segment.fps, segment.shift) == (6, 12.5, "")


def test_the_fields_that_the_toolkit_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(mat_bytes([Segment(still(3), first_frame=300)], anno_begin=300))
    results = scipy.io.loadmat(str(path))["results"]
    assert results.shape == (1, 1)
    assert results.dtype == object
    record = results[0, 0][0, 0]
    assert record["res"].shape == (3, 4)
    assert record["type"][0] == "rect"
    assert [int(record[name][0, 0]) for name in ("len", "annoBegin", "startFrame")] == [3, 300, 300]


def test_the_same_results_give_the_same_bytes() -> None:
    first, second = (mat_bytes([Segment(still(3))], anno_begin=1) for _ in range(2))
    assert first == second
    assert first.startswith(b"MATLAB 5.0 MAT-file")


def test_several_runs(tmp_path: Path) -> None:
    runs = [Segment(still(5), first_frame=k, shift=shift) for k, shift in ((1, "left"), (4, "scale_8"))]
    (tmp_path / "a.mat").write_bytes(mat_bytes(runs, anno_begin=1))
    assert [(run.first_frame, run.shift) for run in read_mat(tmp_path / "a.mat")] == [
        (1, "left"),
        (4, "scale_8"),
    ]


def test_integers_and_missing_fields(tmp_path: Path) -> None:
    cells = np.empty(1, dtype=object)
    cells[0] = {"res": np.array([[1, 2, 3, 4]], dtype=np.uint16)}
    (segment,) = read_mat(save(tmp_path / "a.mat", results=cells))
    assert segment.boxes.dtype == np.float64
    assert (segment.first_frame, segment.fps) == (1, None)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"other": 1}, "has no variable `results`"),
        ({"results": np.zeros((3, 4))}, "has no field `res`"),
        ({"results": {"res": np.zeros((3, 4)), "type": "mask"}}, "results of the unknown type 'mask'"),
        (
            {"results": {"res": np.zeros((3, 4)), "type": "ivtAff"}},
            r"shape \(3, 4\) for results of type ivtAff",
        ),
        ({"results": {"res": np.zeros((3, 6)), "type": "rect"}}, r"shape \(3, 6\) instead of N x 4"),
        (
            {"results": {"res": np.zeros((0, 4)), "type": "rect"}},
            r"shape \(0, 0\) instead|shape \(0, 4\) instead",
        ),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, variables: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=f"a.mat.*{message}"):
        read_mat(save(tmp_path / "a.mat", **variables))


@pytest.mark.parametrize("content", [b"", b"1,2,3,4\n", b"MATLAB 5.0 MAT-file" + b" " * 200])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(InputError, match=r"a.mat"):
        read_mat(tmp_path / "a.mat")


def test_published_files(shared: Path) -> None:
    (david,) = read_mat(shared / "data/results/OTB/DSST/david_DSST.mat")
    assert (len(david.boxes), david.first_frame) == (471, 300)
    assert david.fps == pytest.approx(16.374, abs=1e-3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"startFrame": float("nan")}, "a startFrame of nan"),
        ({"startFrame": float("inf")}, "a startFrame of inf"),
        ({"startFrame": 2.5}, "a startFrame of 2.5"),
        ({"startFrame": -1.0}, "a startFrame of -1"),
        ({"startFrame": 1e300}, r"a startFrame of 1e\+300"),
        ({"startFrame": "one"}, "a field `startFrame` that is not an array of real numbers"),
        ({"res": "hello"}, "a field `res` that is not an array of real numbers"),
        ({"res": np.array([[1, "a"]], object)}, "a field `res` that is not an array of real numbers"),
        ({"res": np.ones((3, 4)) * 1j}, "a field `res` that is not an array of real numbers"),
        ({"type": 3.0}, "is not text"),
    ],
)
def test_what_is_no_number_is_refused_before_it_is_converted(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    cells = np.empty(1, dtype=object)
    cells[0] = {"res": np.ones((3, 4)), "type": "rect", **fields}
    with pytest.raises(InputError, match=rf"a\.mat (has )?{message}"):
        read_mat(save(tmp_path / "a.mat", results=cells))


@pytest.mark.parametrize("fps", [float("inf"), float("nan"), "fast", np.zeros(0)])
def test_a_rate_that_says_nothing_is_none(tmp_path: Path, fps: object) -> None:
    (segment,) = read_mat(save(tmp_path / "a.mat", results={"res": np.ones((3, 4)), "fps": fps}))
    assert segment.fps is None
