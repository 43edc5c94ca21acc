"""Archives for servers: written from results in several forms, checked, and all that is missing said at once."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import Array, write_rows
from training.benchmark.problems import FolderError
from training.benchmark.results.result_writer import write_boxes
from training.benchmark.results.submission import SUBMISSIONS, check_archive, pack
from training.benchmark.sequences.sequence import Benchmark, Sequence

FRAMES = 6


def server_set(name: str) -> Benchmark:
    """As many sequences as the server wants, of which the first box alone is known."""
    sequences = []
    for number in range(1, SUBMISSIONS[name].count + 1):
        truth = np.full((FRAMES, 4), np.nan)
        truth[0] = [10.25 + number, 20, 30, 40]
        label = f"GOT-10k_Test_{number:06d}" if name == "got10k_test" else f"video-{number}_0"
        sequences.append(Sequence(label, (), truth, base=0))
    folder = ("GOT-10k",) if name == "got10k_test" else ("TrackingNet",)
    return Benchmark(name, name, "ope", sequences, result_folders=folder, given_away=False)


def boxes_of(sequence: Sequence) -> Array:
    return sequence.annotation[0] + np.arange(FRAMES)[:, None] * [1, 0.5, 0, 0]


@pytest.fixture(params=SUBMISSIONS)
def bench(request: pytest.FixtureRequest) -> Benchmark:
    return server_set(request.param)


def written(bench: Benchmark, folder: Path, *, times: bool = True) -> Path:
    for one in bench.sequences:
        seconds = np.full(FRAMES, 0.1) if times else None
        write_boxes(folder, "mine", bench, one, boxes_of(one), form="got10k", seconds=seconds)
    return folder


def test_an_archive_is_whole_and_always_the_same(bench: Benchmark, tmp_path: Path) -> None:
    results = written(bench, tmp_path / "results")
    for name in ("one.zip", "two.zip"):
        assert pack(results, "mine", bench, tmp_path / name) == 1
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert check_archive(tmp_path / "one.zip", bench) == 1
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        names = archive.namelist()
        first = bench.sequences[0].name
        if bench.name == "got10k_test":
            assert names[:2] == [f"{first}/{first}_001.txt", f"{first}/{first}_time.txt"]
            assert archive.read(names[0]).splitlines()[1] == b"12.2500,20.5000,30.0000,40.0000"
            assert archive.read(names[1]).splitlines() == [b"0.100000"] * FRAMES
        else:
            assert len(names) == 511
            assert archive.read(f"{first}.txt").splitlines()[1] == b"12.25,20.50,30.00,40.00"


def test_repetitions_are_files_and_columns_of_times(tmp_path: Path) -> None:
    bench = server_set("got10k_test")
    for one in bench.sequences:
        folder = tmp_path / "mine" / one.name
        for run in (1, 2, 3):
            write_rows(folder / f"{one.name}_00{run}.txt", boxes_of(one))
        write_rows(folder / f"{one.name}_time.txt", np.full((FRAMES, 3), 0.25))
    assert pack(tmp_path, "mine", bench, tmp_path / "mine.zip") == 3
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert len(archive.namelist()) == 4 * 180
        assert (
            archive.read("GOT-10k_Test_000180/GOT-10k_Test_000180_time.txt").splitlines()[0].count(b",") == 2
        )


def test_times_of_the_pipeline_are_taken(tmp_path: Path) -> None:
    bench = server_set("got10k_test")
    results = written(bench, tmp_path / "results", times=False)
    with pytest.raises(FolderError, match="GOT-10k_Test_000001_time"):
        pack(results, "mine", bench, tmp_path / "mine.zip")
    assert not (tmp_path / "mine.zip").exists()
    pack(
        results,
        "mine",
        bench,
        tmp_path / "mine.zip",
        seconds={s.name: np.full(FRAMES, 0.5) for s in bench.sequences},
    )


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    bench = server_set("got10k_test")
    results = written(bench, tmp_path / "results")
    for number in range(1, 8):
        name = f"GOT-10k_Test_{number:06d}"
        (results / f"GOT-10k/mine/{name}/{name}_001.txt").unlink()
    with pytest.raises(FolderError) as caught:
        pack(results, "mine", bench, tmp_path / "mine.zip")
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("7 problems")
    assert "... and 4 more (missing results)" in lines[4]
    assert lines[-1] == "Complete the results: the server scores no part of them"


def test_an_archive_one_file_short_or_altered(bench: Benchmark, tmp_path: Path) -> None:
    pack(written(bench, tmp_path / "results"), "mine", bench, tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    first = next(iter(content))
    rows = content[first].splitlines(keepends=True)
    for changed, words in (
        ({}, f"{first} is missing"),
        ({first: b"".join(rows[:-1])}, f"{first}: 5 rows, but 6 frames"),
        (
            {first: b"1,2,3,4\n" + b"".join(rows[1:])},
            r"its first row is \[1.0, 2.0, 3.0, 4.0\], but the given box is",
        ),
        ({first: b"".join(rows[:-1]) + b"nan,1,2,3\n"}, f"{first}, line 6"),
        ({first: content[first], "notes.txt": b"x"}, "notes.txt is not a file that the server accepts"),
        ({first: b"".join(rows[:-1]) + b"1,2,3\n"}, "line 6: expected 4 numbers"),
    ):
        with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
            for name, data in {**{k: v for k, v in content.items() if k != first}, **changed}.items():
                archive.writestr(name, data)
        with pytest.raises(InputError, match=words):
            check_archive(tmp_path / "other.zip", bench)
    (tmp_path / "other.zip").write_bytes((tmp_path / "mine.zip").read_bytes()[:1000])
    with pytest.raises(InputError, match="is not a valid zip file"):
        check_archive(tmp_path / "other.zip", bench)


def test_a_set_that_is_not_all_here(bench: Benchmark, tmp_path: Path) -> None:
    results = written(bench, tmp_path / "results")
    fewer = replace(bench, sequences=bench.sequences[1:])
    with pytest.raises(InputError, match=f"{len(fewer.sequences)} sequences are here, but the server wants"):
        pack(results, "mine", fewer, tmp_path / "mine.zip")


def test_other_benchmarks_have_no_server() -> None:
    with pytest.raises(InputError, match="no test set with a server is named 'otb2015'"):
        SUBMISSIONS["otb2015"]
