"""Trackers from other starts: what is run, written, scored, kept, and the same for any number of workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from curation.parallel import Workers
from tests.training.tracking.scenes import manifest_of, moving_target
from training.benchmark.results.result_reader import read_results
from training.benchmark.results.start_reader import read_starts
from training.benchmark.score import score_starts
from training.benchmark.scores.starts import SHIFTS, disturbed_box, temporal_starts
from training.benchmark.sequences.anchors import MULTISTART, Anchor
from training.benchmark.sequences.sequence import Benchmark, Sequence
from training.tracking.baselines import StillTracker, TemplateTracker
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.run.benchmark_run import Contender, run_benchmark
from training.tracking.run.experiments import perform

ONE = Workers(jobs=1)
STILL = Contender("still", StillTracker, "1")
TEMPLATE = Contender("template", TemplateTracker, "2")


class Fails(CheckedTracker):
    """Raises in the third frame after every start but that on the first frame's own box."""

    def _start(self, frame: Frame, box: Box) -> None:
        self._count, self._first = 0, box

    def _locate(self, frame: Frame) -> Box:
        self._count += 1
        if self._count == 2 and self._first[0] != 60:
            raise RuntimeError("lost it")
        return self._first


def filmed(folder: Path, name: str, frames: int, seed: int, **facts: object) -> Sequence:
    images, boxes = moving_target(frames, seed=seed, velocity=(2.0, 1.0), start=(60, 50))
    paths = tuple(folder / name / f"{index:04d}.png" for index in range(frames))
    (folder / name).mkdir(parents=True)
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image)
    return Sequence(name, paths, boxes + np.array([1, 1, 0, 0]), **facts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """A sequence of 23 frames, of which the second is no start for TRE, and a short one with a lead-in."""
    folder = tmp_path_factory.mktemp("data")
    late = filmed(folder, "Late", 6, 2, first_frame=6, names={"pysot": "late-1"})
    return Benchmark("tiny", "Tiny", "ope", [filmed(folder, "Long", 23, 1, omit=((2, 2),)), late])


def run(
    benchmark: Benchmark,
    folder: Path,
    starts: str,
    contender: Contender = TEMPLATE,
    *,
    workers: Workers = ONE,
    out: str = "out",
    store: str = "store",
) -> tuple[int, int]:
    """Sequences tracked now, and taken from the store."""
    report = run_benchmark(
        benchmark,
        [contender],
        manifest=manifest_of(benchmark, folder / "state"),
        out=folder / out,
        store=folder / store,
        state=folder / "state",
        workers=workers,
        starts=starts,  # type: ignore[arg-type]
    )
    entry = report["trackers"][contender.name]
    return entry["tracked"], entry["from_store"]


@pytest.mark.parametrize("starts", ["tre", "sre"])
def test_what_is_run_is_what_is_scored(benchmark: Benchmark, tmp_path: Path, starts: str) -> None:
    assert run(benchmark, tmp_path, starts) == (2, 0)
    document = score_starts(benchmark, tmp_path / "out", None, starts).plain()  # type: ignore[arg-type]
    overall = document["trackers"]["template"]["overall"]
    # Of 23 frames three have 20 left and the second is omitted: starts on frames 1 and 3.
    long = sum(23 - start for start in temporal_starts(benchmark["Long"]))
    assert set(temporal_starts(benchmark["Long"])) == {0, 2, 3}
    assert overall["frames"] == (long + 6 if starts == "tre" else 12 * (23 + 6))
    assert not document["partial"]
    assert overall["auc"] > (0.95 if starts == "tre" else 0.6)
    run(benchmark, tmp_path, starts, STILL)
    both = score_starts(benchmark, tmp_path / "out", None, starts).plain()["trackers"]  # type: ignore[arg-type]
    assert both["still"]["overall"]["auc"] < both["template"]["overall"]["auc"] - 0.2


def test_each_run_begins_where_its_start_says(benchmark: Benchmark, tmp_path: Path) -> None:
    for starts in ("tre", "sre"):
        run(benchmark, tmp_path, starts)
    for one in benchmark.sequences:
        temporal = read_starts(tmp_path / "out/TRE", "template", benchmark, "tre")[one.name]
        for start, boxes in zip(temporal_starts(one), temporal, strict=True):
            np.testing.assert_array_equal(boxes[0], one.annotation[start])
            np.testing.assert_allclose(boxes, one.annotation[start:], atol=1)
        spatial = read_starts(tmp_path / "out/SRE", "template", benchmark, "sre")[one.name]
        for shift, boxes in zip(SHIFTS, spatial, strict=True):
            np.testing.assert_array_equal(boxes[0], disturbed_box(one.annotation[0], shift, one.size))
    assert (tmp_path / "out/TRE/template/late-1.json").is_file()


def test_finished_sequences_are_kept_and_bytes_do_not_depend_on_workers(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    for starts in ("tre", "sre"):
        assert run(benchmark, tmp_path, starts) == (2, 0)
        assert run(benchmark, tmp_path, starts, out="again") == (0, 2)
        assert run(benchmark, tmp_path, starts, out="two", store="s2", workers=Workers(jobs=2)) == (2, 0)
    first, *others = (
        {
            str(path.relative_to(tmp_path / out)): path.read_bytes()
            for path in (tmp_path / out).rglob("*.json")
        }
        for out in ("out", "again", "two")
    )
    assert len(first) == 4
    assert others == [first, first]


def test_other_frames_to_omit_are_other_starts(benchmark: Benchmark, tmp_path: Path) -> None:
    run(benchmark, tmp_path, "tre")
    long, late = benchmark.sequences
    changed = Benchmark("tiny", "Tiny", "ope", [replace(long, omit=((3, 3),)), late])
    assert run(changed, tmp_path, "tre") == (1, 1)
    score_starts(changed, tmp_path / "out", None, "tre")


def test_a_failure_names_the_run_and_the_frame(benchmark: Benchmark) -> None:
    long = benchmark["Long"]
    message = (
        r"fails on Long \(TRE, 21 frames\) failed in frame 3 of 21 \(.*0004\.png\): RuntimeError: lost it"
    )
    with pytest.raises(InputError, match=message):
        perform("tre", Fails, long, who="fails on Long")


def test_from_anchors_forwards_and_backwards(tmp_path: Path) -> None:
    """Each run is a file by its anchor, which the reader takes back; a second call tracks nothing."""
    sequence = filmed(tmp_path, "Clip", 9, 3, base=0, anchors=(Anchor(2, False), Anchor(6, True)))
    bench = Benchmark("mine", "Mine", "vot", [sequence], protocol=MULTISTART)
    truth = sequence.ground_truth
    assert run(bench, tmp_path, "") == (1, 0)
    files = sorted((tmp_path / "out/template/baseline/Clip").iterdir())
    assert [file.name for file in files] == ["Clip_00000002.txt", "Clip_00000006.txt"]
    forwards, backwards = read_results(tmp_path / "out", "template", bench).runs["Clip"]
    assert (len(forwards), len(backwards)) == (7, 7)
    np.testing.assert_allclose(forwards.regions[1:], truth[3:], atol=2)
    np.testing.assert_allclose(backwards.regions[1:], truth[5::-1], atol=2)
    assert run(bench, tmp_path, "", out="again") == (0, 1)
    files[1].unlink()
    with pytest.raises(
        InputError, match=r"lacks 1 of 2 runs, the first from its anchor in frame 7: .*00000006\.txt"
    ):
        read_results(tmp_path / "out", "template", bench)
