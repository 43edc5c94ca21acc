from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from tests.training.benchmark.builders import PERFECT_AUC, benchmark, boxes, sequence, still
from training.benchmark.problems import FolderError
from training.benchmark.results.result_reader import read_segments
from training.benchmark.results.result_writer import write_boxes, write_starts
from training.benchmark.score import score_starts
from training.benchmark.scores.one_pass_summary import summary
from training.benchmark.scores.starts import (
    SHIFTS,
    disturbed_box,
    first_boxes,
    start_curves,
    temporal_starts,
    undo_scale,
)
from training.benchmark.sequences.benchmark_loader import load_benchmark

PUBLISHED = {
    "Crossing": "1 6 11 16 22 27 32 38 43 48 54 59 64 70 75 80 86 91 96 101",
    "Tiger1": "6 32 47 55 74 82 90 98 130 160 188 196 220 244 260 268 276 284 324 331",
    "David": "300 323 347 371 395 418 442 466 490 514 537 561 585 609 633 656 680 704 728 751",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_temporal_starts_of_real_sequences(shared: Path, name: str) -> None:
    bench = load_benchmark("otb2013", [shared / "data/annotations/OTB100"], images=False)
    starts = [start + bench[name].first_frame for start in temporal_starts(bench[name])]
    assert starts == [int(number) for number in PUBLISHED[name].split()]


def test_omitted_and_invalid_frames_are_no_starts() -> None:
    truth = still(60)
    truth[10] = 0
    truth[11, 0] = np.nan
    one = sequence("S", truth, first_frame=101, omit=((103, 105), (90, 100), (150, 999)))
    starts = temporal_starts(one)
    assert not {2, 3, 4, 10, 11} & set(starts)
    assert max(starts) == 40  # twenty frames are left
    assert starts[0] == 0


def test_short_sequences_start_once() -> None:
    assert temporal_starts(sequence("S", still(19))) == [0]
    assert temporal_starts(sequence("S", still(20))) == [0, 0]
    with pytest.raises(InputError, match=r"S: no frame to start TRE from"):
        temporal_starts(sequence("S", still(5), omit=((1, 5),)))


@given(st.integers(20, 800))
def test_twenty_starts_in_order(frames: int) -> None:
    starts = temporal_starts(sequence("S", still(frames)))
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert starts[-1] == frames - 20
    assert len(starts) == 20 or frames < 40


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("left", [95, 50, 41, 33]),
        ("right", [105, 50, 41, 33]),
        ("up", [100, 46, 41, 33]),
        ("down", [100, 54, 41, 33]),
        ("topLeft", [96, 47, 45, 36]),
        ("topRight", [100, 47, 45, 36]),
        ("bottomLeft", [96, 50, 45, 36]),
        ("bottomRight", [100, 50, 45, 36]),
        ("scale_8", [104, 53, 33, 26]),
        ("scale_9", [102, 52, 37, 30]),
        ("scale_11", [98, 48, 45, 36]),
        ("scale_12", [96, 47, 49, 40]),
    ],
)
def test_disturbed_boxes(shift: str, expected: list[float]) -> None:
    assert disturbed_box(boxes([100, 50, 41, 33])[0], shift, (320, 240)).tolist() == expected


@given(
    st.integers(1, 300),
    st.integers(1, 220),
    st.integers(2, 100),
    st.integers(2, 100),
    st.sampled_from(SHIFTS),
)
def test_disturbed_boxes_lie_in_the_frame(x: int, y: int, w: int, h: int, shift: str) -> None:
    box = np.array([x, y, min(w, 321 - x), min(h, 241 - y)], dtype=np.float64)
    left, top, width, height = disturbed_box(box, shift, (320, 240))
    assert left >= 1
    assert top >= 1
    assert left + width - 1 <= 320
    assert top + height - 1 <= 240


def test_scaled_runs_are_scaled_back_about_their_centre() -> None:
    assert undo_scale(boxes([104, 53, 33, 26]), "scale_8").tolist() == [[100, 50, 41, 33]]
    assert undo_scale(boxes([96, 47, 49, 40]), "scale_12").tolist() == [[100, 50, 41, 33]]
    assert undo_scale(boxes([1, 2, 3, 4]), "left").tolist() == [[1, 2, 3, 4]]


def test_temporal_scores_pool_the_frames_of_all_runs() -> None:
    one = sequence("S", still(40))
    starts = temporal_starts(one)
    perfect = [still(40 - start) for start in starts]
    assert summary(start_curves("tre", {"S": perfect}, [one]))["auc"] == pytest.approx(PERFECT_AUC)
    lost = [boxes.copy() for boxes in perfect]
    lost[0][1:] += 500
    frames = sum(40 - start for start in starts)
    scores = summary(start_curves("tre", {"S": lost}, [one]))
    assert scores["frames"] == frames
    assert scores["auc"] == pytest.approx(PERFECT_AUC * (frames - 39) / frames)


def test_the_first_frame_of_every_temporal_run_is_the_truth() -> None:
    one = sequence("S", still(40))
    runs = [still(40 - start) for start in temporal_starts(one)]
    for run in runs:
        run[0] += 500
    assert summary(start_curves("tre", {"S": runs}, [one]))["auc"] == pytest.approx(PERFECT_AUC)


def test_spatial_scores_pool_twelve_runs() -> None:
    one = sequence("S", still(10))
    runs = {shift: still(10) for shift in SHIFTS}
    for shift, ratio in (("scale_8", 0.8), ("scale_9", 0.9), ("scale_11", 1.1), ("scale_12", 1.2)):
        size = 20 * ratio
        runs[shift] = still(10, (20 - size / 2, 20 - size / 2, size, size))
    assert summary(start_curves("sre", {"S": list(runs.values())}, [one]))["auc"] == pytest.approx(
        PERFECT_AUC
    )
    runs["left"] = runs["left"] + [500, 0, 0, 0]
    scores = summary(start_curves("sre", {"S": list(runs.values())}, [one]))
    assert scores["frames"] == 120
    assert scores["auc"] == pytest.approx(PERFECT_AUC * 111 / 120)


def test_runs_that_are_missing_or_short_are_named() -> None:
    one = sequence("S", still(40), first_frame=5)
    runs = [still(40 - start) for start in temporal_starts(one)]
    with pytest.raises(InputError, match=r"S: 19 runs, but TRE has 20 starts"):
        start_curves("tre", {"S": runs[:-1]}, [one])
    with pytest.raises(InputError, match=r"S, run from frame 6: 3 rows, but 39 frames"):
        start_curves("tre", {"S": [runs[0], still(3), *runs[2:]]}, [one])
    with pytest.raises(InputError, match=r"S: 10 runs, but SRE has 12 starts"):
        start_curves("sre", {"S": [still(40)] * 10}, [one])
    with pytest.raises(InputError, match=r"S, left: 3 rows, but 40 frames"):
        start_curves("sre", {"S": [still(3)] * 12}, [one])


def test_where_runs_begin() -> None:
    """0-based, for a tracker; one that keeps its first box is scored on a target that stands still."""
    one = sequence("S", still(30), listed_size=(100, 100))
    temporal, spatial = first_boxes("tre", one), first_boxes("sre", one)
    assert [row for row, _ in temporal] == temporal_starts(one)
    assert [row for row, _ in spatial] == [0] * len(SHIFTS)
    assert temporal[0][1].tolist() == [9, 9, 20, 20]
    assert spatial[0][1].tolist() == [7, 9, 20, 20]
    runs = [np.tile(box + np.array([1, 1, 0, 0]), (30 - row, 1)) for row, box in [*temporal, *spatial]]
    assert summary(start_curves("tre", {"S": runs[: len(temporal)]}, [one]))["auc"] == pytest.approx(
        PERFECT_AUC
    )
    shifted = runs[len(temporal) :]
    assert 0.5 < summary(start_curves("sre", {"S": shifted}, [one]))["auc"] < PERFECT_AUC


@pytest.mark.parametrize("form", ["otb-mat", "jwlim"])
def test_written_read_and_scored(tmp_path: Path, form: str) -> None:
    sequences = [
        sequence(
            "Jogging.1", still(45), names={"matlab": "jogging-1", "pysot": "Jogging-1"}, attributes=("OCC",)
        ),
        sequence("Tiger1", still(30), first_frame=6, lead_in=still(5), names={"matlab": "tiger1"}),
    ]
    bench = benchmark(sequences, attributes=("OCC",))
    for one in sequences:
        temporal = [still(len(one) - start) for start in temporal_starts(one)]
        write_starts(tmp_path / "t", "KCF", one, "tre", temporal, form=form)
        write_starts(tmp_path / "s", "KCF", one, "sre", [still(len(one))] * 12, form=form)
    document = score_starts(bench, tmp_path / "t", None, "tre").plain()
    assert (document["evaluation"], document["protocol"], document["partial"]) == ("tre", "matlab", False)
    tre = document["trackers"]["KCF"]
    assert tre["overall"]["auc"] == pytest.approx(PERFECT_AUC)
    assert tre["attributes"]["OCC"]["sequences"] == 1
    sre = score_starts(bench, tmp_path / "s", ["KCF"], "sre").plain()["trackers"]["KCF"]["overall"]
    assert sre["frames"] == 12 * 75
    assert sre["auc"] < PERFECT_AUC  # boxes of scaled starts are scaled back, though these did not scale
    (first, *_) = read_segments(next(iter(sorted((tmp_path / "t").rglob("*iger1*")))))
    assert first.first_frame == 6


def test_every_file_that_is_no_tre_is_named(tmp_path: Path) -> None:
    """Runs too few, too many, too short: all of a folder at once, and of all trackers."""
    deer, dog = sequence("Deer", still(45)), sequence("Dog", still(45))
    bench = benchmark([deer, dog])
    for one in bench.sequences:
        write_boxes(tmp_path, "KCF", bench, one, still(45), form="otb-mat")
        runs = [still(len(one) - start) for start in temporal_starts(one)]
        runs[3] = still(7)
        write_starts(tmp_path, "DSST", one, "tre", runs)
    with pytest.raises(FolderError) as caught:
        score_starts(bench, tmp_path, None, "tre")
    assert [line.partition(". ")[0] for line in caught.value.problems] == [
        "DSST: Deer, run from frame 5: 7 rows, but 41 frames",
        "DSST: Dog, run from frame 5: 7 rows, but 41 frames",
        "KCF: Deer: 1 runs, but TRE has 20 starts",
        "KCF: Dog: 1 runs, but TRE has 20 starts",
    ]
    with pytest.raises(InputError, match=r"Deer: SRE lacks the runs right, up"):
        score_starts(bench, tmp_path, ["KCF"], "sre")
    with pytest.raises(InputError, match=r"Deer: 20 runs, but SRE has 12 starts"):
        score_starts(bench, tmp_path, ["DSST"], "sre")
