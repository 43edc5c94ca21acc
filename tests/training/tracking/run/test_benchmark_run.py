"""Runs over a benchmark: what is tracked again, what is not, and bytes that do not depend on the workers."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from curation.parallel import Workers
from tests.training.tracking.scenes import manifest_of, moving_target
from training.benchmark.problems import FolderError
from training.benchmark.score import score_benchmark
from training.benchmark.sequences.sequence import Benchmark, Sequence
from training.tracking.baselines import StillTracker, TemplateTracker
from training.tracking.interface import CheckedTracker
from training.tracking.run.benchmark_run import Contender, run_benchmark

ROOT = Path(__file__).parents[4]
ONE = Workers(jobs=1)
STILL = Contender("still", StillTracker, "1")
TEMPLATE = Contender("template", TemplateTracker, "2")


class Fails(CheckedTracker):
    """Raises on the sequence whose frames are 200 px wide."""

    def _start(self, frame, box):
        self._fails = frame.shape[1] == 200

    def _locate(self, frame):
        if self._fails:
            raise RuntimeError("lost it")
        return self._box


@pytest.fixture
def benchmark(tmp_path):
    sequences = []
    for number, width in enumerate((240, 200, 220)):
        frames, boxes = moving_target(5, seed=number, shape=(120, width))
        folder = tmp_path / "data" / f"S{number}"
        folder.mkdir(parents=True)
        paths = tuple(folder / f"{index:04d}.png" for index in range(len(frames)))
        for path, frame in zip(paths, frames, strict=True):
            cv2.imwrite(str(path), frame)
        sequences.append(Sequence(f"S{number}", paths, boxes + np.array([1, 1, 0, 0])))
    return Benchmark("tiny", "Tiny", "ope", sequences)


@pytest.fixture
def track(benchmark, tmp_path):
    def run(contenders=(STILL, TEMPLATE), *, manifest=None, workers=ONE, out="out", store="store"):
        return run_benchmark(
            benchmark,
            contenders,
            manifest=manifest or manifest_of(benchmark, tmp_path / "state"),
            out=tmp_path / out,
            store=tmp_path / store,
            state=tmp_path / "state",
            workers=workers,
        )

    return run


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.txt"))}


def tracked(report):
    return {name: (entry["tracked"], entry["from_store"]) for name, entry in report["trackers"].items()}


def test_results_are_the_boxes_in_the_files_coordinates(track, benchmark, tmp_path):
    report = track()
    for sequence in benchmark.sequences:
        found = np.loadtxt(tmp_path / "out" / "template" / f"{sequence.name}.txt", delimiter=",")
        np.testing.assert_array_equal(found, sequence.annotation)
    entry = report["trackers"]["template"]
    assert entry["frames"] == 15
    assert {name: len(times) for name, times in entry["sequences"].items()} == {"S0": 5, "S1": 5, "S2": 5}
    assert entry["frames_per_second"] == pytest.approx(15 / entry["seconds"])


def test_bytes_do_not_depend_on_the_number_of_workers(track, tmp_path):
    track(out="one", store="one store")
    track(out="two", store="two store", workers=Workers(jobs=2))
    assert len(contents(tmp_path / "one")) == 6
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_second_run_takes_all_from_the_store_and_starts_no_process(track, tmp_path, monkeypatch):
    track()
    before = contents(tmp_path / "out")
    monkeypatch.delattr("curation.parallel._in_workers")
    assert tracked(track(workers=Workers(jobs=2))) == {"still": (0, 3), "template": (0, 3)}
    assert contents(tmp_path / "out") == before


def test_a_changed_sequence_is_tracked_again_alone(track, benchmark):
    track()
    cv2.imwrite(str(benchmark["S1"].frames[3]), np.zeros((120, 200, 3), np.uint8))
    assert tracked(track()) == {"still": (1, 2), "template": (1, 2)}


def test_another_configuration_is_tracked_again_and_the_old_one_is_still_there(track):
    track([TEMPLATE])
    assert tracked(track([Contender("template", TemplateTracker, "3")])) == {"template": (3, 0)}
    assert tracked(track([TEMPLATE])) == {"template": (0, 3)}


def test_another_benchmark_with_the_same_sequence_shares_it(track, benchmark, tmp_path):
    track([TEMPLATE])
    other = Benchmark("other", "Other", "ope", benchmark.sequences[:1])
    report = run_benchmark(
        other,
        [TEMPLATE],
        manifest=manifest_of(other, tmp_path / "state"),
        out=tmp_path / "o",
        store=tmp_path / "store",
        state=tmp_path / "state",
        workers=ONE,
    )
    assert tracked(report) == {"template": (0, 1)}


def test_a_failure_names_the_place_and_keeps_what_was_finished(track):
    fails = Contender("fails", Fails, "1")
    with pytest.raises(InputError, match=r"fails on S1 failed in frame 2 of 5 .*RuntimeError: lost it"):
        track([fails])
    with pytest.raises(InputError, match="fails on S1"):
        track([fails])
    mended = Contender("fails", StillTracker, "1")  # the same identity: only what was not finished runs
    assert tracked(track([mended]))["fails"][1] >= 1


class Dies(StillTracker):
    """Ends its process, as a machine does that loses its power, on the sequence whose frames are 200 px wide."""

    def _start(self, frame, box):
        if frame.shape[1] == 200:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._start(frame, box)


KILLED_RUN = """
import pickle, sys
from pathlib import Path
from tests.training.tracking.run.test_benchmark_run import ONE, Dies
from training.tracking.run.benchmark_run import Contender, run_benchmark

benchmark, manifest, folder = pickle.loads(Path(sys.argv[1]).read_bytes())
places = {"out": folder / "out", "store": folder / "store", "state": folder / "state", "workers": ONE}
run_benchmark(benchmark, [Contender("still", Dies, "1")], manifest=manifest, **places)
"""


def test_a_killed_run_resumes_at_the_sequence_it_died_in(track, benchmark, tmp_path):
    manifest = manifest_of(benchmark, tmp_path / "state")
    (tmp_path / "run.pickle").write_bytes(pickle.dumps((benchmark, manifest, tmp_path)))
    died = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, str(tmp_path / "run.pickle")], cwd=ROOT, check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert tracked(track([STILL])) == {"still": (2, 1)}
    track([STILL], out="whole", store="other store")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def kept(tmp_path, store="store"):
    return sorted((tmp_path / store).rglob("*.json"))


DAMAGE = {
    "emptied": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "a list": lambda content: b"[]",
    "nothing in it": lambda content: b"{}",
    "null": lambda content: b"null",
    "wrong shapes": lambda content: b'{"boxes":[[1,2,3,4]],"seconds":[0.1]}',
    "another number": lambda content: content.replace(b"0", b"1", 1),
    "another number, without its seal": lambda content: content.split(b"\n")[1].replace(b"],[6", b"],[7"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_result_is_tracked_again(track, tmp_path, damage):
    track([TEMPLATE])
    before = contents(tmp_path / "out")
    for path in kept(tmp_path):
        content = path.read_bytes()
        damaged = DAMAGE[damage](content)
        assert damaged != content
        path.write_bytes(damaged)
    assert tracked(track([TEMPLATE])) == {"template": (3, 0)}
    assert contents(tmp_path / "out") == before
    assert tracked(track([TEMPLATE])) == {"template": (0, 3)}, "it is mended"


def test_a_result_under_another_key_is_tracked_again(track, tmp_path):
    track([TEMPLATE])
    before = contents(tmp_path / "out")
    one, other, _ = kept(tmp_path)
    other.write_bytes(one.read_bytes())
    assert tracked(track([TEMPLATE])) == {"template": (1, 2)}
    assert contents(tmp_path / "out") == before


def unseal(tmp_path):
    """Put the kept results where and as they were kept before they were sealed."""
    for path in kept(tmp_path):
        (tmp_path / "store" / path.name).write_bytes(path.read_bytes().split(b"\n")[1])
        path.unlink()


def test_results_of_before_they_were_sealed_are_used_and_sealed(track, tmp_path):
    track([TEMPLATE])
    before = contents(tmp_path / "out")
    unseal(tmp_path)
    assert len(list((tmp_path / "store").glob("*.json"))) == 3
    assert tracked(track([TEMPLATE])) == {"template": (0, 3)}
    assert contents(tmp_path / "out") == before
    assert not list((tmp_path / "store").glob("*.json"))
    assert tracked(track([TEMPLATE])) == {"template": (0, 3)}


@pytest.mark.parametrize(
    "damage", ["emptied", "cut short", "a list", "nothing in it", "null", "wrong shapes"]
)
def test_damaged_results_of_before_they_were_sealed_are_tracked_again(track, tmp_path, damage):
    track([TEMPLATE])
    before = contents(tmp_path / "out")
    unseal(tmp_path)
    for path in (tmp_path / "store").glob("*.json"):
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert tracked(track([TEMPLATE])) == {"template": (3, 0)}
    assert contents(tmp_path / "out") == before


def test_stale_results_of_a_contender_are_removed(track, tmp_path):
    stale = tmp_path / "out" / "still" / "Gone.txt"
    stale.parent.mkdir(parents=True)
    stale.write_text("1,1,1,1\n")
    track([STILL])
    assert not stale.exists()


def test_a_manifest_without_the_sequence_says_what_to_run(track, benchmark, tmp_path):
    manifest = manifest_of(benchmark, tmp_path / "state")
    del manifest.entries["S2"]
    with pytest.raises(InputError, match=r"lacks sequence S2\. Run: dvc repro manifest"):
        track(manifest=manifest)


class Raises(CheckedTracker):
    def _start(self, frame, box):
        raise RuntimeError(f"{frame.shape[1]}")

    def _locate(self, frame):
        raise NotImplementedError


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_bad_tracker_stops_neither_the_others_nor_its_other_sequences(track, jobs):
    fails, raises = Contender("fails", Fails, "1"), Contender("raises", Raises, "2")
    with pytest.raises(FolderError) as caught:
        track([fails, raises, TEMPLATE], workers=Workers(jobs=jobs))
    assert len(caught.value.problems) == 4  # one sequence of `fails`, and all of `raises`
    assert "fails on S1 failed in frame 2 of 5" in caught.value.problems[0]
    assert "raises on S0 failed in frame 1 of 5" in caught.value.problems[1]
    mended = Contender("fails", StillTracker, "1")
    assert tracked(track([mended, TEMPLATE])) == {"fails": (1, 2), "template": (0, 3)}


class Late(StillTracker):
    """Raises in its 300th frame."""

    def _start(self, frame, box):
        self._left = 299
        super()._start(frame, box)

    def _locate(self, frame):
        self._left -= 1
        if not self._left:
            raise RuntimeError("out of memory")
        return super()._locate(frame)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failure_in_frame_300_keeps_the_other_trackers_and_sequences(track, benchmark, tmp_path, jobs):
    one = benchmark["S1"]
    frames = one.frames * 61  # 305
    long = replace(one, name="Long", frames=frames, annotation=np.repeat(one.annotation[:1], len(frames), 0))
    benchmark.sequences.insert(1, long)
    late = Contender("late", Late, "9")
    with pytest.raises(
        InputError, match=r"late on Long failed in frame 300 of 305 .*: out of memory"
    ) as caught:
        track([late, TEMPLATE], workers=Workers(jobs=jobs))
    assert len(str(caught.value).splitlines()) == 1
    written = contents(tmp_path / "out")
    assert set(written) == {
        f"{name}/{s.name}.txt" for name in ("late", "template") for s in benchmark.sequences
    } - {"late/Long.txt"}
    assert all(rows.count(b"\n") == (305 if "Long" in name else 5) for name, rows in written.items())
    assert tracked(track([Contender("late", StillTracker, "9"), TEMPLATE])) == {
        "late": (1, 3),
        "template": (0, 4),
    }


def test_of_every_failing_tracker_three_sequences_are_named(track, benchmark):
    for number in (3, 4):
        one = benchmark["S0"]
        benchmark.sequences.append(replace(one, name=f"S{number}"))
    with pytest.raises(FolderError) as caught:
        track([Contender("first", Raises, "1"), Contender("second", Raises, "2")])
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["first"] * 3
    assert lines[4].endswith("... and 2 more (first failed)")
    assert [line.split()[0] for line in lines[5:8]] == ["second"] * 3


def test_names_must_differ(track):
    with pytest.raises(InputError, match=r"2 trackers are called still\. .*as: still-2"):
        track([STILL, STILL])


class Loses(CheckedTracker):
    """Jumps away in every second answer; not deterministic."""

    deterministic = False

    def _start(self, frame, box):
        self._first, self._count = box, 0

    def _locate(self, frame):
        self._count += 1
        return self._first if self._count % 2 else self._first + np.array([100.0, 0, 0, 0])


@pytest.fixture
def vot(tmp_path):
    frames, boxes = moving_target(12, velocity=(0.0, 0.0), start=(4.0, 4.0))
    paths = tuple(tmp_path / f"{index:08d}.png" for index in range(len(frames)))
    for path, frame in zip(paths, frames, strict=True):
        cv2.imwrite(str(path), frame)
    x, y, w, h = boxes.T
    polygons = np.stack([x, y, x + w - 1, y, x + w - 1, y + h - 1, x, y + h - 1], axis=1)
    sequence = Sequence("clip", paths, polygons, base=0)
    return Benchmark("tinyvot", "Tiny VOT", "vot", [sequence])


def test_vot_is_run_supervised_and_written_as_trajectories(vot, tmp_path):
    contenders = [STILL, Contender("loses", Loses, "3")]
    places = {name: tmp_path / name for name in ("out", "store", "state")} | {"workers": ONE}
    manifest = manifest_of(vot, tmp_path / "state")
    report = run_benchmark(vot, contenders, manifest=manifest, **places)
    still = (tmp_path / "out" / "still" / "baseline" / "clip" / "clip_001.txt").read_text().splitlines()
    assert still[0] == "1"
    assert len(still) == 12
    assert all(line.count(",") == 3 for line in still[1:])
    loses = sorted((tmp_path / "out" / "loses" / "baseline" / "clip").glob("clip_*.txt"))
    assert len(loses) == 3  # three runs that agree are enough
    rows = ["box" if "," in line else line for line in loses[0].read_text().splitlines()]
    assert rows == ["1", "box", "2", "0", "0", "0", "0", "1", "box", "2", "0", "0"]
    assert report["trackers"]["still"]["frames"] == 24  # of both experiments
    (free,) = (tmp_path / "out" / "loses" / "unsupervised" / "clip").glob("clip_*.txt")
    rows = ["box" if "," in line else line for line in free.read_text().splitlines()]
    assert rows == ["1", *["box"] * 11]
    scores = score_benchmark(vot, tmp_path / "out").plain()["trackers"]
    assert scores["still"]["unsupervised"]["overall"]["ao"] > 0.8
    assert scores["loses"]["unsupervised"]["overall"]["ao"] < 0.6
    before = contents(tmp_path / "out")
    assert tracked(run_benchmark(vot, contenders, manifest=manifest, **places)) == {
        "still": (0, 1),
        "loses": (0, 1),
    }
    assert contents(tmp_path / "out") == before


def test_a_failure_in_a_supervised_run_names_the_frame(vot, tmp_path):
    class Raises(StillTracker):
        def _locate(self, frame):
            raise RuntimeError("lost it")

    with pytest.raises(InputError, match=r"raises on clip failed in frame 2 of 12 .*00000001\.png.*lost it"):
        run_benchmark(
            vot,
            [Contender("raises", Raises, "1")],
            manifest=manifest_of(vot, tmp_path / "state"),
            out=tmp_path / "out",
            store=tmp_path / "store",
            state=tmp_path / "state",
            workers=ONE,
        )
