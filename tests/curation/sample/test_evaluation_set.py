"""The evaluation sequences: each benchmark's own layout, lists that agree with it, targets to follow."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import orjson
import pytest

from curation.errors import InputError
from curation.parallel import Workers
from curation.sample.evaluation_set import BENCHMARKS, generate_sequences
from curation.sample.layers import Layer
from curation.sample.sighting import see
from curation.sample.textures import EVALUATION_PATTERNS, TRAINING_PATTERNS
from tests.curation.sample.trees import contents, size

ONE = Workers(jobs=1)


def rows(path: Path) -> np.ndarray:
    return np.array(
        [[float(value) for value in re.split(r"[,\s]+", line)] for line in path.read_text().splitlines()]
    )


def entries(root: Path, benchmark: str) -> list[tuple[dict, Path, np.ndarray]]:
    """(entry, folder of the frames, ground truth) of every sequence that a list names."""
    document = orjson.loads((root / f"{benchmark}.json").read_bytes())
    home = root / document["folders"][0]
    found = []
    for entry in document["sequences"]:
        below = home / entry["folder"] / entry["gt_file"]
        found.append(
            (entry, home / entry["folder"], rows(below if below.is_file() else home / entry["gt_file"]))
        )
    return found


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_lists_and_files_agree(default_sequences, benchmark):
    found = entries(default_sequences[0], benchmark)
    assert len(found) >= 2
    for entry, folder, truth in found:
        numbers = range(entry["start_frame"], entry["end_frame"] + 1)
        assert len(truth) == len(numbers) >= 60
        assert all((folder / (entry["image"] % number)).is_file() for number in numbers)


@pytest.mark.parametrize("benchmark", [name for name in BENCHMARKS if name != "vot2016"])
def test_boxes_are_whole_numbers_inside_the_image_counted_from_one(default_sequences, benchmark):
    for entry, folder, truth in entries(default_sequences[0], benchmark):
        height, width = cv2.imread(str(folder / (entry["image"] % entry["start_frame"]))).shape[:2]
        known = truth[~np.isnan(truth).any(axis=1)]
        assert truth.shape[1] == 4
        assert (known == np.rint(known)).all()
        assert (known[:, :2] >= 1).all()
        assert (known[:, :2] + known[:, 2:] - 1 <= [width, height]).all()
        assert not np.isnan(truth[0]).any()


def test_otb_has_two_targets_in_one_folder_and_three_kinds_of_separators(default_sequences):
    root, _ = default_sequences
    duet = root / "OTB/Duet"
    assert not (duet / "groundtruth_rect.txt").exists()
    first, second = rows(duet / "groundtruth_rect.1.txt"), rows(duet / "groundtruth_rect.2.txt")
    assert first.shape == second.shape
    assert (first != second).any(axis=1).all()
    texts = [
        path.read_text().splitlines()[0] for path in sorted((root / "OTB").glob("*/groundtruth_rect*.txt"))
    ]
    assert {re.sub(r"\d", "", text)[0] for text in texts} == {",", "\t", " "}


def test_otb_and_temple_have_sequences_that_start_late(default_sequences):
    root, _ = default_sequences
    assert not (root / "OTB/Latecomer/img/0001.jpg").exists()
    late = {entry["name"]: entry["start_frame"] for entry, _, _ in entries(root, "otb2015")}
    assert late["Latecomer"] == 41
    assert late["Overture"] == 5
    assert (root / "OTB/Overture/img/0001.jpg").exists(), "images in front of the annotated ones"
    frames = (root / "TC128/Kite-flyer_ce1/Kite-flyer_ce1_frames.txt").read_text()
    (entry,) = [entry for entry, _, _ in entries(root, "tc128") if entry["name"] == "Kite-flyer_ce1"]
    assert frames == f"{entry['start_frame']},{entry['end_frame']}\n" == "5,68\n"


def test_otb2013_is_a_part_of_otb2015(default_sequences):
    small, large = (
        {entry["name"] for entry, _, _ in entries(default_sequences[0], name)} for name in BENCHMARKS[:2]
    )
    assert small < large


def test_uav123_cuts_two_sequences_from_one_folder(default_sequences):
    one, two = (
        entry for entry, _, _ in entries(default_sequences[0], "uav123") if "glider1" in entry["name"]
    )
    assert one["folder"] == two["folder"] == "data_seq/UAV123/glider1"
    assert two["start_frame"] == one["end_frame"] + 1


def test_uav123_has_nan_rows_while_the_target_is_absent(default_sequences):
    root, _ = default_sequences
    lines = (root / "UAV123/anno/UAV123/swimmer1.txt").read_text().splitlines()
    absent = [index for index, line in enumerate(lines) if line == "NaN,NaN,NaN,NaN"]
    assert 3 <= len(absent) <= 20
    assert absent == list(range(absent[0], absent[-1] + 1)), "one absence"
    assert absent[0] > 0
    assert absent[-1] < len(lines) - 1, "it comes back"


def test_uav123_attributes_agree_with_the_list(default_sequences):
    root, _ = default_sequences
    for entry, _, _ in entries(root, "uav123"):
        bits = (root / f"UAV123/anno/UAV123/att/{entry['name']}.txt").read_text().strip().split(",")
        document = orjson.loads((root / "uav123.json").read_bytes())
        assert entry["attributes"] == [
            name for name, bit in zip(document["attributes"], bits, strict=True) if bit == "1"
        ]


def test_vot_comes_in_both_layouts_with_tags(default_sequences):
    vot = default_sequences[0] / "VOT2016"
    assert (vot / "list.txt").read_text().split() == ["marble", "paperboat"]
    assert (vot / "marble/00000001.jpg").is_file()
    assert (vot / "paperboat/color/00000001.jpg").is_file()
    for tag in [*vot.glob("marble/*.label"), *vot.glob("paperboat/*.tag")]:
        assert len(tag.read_text().split()) == len(rows(tag.parent / "groundtruth.txt"))
    assert (vot / "marble/occlusion.label").is_file()
    assert (vot / "paperboat/size_change.tag").is_file()


def test_vot_polygons_are_turned_rectangles(default_sequences):
    turned = 0
    for _, _, truth in entries(default_sequences[0], "vot2016"):
        corners = truth.reshape(-1, 4, 2)
        sides = np.roll(corners, -1, axis=1) - corners
        lengths = np.linalg.norm(sides, axis=2)
        angles = np.abs(np.sum(sides * np.roll(sides, -1, axis=1), axis=2)) / (
            lengths * np.roll(lengths, -1, axis=1)
        )
        assert angles.max() < 0.01, "right angles"
        turned += int((np.abs(np.rad2deg(np.arctan2(sides[:, 0, 1], sides[:, 0, 0]))) > 10).sum())
        assert len(truth) >= 116, "long enough for the expected overlap of VOT2016"
    assert turned > 40


def test_a_polygon_fits_the_mask_it_was_drawn_from():
    canvas = np.zeros((120, 160, 4), np.uint8)
    box = cv2.boxPoints(((80.0, 60.0), (60.0, 30.0), 30.0))
    cv2.fillPoly(canvas, [np.rint(box).astype(np.int32)], (255, 255, 255, 255))
    polygon = see(Layer(canvas, 10, 20), np.zeros((120, 160), bool), 30.0).polygon - [10, 20]
    distances = np.linalg.norm(polygon[:, None] - box[None], axis=2).min(axis=1)
    assert distances.max() < 1.5


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_the_evaluation_reads_them(default_sequences, benchmark):
    """The loader of training.benchmark finds every sequence through the list beside the folder."""
    from training.benchmark.sequences.benchmark_loader import load_benchmark

    root, _ = default_sequences
    loaded = load_benchmark(benchmark, [root])
    listed = entries(root, benchmark)
    assert loaded.missing == []
    assert [sequence.name for sequence in loaded.sequences] == [entry["name"] for entry, _, _ in listed]
    for sequence, (_, _, truth) in zip(loaded.sequences, listed, strict=True):
        assert len(sequence.frames) == len(truth)
        assert all(frame.is_file() for frame in sequence.frames)


def test_nothing_of_training_comes_back():
    assert not set(TRAINING_PATTERNS) & set(EVALUATION_PATTERNS)


def test_template_matching_and_the_still_box_are_not_enough(default_sequences):
    """What leaves room for a tracker that learns: mean overlap with the truth, sequence by sequence."""
    from training.tracking.baselines import StillTracker, TemplateTracker

    means = {}
    for name, make in (("still", StillTracker), ("template", TemplateTracker)):
        overlaps = []
        for benchmark in BENCHMARKS[1:4]:
            for entry, folder, truth in entries(default_sequences[0], benchmark):
                boxes = truth - [1, 1, 0, 0]
                tracker = make()
                start = entry["start_frame"]
                tracker.init(cv2.imread(str(folder / (entry["image"] % start))), boxes[0])
                found = [
                    tracker.update(cv2.imread(str(folder / (entry["image"] % number))))
                    for number in range(start + 1, entry["end_frame"] + 1)
                ]
                overlaps.append(np.nanmean(overlap(np.array(found), boxes[1:])))
        means[name] = np.mean(overlaps)
    assert 0.1 < means["still"] < 0.4
    assert 0.1 < means["template"] < 0.6


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    shared = np.clip(
        np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None
    )
    area = shared.prod(axis=1)
    return area / (a[:, 2:].prod(axis=1) + b[:, 2:].prod(axis=1) - area)


def test_both_parts_together_are_small(default_vid, default_sequences):
    assert size(default_vid[0]) + size(default_sequences[0]) < 25e6


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_bytes_are_the_same_on_every_run_and_with_any_number_of_workers(tmp_path, tiny, jobs):
    generate_sequences(tmp_path / "first", tiny, ONE)
    generate_sequences(tmp_path / "second", tiny, Workers(jobs=jobs))
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_counts_are_those_of_the_files(default_sequences):
    root, counts = default_sequences
    assert counts["frames"] == len(list(root.rglob("*.jpg")))
    assert counts["sequences"] == sum(len(entries(root, name)) for name in BENCHMARKS[1:])


def test_a_clip_without_a_whole_target_is_refused(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr("curation.sample.evaluation_set.PLAIN_VIEW", 1.01)
    monkeypatch.setattr("curation.sample.evaluation_set.TAKES", 2)
    with pytest.raises(InputError, match=r"clip Drifter shows no whole target in its first frame in 2 takes"):
        generate_sequences(tmp_path, tiny, ONE)
