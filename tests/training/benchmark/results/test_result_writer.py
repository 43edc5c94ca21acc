"""Every format is written, found and read again; another tool's view of it is in test_peers."""

from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import benchmark, sequence, still, trajectory, vot_sequence
from training.benchmark.results.result_reader import read_results
from training.benchmark.results.result_writer import FORMATS, check_format, write_boxes, write_runs
from training.benchmark.sequences.sequence import Benchmark

OPE_FORMATS = [name for name in FORMATS if name != "vot"]
SECONDS = np.array([0.5, 0.25, 0.25])


@pytest.fixture
def bench() -> Benchmark:
    return benchmark(
        [
            sequence(
                "Jogging.1",
                still(3),
                names={"matlab": "jogging-1", "pysot": "Jogging-1", "pytracking": "Jogging_1"},
            ),
            sequence(
                "Tiger1", still(3), lead_in=still(5, (1, 1, 9, 9)), first_frame=6, names={"matlab": "tiger1"}
            ),
        ]
    )


def tracked(offset: float = 0.1234) -> np.ndarray:
    boxes = still(3) + offset
    boxes[1] = np.nan
    return boxes


@pytest.mark.parametrize("form", OPE_FORMATS)
def test_written_and_read_again(tmp_path: Path, bench: Benchmark, form: str) -> None:
    for one in bench.sequences:
        write_boxes(tmp_path, "KCF", bench, one, tracked(), form=form, seconds=SECONDS)
    protocol = "got10k" if form == "got10k" else "matlab"
    results = read_results(tmp_path, "KCF", bench, protocol)
    assert not results.missing
    for name, boxes in results.boxes.items():
        expected = tracked() + np.array([1, 1, 0, 0])  # files are 1-based
        if form == "got10k" and name == "Tiger1":
            expected = np.concatenate([still(5, (1, 1, 9, 9)), expected])
        assert np.allclose(boxes, expected, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("otb", ["KCF/Jogging.1.txt", "KCF/Tiger1.txt"]),
        ("otb-mat", ["jogging-1_KCF.mat", "tiger1_KCF.mat"]),
        (
            "got10k",
            [
                "OTB2015/KCF/Jogging.1.txt",
                "OTB2015/KCF/Tiger1.txt",
                "OTB2015/KCF/times/Jogging.1_time.txt",
                "OTB2015/KCF/times/Tiger1_time.txt",
            ],
        ),
        ("pysot", ["KCF/Jogging-1.txt", "KCF/Tiger1.txt"]),
        (
            "pytracking",
            [
                "KCF/default/Jogging_1.txt",
                "KCF/default/Jogging_1_time.txt",
                "KCF/default/Tiger1.txt",
                "KCF/default/Tiger1_time.txt",
            ],
        ),
        ("jwlim", ["OPE/KCF/Jogging-1.json", "OPE/KCF/Tiger1.json"]),
    ],
)
def test_names_of_files(tmp_path: Path, bench: Benchmark, form: str, expected: list[str]) -> None:
    for one in bench.sequences:
        write_boxes(tmp_path, "KCF", bench, one, tracked(), form=form, seconds=SECONDS)
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert found == expected


def test_text_is_one_based_with_four_decimals(tmp_path: Path, bench: Benchmark) -> None:
    path = write_boxes(tmp_path, "KCF", bench, bench.sequences[0], tracked())
    assert path.read_text() == (
        "11.1234,11.1234,20.1234,20.1234\nnan,nan,nan,nan\n11.1234,11.1234,20.1234,20.1234\n"
    )
    tabs = write_boxes(tmp_path, "KCF", bench, bench.sequences[0], tracked(), form="pytracking")
    assert tabs.read_text().splitlines()[0] == "11.1234\t11.1234\t20.1234\t20.1234"


def test_got10k_times_have_a_line_for_every_row(tmp_path: Path, bench: Benchmark) -> None:
    write_boxes(tmp_path, "KCF", bench, bench["Tiger1"], tracked(), form="got10k", seconds=SECONDS)
    times = (tmp_path / "OTB2015/KCF/times/Tiger1_time.txt").read_text().splitlines()
    assert [float(value) for value in times] == [0, 0, 0, 0, 0, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("form", OPE_FORMATS)
def test_incomplete_results_are_not_written(tmp_path: Path, bench: Benchmark, form: str) -> None:
    with pytest.raises(InputError, match=r"Jogging.1: 2 rows, but 3 frames"):
        write_boxes(tmp_path, "KCF", bench, bench.sequences[0], still(2), form=form)
    assert not list(tmp_path.iterdir())


def test_vot_runs(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(4))
    bench = benchmark([bag], kind="vot")
    run = trajectory([1], [10, 10, 20, 20], [2], [0])
    paths = write_runs(tmp_path, "KCF", bench, bag, [run])
    assert [path.name for path in paths] == ["bag_001.txt", "bag_002.txt", "bag_003.txt"]
    two = write_runs(tmp_path / "two", "KCF", bench, bag, [run, run])
    assert len(two) == 2
    free = write_runs(tmp_path, "KCF", bench, bag, [run], experiment="unsupervised")
    assert [path.relative_to(tmp_path).as_posix() for path in free] == ["KCF/unsupervised/bag/bag_001.txt"]


def test_formats_must_fit_the_benchmark(bench: Benchmark) -> None:
    vot = benchmark([vot_sequence("bag", still(4))], kind="vot")
    with pytest.raises(InputError, match=r"no result format is named 'got-10k'. Did you mean got10k"):
        check_format("got-10k", bench)
    with pytest.raises(InputError, match=r"the format vot does not hold results of OTB-2015"):
        check_format("vot", bench)
    with pytest.raises(InputError, match=r"the format otb-mat does not hold results of VOT2016"):
        check_format("otb-mat", vot)
