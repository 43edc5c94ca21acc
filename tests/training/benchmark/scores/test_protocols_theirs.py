"""The rules of LaSOT's and GOT-10k's toolkits, and of the field's Python evaluation, beside slow and plain oracles."""

from __future__ import annotations

import math
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.training.benchmark.builders import Array, boxes, slow_iou, still
from training.benchmark.scores.one_pass import sequence_curves
from training.benchmark.scores.one_pass_summary import summary
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Sequence


@pytest.fixture(scope="module")
def lasot(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The annotations of LaSOT's evaluation toolkit, unpacked."""
    archive = shared / "data/annotations/LaSOT_annos.tar.xz"
    if not archive.is_file():
        pytest.skip(f"{archive} is not here")
    folder = tmp_path_factory.mktemp("lasot")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "annos"


def one(name: str, truth: Array, absent: np.ndarray | None = None) -> Sequence:
    return Sequence(name, (), truth, absent=absent, listed_size=(320, 240))


def drawn(rows: int, seed: int) -> tuple[Array, Array, np.ndarray]:
    """A truth with odd rows, a result with odd rows, and absent frames."""
    random = np.random.default_rng(seed)
    truth = np.cumsum(random.normal(0, 3, (rows, 4)), axis=0) + np.array([60, 50, 40, 30])
    truth[:, 2:] = np.maximum(truth[:, 2:], 4)
    truth[random.random(rows) < 0.05] = [0, 0, 0, 0]
    truth[random.random(rows) < 0.05, 0] = -3
    truth[0] = [60, 50, 40, 30]
    result = truth + random.normal(0, 6, (rows, 4))
    result[random.random(rows) < 0.05, 2] = 0
    result[random.random(rows) < 0.05] = np.nan
    return truth, result, random.random(rows) < 0.2


def slow_lasot(
    result: Array, truth: Array, absent: np.ndarray
) -> tuple[list[float], list[float], list[float]]:
    """Success, precision and normalised precision of one sequence as LaSOT's MATLAB toolkit counts them."""
    rows = [list(row) for row in result]
    for i in range(1, len(rows)):
        if all(math.isnan(v) for v in rows[i]) or rows[i][2] <= 0 or rows[i][3] <= 0:
            rows[i] = rows[i - 1]
    rows[0] = list(truth[0])
    overlap, error, normalised = [], [], []
    for row, true, gone in zip(rows, truth.tolist(), absent, strict=True):
        if gone:
            continue  # removed before counting; the share stays of all frames
        if min(true) <= 0:
            overlap.append(-1.0)
            error.append(-1.0)
            normalised.append(-1.0)
            continue
        overlap.append(slow_iou(row, true))
        x, y = (row[k] + (row[k + 2] - 1) / 2 - true[k] - (true[k + 2] - 1) / 2 for k in (0, 1))
        error.append(math.hypot(x, y))
        normalised.append(math.hypot(x / true[2], y / true[3]))
    frames = len(truth)
    return (
        [sum(v > 0.05 * t for v in overlap) / frames for t in range(21)],
        [sum(v <= p for v in error) / frames for p in range(51)],
        [sum(v <= p / 100 for v in normalised) / frames for p in range(51)],
    )


def slow_pytracking(
    result: Array, truth: Array, absent: np.ndarray
) -> tuple[list[float], list[float], list[float]]:
    """The same as the field's Python evaluation counts them."""
    overlap, error, normalised = [], [], []
    last = list(truth[0])
    for i, (row, true, gone) in enumerate(zip(result.tolist(), truth.tolist(), absent, strict=True)):
        box = list(true) if i == 0 else last if math.isnan(row[0]) or min(row[2:]) <= 0 else row
        last = result[0].tolist() if i == 0 else box
        valid = min(true[2:]) > 0 and not gone
        x, y = (box[k] + box[k + 2] / 2 - true[k] - true[k + 2] / 2 for k in (0, 1))
        overlap.append(slow_iou(box, true) if valid else -1.0)
        error.append(math.hypot(x, y) if valid else math.inf)
        normalised.append(math.inf if gone else math.hypot(x / true[2], y / true[3]) if valid else -1.0)
    frames = len(truth)
    return (
        [sum(v > 0.05 * t for v in overlap) / frames for t in range(21)],
        [sum(v <= p for v in error) / frames for p in range(51)],
        [sum(v <= p / 100 for v in normalised) / frames for p in range(51)],
    )


@pytest.mark.parametrize(("protocol", "slow"), [("lasot", slow_lasot), ("pytracking", slow_pytracking)])
def test_absent_targets_and_odd_rows_count_as_their_authors_count_them(protocol: str, slow: object) -> None:
    for seed in range(20):
        truth, result, absent = drawn(60, seed)
        absent[0] = False
        curves = sequence_curves({"S": result}, [one("S", truth, absent)], protocol)
        for name, expected in zip(
            ("success", "precision", "norm_precision"), slow(result, truth, absent), strict=True
        ):  # type: ignore[operator]
            np.testing.assert_allclose(
                curves.values[name][0], expected, rtol=0, atol=1e-12, err_msg=f"{name} {seed}"
            )


def test_the_two_differ_in_precision_alone_where_a_true_box_has_no_size() -> None:
    truth = boxes([10, 10, 20, 20], [10, 10, 20, 20], [0, 0, 0, 0], [10, 10, 20, 20])
    absent = np.array([False, True, False, False])
    found = {
        protocol: summary(
            sequence_curves({"S": still(4)}, [one("S", truth, absent)], protocol), protocol=protocol
        )
        for protocol in ("lasot", "pytracking")
    }
    assert [found[name]["auc"] for name in found] == pytest.approx([0.5 * 20 / 21] * 2)
    assert [found[name]["dp20"] for name in found] == [0.75, 0.5]
    assert [found[name]["norm_auc"] for name in found] == [0.75, 0.75]


def test_a_result_longer_than_the_truth_is_cut() -> None:
    longer = np.concatenate([still(5), still(3, (90, 90, 5, 5))])
    curves = sequence_curves({"S": longer}, [one("S", still(5), np.zeros(5, bool))], "lasot")
    assert curves.values["precision"][0, 20] == 1


def slow_got10k(
    results: list[Array], truths: list[Array], absents: list[np.ndarray]
) -> tuple[float, float, float]:
    """AO, SR.50 and SR.75 over the frames of all sequences, box by box."""
    overlaps = []
    for result, truth, absent in zip(results, truths, absents, strict=True):
        for i in range(1, len(truth)):
            if not absent[i]:
                pair = []
                for x, y, w, h in (result[i], truth[i]):
                    x, y = min(max(x, 0), 320), min(max(y, 0), 240)
                    pair.append([x, y, min(max(w, 0), 320 - x), min(max(h, 0), 240 - y)])
                with np.errstate(invalid="ignore"):
                    overlaps.append(slow_iou(*np.array(pair)))
    count = len(overlaps)
    values = np.nan_to_num(overlaps)
    return (
        float(values.sum() / count),
        float((values > 0.5).sum() / count),
        float((values > 0.75).sum() / count),
    )


def test_got10k_pools_the_frames_that_show_the_target() -> None:
    truths, results, absents = [], [], []
    for seed, rows in enumerate((20, 70, 45)):
        truth, _, absent = drawn(rows, seed)
        truth = np.abs(truth) + np.array([0, 0, 1, 1])
        truths.append(truth)
        results.append(truth + np.random.default_rng(seed).normal(0, 8, truth.shape))
        absents.append(absent)
    sequences = [
        one(f"S{i}", truth, absent) for i, (truth, absent) in enumerate(zip(truths, absents, strict=True))
    ]
    boxes_of = {f"S{i}": result for i, result in enumerate(results)}
    scores = summary(sequence_curves(boxes_of, sequences, "got10k-val"), protocol="got10k-val")
    found = [scores[key] for key in ("average_overlap", "sr_50", "sr_75")]
    np.testing.assert_allclose(found, slow_got10k(results, truths, absents), atol=1e-12)
    assert "auc" not in scores
    assert scores["frames"] == sum(int((~absent[1:]).sum()) for absent in absents)
    perfect = summary(
        sequence_curves({f"S{i}": truth for i, truth in enumerate(truths)}, sequences, "got10k-val"),
        protocol="got10k-val",
    )
    assert perfect["average_overlap"] == pytest.approx(1)


def test_lasots_own_annotations(lasot: Path) -> None:
    """All 280 test sequences: the truth against itself has what its absent frames and odd rows leave."""
    bench = load_benchmark("lasot", [lasot], images=False)
    assert (len(bench.sequences), bench.missing) == (280, [])
    assert sum(map(len, bench.sequences)) == 685_360
    truth = {s.name: s.annotation for s in bench.sequences}
    curves = sequence_curves(truth, bench.sequences, "lasot")
    for i, sequence in enumerate(bench.sequences):
        assert sequence.absent is not None
        present = ~sequence.absent
        usable = present & (sequence.annotation > 0).all(axis=1)
        assert curves.values["success"][i, 10] == pytest.approx(usable.mean())
        assert curves.values["precision"][i, 20] == pytest.approx(present.mean())
