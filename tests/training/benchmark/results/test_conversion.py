from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import benchmark, sequence, still, trajectory, vot_sequence
from training.benchmark.results.conversion import convert
from training.benchmark.results.result_reader import read_results
from training.benchmark.results.result_writer import FORMATS, write_boxes, write_runs

OPE_FORMATS = [name for name in FORMATS if name != "vot"]


@pytest.mark.parametrize("source", OPE_FORMATS)
@pytest.mark.parametrize("target", OPE_FORMATS)
def test_from_each_to_each(tmp_path: Path, source: str, target: str) -> None:
    """With names that differ, a lost box, and the five rows more that got10k wants of Tiger1."""
    jogging = sequence("Jogging.1", still(3), names={"matlab": "jogging-1", "pysot": "Jogging-1"})
    tiger = sequence("Tiger1", still(3), lead_in=still(5, (1, 1, 9, 9)), first_frame=6)
    bench = benchmark([jogging, tiger])
    boxes = still(3) + 0.1234
    boxes[2] = np.nan
    for one in bench.sequences:
        write_boxes(tmp_path / "a", "KCF", bench, one, boxes, form=source)
    convert(tmp_path / "a", "KCF", bench, tmp_path / "b", target, rename="Renamed")
    after = read_results(tmp_path / "b", "Renamed", bench).boxes
    for one in bench.sequences:
        found = after[one.name][-3:]
        assert np.allclose(found, boxes + np.array([1, 1, 0, 0]), atol=1e-9, equal_nan=True)
    assert len(after["Tiger1"]) == (8 if target == "got10k" else 3)


def test_got10k_is_not_given_rows_out_of_step(tmp_path: Path) -> None:
    """Without the annotation's first five rows the 354 that got10k expects of Tiger1 cannot be written."""
    tiger, dog = sequence("Tiger1", still(30), first_frame=6, trimmed=5), sequence("Dog1", still(4))
    bench = benchmark([dog, tiger])
    for one in bench.sequences:
        write_boxes(tmp_path, "KCF", bench, one, still(len(one)))
    with pytest.raises(
        InputError, match=r"Tiger1: got10k expects 35 rows, but .* lacks the 5 before frame 6"
    ):
        convert(tmp_path, "KCF", bench, tmp_path / "out", "got10k")
    assert not (tmp_path / "out").exists()
    assert len(convert(tmp_path, "KCF", bench, tmp_path / "out", "pysot")) == 2


@pytest.mark.parametrize(("form", "inside"), [("vot", "KCF"), ("got10k", "VOT2016/KCF"), ("pysot", "KCF")])
def test_both_experiments_of_vot(tmp_path: Path, form: str, inside: str) -> None:
    bag = vot_sequence("bag", still(4))
    bench = benchmark([bag], kind="vot")
    run = trajectory([1], [10, 10, 20, 20], [2], [0])
    paths = [
        *write_runs(tmp_path / "a", "KCF", bench, bag, [run, run]),
        *write_runs(tmp_path / "a", "KCF", bench, bag, [run], experiment="unsupervised"),
    ]
    assert len(convert(tmp_path / "a", "KCF", bench, tmp_path / "b", form)) == 3
    for path in paths:
        there = tmp_path / "b" / inside / path.relative_to(tmp_path / "a/KCF")
        assert there.read_bytes() == path.read_bytes()


def test_formats_must_fit_the_benchmark(tmp_path: Path) -> None:
    bench = benchmark([sequence("Dog1", still(4))])
    with pytest.raises(InputError, match=r"the format vot does not hold results of OTB-2015"):
        convert(tmp_path, "KCF", bench, tmp_path, "vot")
