from pathlib import Path

import numpy as np
import orjson
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import boxes, still
from training.benchmark.results.formats.jwlim import json_bytes, read_json
from training.benchmark.results.formats.segments import LIMIT, Segment


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    runs = [Segment(boxes([1.25, 2, 3, 4], [5, 6, 7, 8]), 300, "scale_9", 20.0), Segment(still(2), 1)]
    path = tmp_path / "David.json"
    path.write_bytes(json_bytes(runs, tracker="KCF", sequence="David", evaluation="SRE"))
    first, second = read_json(path)
    assert first.boxes.tolist() == [[1.25, 2, 3, 4], [5, 6, 7, 8]]
    assert (first.first_frame, first.shift, first.fps) == (300, "scale_9", 20.0)
    assert (second.shift, second.fps) == ("", None)
    assert set(orjson.loads(path.read_bytes())[0]) == {
        *("tracker", "seqName", "startFrame", "endFrame", "evalType"),
        *("fps", "shiftType", "resType", "tmplsize", "res"),
    }
    assert orjson.loads(path.read_bytes())[0]["endFrame"] == 301


def test_a_single_object_and_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"res": [[1, 2, 3, 4], [NaN, NaN, NaN, NaN]], "resType": "rect"}')
    (run,) = read_json(path)
    assert run.boxes[0].tolist() == [1, 2, 3, 4]
    assert np.isnan(run.boxes[1]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "holds no run"),
        ("3", "has no `res`"),
        ('{"tracker": "x"}', "has no `res`"),
        ('{"res": [[1, 2, 3]]}', r"shape \(1, 3\)"),
        ('{"res": [[1, 2, 3, "x"]]}', "something else than numbers"),
        ('{"res": [[1, 2, 3], [1]]}', "something else than numbers"),
        ('{"res": [[1, 2, 3, 4]], "resType": "mask"}', "results of the unknown type 'mask'"),
        ('{"res": [[1, 2, 3, 4]], "resType": "L1Aff"}', r"shape \(1, 4\) for results of type L1Aff"),
        ('{"res": [[1, 2, 3, 4, 5, 6]], "resType": "L1Aff"}', "no template size of two numbers"),
        ('{"res": [[[1, 2, 3, 4]]]}', r"shape \(1, 1, 4\) instead of N x 4"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=f"a.json.*{message}"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    "run",
    [
        '"res": [[1, 2, 3, true]]',
        '"res": [["1", "2", "3", "4"]]',
        '"res": {"a": [1, 2, 3, 4]}',
        '"res": 3',
        '"res": [[1, 2, 3, 4]], "startFrame": "1"',
        '"res": [[1, 2, 3, 4]], "startFrame": NaN',
        '"res": [[1, 2, 3, 4]], "startFrame": 1e300',
        '"res": [[1, 2, 3, 4]], "startFrame": [1]',
    ],
)
def test_what_is_no_number_is_refused_before_it_is_converted(tmp_path: Path, run: str) -> None:
    (tmp_path / "a.json").write_text(f"{{{run}}}")
    with pytest.raises(InputError, match=r"a\.json holds something else than numbers"):
        read_json(tmp_path / "a.json")


def test_deep_and_large_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match="cannot be read"):
        read_json(path)
    with path.open("wb") as stream:
        stream.truncate(LIMIT + 1)
    with pytest.raises(InputError, match="more than the 16,777,216"):
        read_json(path)
