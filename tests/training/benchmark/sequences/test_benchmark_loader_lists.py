"""The packaged lists beyond the five: their counts, their authors' layouts, and real sequences of two of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from curation.files import write_json
from tests.training.benchmark.builders import still, write_images, write_rows
from training.benchmark.results.result_writer import write_boxes
from training.benchmark.score import score_benchmark
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import Entry, load_listing
from training.tracking.baselines import StillTracker, TemplateTracker
from training.tracking.run.sequence_run import track_sequence

COUNTS = {
    "nfs": (100, 47_953),
    "lasot": (280, 685_360),
    "uav20l": (20, 58_670),
    "uav123_10fps": (123, 37_607),
    "dtb70": (70, 15_777),
    "uavdt": (50, 37_084),
}
HOMES = {"uavdt": ("UAV-benchmark-S", "UAV-benchmark-SOT_v1.0")}
"""Folders of images and of annotation, where these are two."""


@pytest.mark.parametrize("name", COUNTS)
def test_sequences_and_frames_are_as_many_as_their_authors_say(name: str) -> None:
    sequences = load_listing(name).sequences
    assert (len(sequences), sum(entry.rows or 0 for entry in sequences)) == COUNTS[name]


def test_sequences_of_lists_without_lengths() -> None:
    assert [
        len(load_listing(f"{name}").sequences) for name in ("lasot_ext", "got10k_val", "got10k_test")
    ] == [
        150,
        180,
        180,
    ]


def unpack(root: Path, name: str, frames: int = 4) -> Entry:
    """The shortest sequence of a list as its authors' archive has it; where the list knows no length, a short one."""
    listing = load_listing(name)
    entry = min(listing.sequences, key=lambda one: one.rows or frames)
    first, rows = entry.start_frame, entry.rows or frames
    images, truth = (root / home for home in HOMES.get(name, ("", "")))
    folder = images / entry.folder
    write_images(
        folder / Path(entry.image).parent,
        [Path(entry.image).name % number for number in range(first, first + rows)],
    )
    beside = name.startswith(("lasot", "got10k", "dtb70"))
    annotation = (folder if beside else truth) / entry.gt_file
    write_rows(annotation, still(1 if listing.truth == "first" else rows, (3, 4, 8, 9)))
    for file, meaning in listing.flags.items():
        flags = [int((meaning == "absent") == (row == rows - 1)) for row in range(rows)]
        (folder / file).write_text((", " if meaning == "absent" else "\n").join(map(str, flags)))
    if name.startswith("got10k"):
        (folder / "meta_info.ini").write_text("[METAINFO]\nurl: x\nresolution: (32, 24)\n")
    return entry


@pytest.mark.parametrize("name", [*COUNTS, "lasot_ext", "got10k_val", "got10k_test"])
def test_each_is_read_as_its_authors_distribute_it_and_scored_by_name(name: str, tmp_path: Path) -> None:
    entry = unpack(tmp_path / "data", name)
    bench = load_benchmark(name, [tmp_path / "data"])
    [sequence] = bench.sequences
    assert (sequence.name, len(sequence.frames), bench.own) == (entry.name, entry.rows or 4, False)
    assert sequence.ground_truth[0].tolist() == [3 - sequence.base, 4 - sequence.base, 8, 9]
    if load_listing(name).flags:
        assert sequence.absent is not None
        assert np.flatnonzero(sequence.absent).tolist() == [len(sequence) - 1]
    track = track_sequence(StillTracker(), sequence.frames, sequence.ground_truth[0])
    write_boxes(tmp_path / "results", "still", bench, sequence, track.boxes)
    if not bench.given_away:
        with pytest.raises(InputError, match="only its server has the ground truth of GOT-10k test"):
            score_benchmark(bench, tmp_path / "results")
        return
    scores = score_benchmark(bench, tmp_path / "results")
    rules = {"lasot": "lasot", "lasot_ext": "lasot", "got10k_val": "got10k-val"}
    assert scores.protocol == rules.get(name, "matlab")
    perfect = 1 if name == "got10k_val" else 20 / 21
    share = (len(sequence) - 1) / len(sequence) if scores.protocol == "lasot" else 1
    assert scores.number("still", scores.headline) == pytest.approx(perfect * share)


def test_the_test_set_of_trackingnet_takes_its_names_from_its_files(tmp_path: Path) -> None:
    for name in ("b1-x_0", "a_2"):
        write_images(tmp_path / "TEST/frames" / name, [f"{number}.jpg" for number in range(12)])
        write_rows(tmp_path / f"TEST/anno/{name}.txt", still(1, (3, 4, 5, 6)))
    bench = load_benchmark("trackingnet", [tmp_path])
    assert [(s.name, len(s), s.frames[10].name) for s in bench.sequences] == [
        ("a_2", 12, "10.jpg"),
        ("b1-x_0", 12, "10.jpg"),
    ]
    assert bench.sequences[0].ground_truth[0].tolist() == [3, 4, 5, 6]
    assert np.isnan(bench.sequences[0].annotation[1:]).all()


def test_one_folder_too_many(tmp_path: Path) -> None:
    entry = unpack(tmp_path / "UAV123_10fps/UAV123_10fps", "uav123_10fps")
    assert load_benchmark("uav123_10fps", [tmp_path]).sequences[0].name == entry.name
    unpack(tmp_path / "MountainBike6", "dtb70")
    name = load_benchmark("dtb70", [tmp_path / "MountainBike6"]).sequences[0].name
    (tmp_path / "deep" / name).mkdir(parents=True)
    (tmp_path / "MountainBike6" / name).rename(tmp_path / "deep" / name / name)
    assert [s.name for s in load_benchmark("dtb70", [tmp_path / "deep"]).sequences] == [name]


def test_a_list_that_names_files_that_are_not_there(tmp_path: Path) -> None:
    """Whole sequences are missing; images of some are one problem with a count; nothing at all is one line."""
    there, short, none = ["s0"], [f"s{number}" for number in range(1, 7)], ["gone", "away"]
    header = {"schema": 1, "benchmark": "mine", "title": "Mine", "kind": "ope"}

    def load(names: list[str]) -> Benchmark:
        sequences = [{"name": name, "folder": name, "end_frame": 5} for name in names]
        write_json(tmp_path / "mine.json", {**header, "sequences": sequences})
        return load_benchmark(str(tmp_path / "mine.json"), [tmp_path / "videos"])

    for name in there + short:
        last = 5 if name in there else 2
        write_images(
            tmp_path / "videos" / name / "img", [f"{number:04d}.jpg" for number in range(1, last + 1)]
        )
        write_rows(tmp_path / "videos" / name / "groundtruth_rect.txt", still(5))
    bench = load(there + none)
    assert ([sequence.name for sequence in bench.sequences], bench.missing) == (there, none)
    with pytest.raises(InputError) as caught:
        load(there + short + none)
    head, *lines = str(caught.value).splitlines()
    assert head == f"Mine under {tmp_path}/videos: 6 problems"
    assert (
        lines[0]
        == f"  s1: {tmp_path}/videos/s1/img lacks image 3 (3 of 5 are missing). Unpack the sequence again"
    )
    assert (len(lines), lines[3]) == (5, "  ... and 3 more (missing image)")
    with pytest.raises(
        InputError, match=r"no sequence of Mine found under .*videos\. Give the folder that holds gone/"
    ):
        load(none)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (None, "lacks full_occlusion.txt and out_of_view.txt"),
        ("0,1", "expected .* whole numbers, found 2 words"),
    ],
)
def test_absent_flags_that_are_missing_or_short(flags: str | None, words: str, tmp_path: Path) -> None:
    entry = unpack(tmp_path, "lasot_ext")
    for file in ("full_occlusion.txt", "out_of_view.txt"):
        path = tmp_path / entry.folder / file
        path.unlink() if flags is None else path.write_text(flags)
    with pytest.raises(InputError, match=words):
        load_benchmark("lasot_ext", [tmp_path])


@pytest.mark.parametrize(
    ("name", "place", "sequence", "frames"),
    [
        ("dtb70", "more_sequences/DTB70", "MountainBike6", 81),
        ("uav123_10fps", "sequences/UAV123_10fps", "wakeboard7", 67),
    ],
)
def test_real_sequences_are_tracked_and_scored_by_name(
    name: str, place: str, sequence: str, frames: int, shared: Path, tmp_path: Path
) -> None:
    root = shared / "data" / place
    if not root.is_dir():
        pytest.skip(f"{root} is not here")
    bench = load_benchmark(name, [root])
    assert [(s.name, len(s.frames)) for s in bench.sequences] == [(sequence, frames)]
    one = bench.sequences[0]
    track = track_sequence(TemplateTracker(), one.frames, one.ground_truth[0])
    write_boxes(tmp_path, "template", bench, one, track.boxes)
    scores = score_benchmark(bench, tmp_path)
    assert scores.partial
    assert 0.01 < (scores.number("template", scores.headline) or 0) < 1
