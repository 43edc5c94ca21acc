import os
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError, printable
from tests.training.benchmark.builders import benchmark, sequence, still, vot_sequence, write_rows
from training.benchmark.problems import FolderError
from training.benchmark.results.formats.matlab import mat_bytes
from training.benchmark.results.formats.segments import Segment
from training.benchmark.results.matches import match_files
from training.benchmark.results.result_folders import find_results, list_trackers, open_results
from training.benchmark.results.result_reader import (
    check_benchmark,
    read_results,
    read_segments,
    read_unsupervised,
)
from training.benchmark.score import score_benchmark, score_boxes
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.trajectory import Trajectory, write_trajectories


@pytest.fixture
def bench() -> Benchmark:
    return benchmark(
        [sequence("Basketball", still(5)), sequence("Car4", still(4)), sequence("Dog1", still(3))]
    )


def write(folder: Path, **rows: int) -> None:
    for name, count in rows.items():
        write_rows(folder / f"{name}.txt", still(count))


GOOD = {"Basketball": 5, "Car4": 4, "Dog1": 3}


@pytest.mark.parametrize(
    "inside",
    [
        "KCF",
        "results/KCF",
        "OTB2015/KCF",
        "results/OTB2015/KCF",
        "OPE/KCF",
        "results/OPE/KCF",
        "KCF/default",
        "OTB100/KCF",
        "otb2015/KCF",
    ],
)
def test_found_where_other_tools_put_them(tmp_path: Path, bench: Benchmark, inside: str) -> None:
    write(tmp_path / inside, **GOOD)
    results = read_results(tmp_path, "KCF", bench)
    assert {name: len(boxes) for name, boxes in results.boxes.items()} == GOOD
    assert not results.missing
    assert "KCF" in list_trackers(tmp_path, bench)


def test_files_of_several_trackers_side_by_side(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path, **{f"{name}_KCF": rows for name, rows in GOOD.items()})
    write(tmp_path, **{f"{name}_DSST": 1 for name in GOOD})
    assert len(read_results(tmp_path, "KCF", bench).boxes) == 3
    with pytest.raises(FolderError):
        read_results(tmp_path, "DSST", bench)


def test_different_runs_of_one_tracker_must_be_told_apart(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "DiMP/dimp50_000", **GOOD)
    write(tmp_path / "DiMP/dimp18_001", **GOOD)
    with pytest.raises(InputError, match=r"several runs: DiMP/dimp18_001, DiMP/dimp50_000"):
        read_results(tmp_path, "DiMP", bench)
    assert len(read_results(tmp_path, "DiMP/dimp50_000", bench).boxes) == 3


def test_the_mean_of_numbered_runs_counts(tmp_path: Path, bench: Benchmark) -> None:
    for number in range(3):
        write(tmp_path / f"DiMP/dimp50_00{number}", **GOOD)
    away = tmp_path / "DiMP/dimp50_001/Car4.txt"
    write_rows(away, [[500, 500, 20, 20]] * len(read_segments(away)[0].boxes))
    results = read_results(tmp_path, "DiMP", bench)
    assert len(results.again) == 2
    means = [
        score_boxes(bench, replace(results, boxes=boxes, again=[]))["overall"]["auc"]
        for boxes in (results.boxes, *results.again)
    ]
    whole = score_benchmark(bench, tmp_path)
    assert whole.number("DiMP", whole.headline) == pytest.approx(sum(means) / 3)
    assert whole.trackers["DiMP"].notes[0].startswith("the mean of 3 runs; AUC ")
    away.unlink()
    with pytest.raises(InputError, match="run 2 of 3 has other sequences than the first"):
        read_results(tmp_path, "DiMP", bench)


def test_a_folder_a_sequence_as_got10k_has_it(tmp_path: Path, bench: Benchmark) -> None:
    for name, rows in GOOD.items():
        for number in (1, 2):
            write(tmp_path / f"Sia/{name}", **{f"{name}_00{number}": rows})
        (tmp_path / f"Sia/{name}/{name}_time.txt").write_text("0.1,0.1\n" * rows)
    results = read_results(tmp_path, "Sia", bench)
    assert {name: len(boxes) for name, boxes in results.boxes.items()} == GOOD
    assert len(results.again) == 1


@pytest.mark.parametrize("ending", [".TXT", ".csv", ".Txt"])
def test_other_endings_of_text(ending: str, tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", **GOOD)
    for path in (tmp_path / "KCF").iterdir():
        path.rename(path.with_suffix(ending))
    assert len(read_results(tmp_path, "KCF", bench).boxes) == 3


def test_folders_of_scores_are_no_runs(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "OPE/KCF", **GOOD)
    for name in ("scores_cvpr13", "scores_tb50", "scores_tb100"):
        write(tmp_path / "OPE/KCF" / name, **GOOD)
        write(tmp_path / "OPE/ASLA" / name, **GOOD)
    scores = score_benchmark(bench, tmp_path)
    assert (list(scores.trackers), list(scores.unsound)) == (["KCF"], ["ASLA"])


@pytest.mark.parametrize(("name", "prefix", "count"), [("otb2015", "", 100), ("uav123", "uav_", 123)])
def test_pytrackings_folder_of_several_benchmarks(
    name: str, prefix: str, count: int, shared: Path, tmp_path: Path
) -> None:
    archive = shared / "cases/F01/pytracking_mixed.tar.gz"
    if not archive.is_file():
        pytest.skip(f"{archive} is not here")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    names = {"otb2015": "OTB100", "uav123": "UAV123"}
    whole = load_benchmark(name, [shared / "data/annotations" / names[name]], images=False)
    paths, *others = find_results(tmp_path / "tracking_results", "kcf", whole)
    assert not others
    matched = match_files(paths, whole)
    assert len(matched.files) == len(whole.sequences) == count
    assert not matched.doubles
    assert all(path.name.startswith(prefix) for path in matched.files.values())
    check_benchmark("here", paths, matched.files, whole)


def test_missing_sequences_are_listed(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", Basketball=5)
    assert read_results(tmp_path, "KCF", bench).missing == ["Car4", "Dog1"]


def test_all_problems_of_a_folder_at_once(tmp_path: Path, bench: Benchmark) -> None:
    folder = tmp_path / "KCF"
    write(folder, Basketball=7, Dgo1=3)
    (folder / "Car4.txt").write_text("1,2,3,4\n1,2,3\n1,2,3,4\n1,2,3,4\n")
    with pytest.raises(FolderError) as caught:
        read_results(tmp_path, "KCF", bench)
    length, row, name = caught.value.problems
    assert length.startswith("Basketball.txt: 7 rows, but 5 frames")
    assert "Car4.txt, line 2: expected 4 numbers, found '1,2,3'" in row
    assert name == "Dgo1.txt belongs to no sequence of OTB-2015; did you mean Dog1?"
    assert "results of KCF" in str(caught.value).splitlines()[0]


@pytest.mark.parametrize("row", ["nan,2,3,4", "1,2,inf,4"])
def test_half_a_box_is_refused(tmp_path: Path, bench: Benchmark, row: str) -> None:
    write(tmp_path / "KCF", **GOOD)
    (tmp_path / "KCF/Dog1.txt").write_text(f"1,2,3,4\n{row}\n1,2,3,4\n")
    with pytest.raises(InputError, match=r"Dog1.txt, line 2: .* is not a box \(1 such rows\)"):
        read_results(tmp_path, "KCF", bench)


def test_lost_boxes_are_noted(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", **GOOD)
    (tmp_path / "KCF/Dog1.txt").write_text("1,2,3,4\nNaN,NaN,NaN,NaN\n1,2,-3,4\n")
    results = read_results(tmp_path, "KCF", bench)
    assert results.notes == ["Dog1: 1 rows of NaN and 1 boxes without size"]
    assert np.isnan(results.boxes["Dog1"][1]).all()


def test_results_of_another_benchmark(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", bike1=3, wakeboard1=3)
    with pytest.raises(
        InputError, match=r"of 2 files none belongs to OTB-2015; they look like results of UAV123"
    ):
        read_results(tmp_path, "KCF", bench)
    write(tmp_path / "ODD", q=3)
    with pytest.raises(InputError, match=r"of 1 files none belongs to OTB-2015. Name"):
        read_results(tmp_path, "ODD", bench)


def test_a_benchmark_that_shares_some_names_is_still_another(tmp_path: Path) -> None:
    """44 sequences of Temple-Color bear names of OTB."""
    temple = benchmark([sequence("Basketball", still(5)), sequence("Airport_ce", still(4))])
    write(tmp_path / "KCF", Basketball=5, Twinnings=3, Skater2=3, Jump=3)
    with pytest.raises(
        InputError, match=r"of 4 files only 1 belongs to Temple; they look like results of OTB-2015"
    ):
        read_results(tmp_path, "KCF", type(temple)(**{**temple.__dict__, "name": "tc128", "title": "Temple"}))


def test_an_unknown_tracker_suggests(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "SiamFC-3s", **GOOD)
    with pytest.raises(InputError, match=r"is named 'SiamFC3s'. Did you mean SiamFC-3s"):
        read_results(tmp_path, "SiamFC3s", bench)
    with pytest.raises(InputError, match=r"there is no results folder"):
        read_results(tmp_path / "none", "KCF", bench)


def test_files_with_many_runs_are_no_one_pass_evaluation(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", Basketball=5, Car4=4)
    (tmp_path / "KCF/Dog1.json").write_text('[{"res": [[1,2,3,4]]}, {"res": [[1,2,3,4]]}]')
    with pytest.raises(InputError, match=r"Dog1.json holds 2 runs \(TRE or SRE\)"):
        read_results(tmp_path, "KCF", bench)


@pytest.fixture
def vot() -> Benchmark:
    return benchmark([vot_sequence("bag", still(4)), vot_sequence("ball1", still(3))], kind="vot")


def test_vot_results(tmp_path: Path, vot: Benchmark) -> None:
    run = Trajectory.from_boxes(still(4))
    write_trajectories(tmp_path / "KCF", "bag", [run] * 3)
    results = read_results(tmp_path, "KCF", vot)
    assert {name: len(runs) for name, runs in results.runs.items()} == {"bag": 3}
    assert results.missing == ["ball1"]
    assert read_unsupervised(tmp_path, "KCF", vot) is None
    write_trajectories(tmp_path / "KCF", "bag", [run], experiment="unsupervised")
    assert len(read_unsupervised(tmp_path, "KCF", vot).runs["bag"]) == 1


def test_all_problems_of_vot_results_at_once(tmp_path: Path, vot: Benchmark) -> None:
    write_trajectories(tmp_path / "KCF", "bag", [Trajectory.from_boxes(still(5))])
    (tmp_path / "KCF/baseline/ball1").mkdir()
    (tmp_path / "KCF/baseline/ball1/ball1_001.txt").write_text("1\n9\n")
    with pytest.raises(FolderError) as caught:
        read_results(tmp_path, "KCF", vot)
    first, second = caught.value.problems
    assert first.startswith("bag, run 1: 5 rows, but 4 frames")
    assert "ball1_001.txt, line 2: 9 is not a code" in second


def test_vot_results_of_another_kind(tmp_path: Path, vot: Benchmark) -> None:
    write(tmp_path / "KCF", bag=4)
    with pytest.raises(InputError, match=r"holds no baseline result of VOT2016"):
        read_results(tmp_path, "KCF", vot)


def test_odd_regions_are_noted(tmp_path: Path, vot: Benchmark) -> None:
    rows = [[1], [10, 10, 0, 5], [0, 0, 4, 4, 4, 0, 0, 4], [1, 1, 1, 1, 1, 1, 1, 1]]
    write_trajectories(tmp_path / "KCF", "bag", [Trajectory.from_rows(rows)])
    assert read_results(tmp_path, "KCF", vot).notes == [
        "bag: 2 regions without area and 1 with crossed edges"
    ]


def test_misspelt_and_unknown_folders_of_vot(tmp_path: Path, vot: Benchmark) -> None:
    """Case and `-_.` do not matter, other years' sequences need no word, a folder decides whose its files are."""
    run = Trajectory.from_boxes(still(4))
    for name in ("Bag", "wiper", "zzz"):
        write_trajectories(tmp_path / "KCF", name, [run])
    results = read_results(tmp_path, "KCF", vot)
    assert list(results.runs) == ["bag"]
    assert results.notes == ["ignored, because no sequence has these names: zzz (1 in all)"]
    (tmp_path / "KCF/baseline/bal1").mkdir()
    (tmp_path / "KCF/baseline/bal1/ball1_001.txt").write_text("1\n0\n0\n")
    with pytest.raises(InputError, match=r"bal1 belongs to no sequence of VOT2016; did you mean ball1\?"):
        read_results(tmp_path, "KCF", vot)


def test_damaged_binary_vot_results_say_how_to_get_text(tmp_path: Path, vot: Benchmark) -> None:
    (tmp_path / "KCF/baseline/bag").mkdir(parents=True)
    (tmp_path / "KCF/baseline/bag/bag_001.bin").write_bytes(b"\x00")
    with pytest.raises(InputError, match=r"bag_001.bin is cut short .* VOT_RESULTS_BINARY=0"):
        read_results(tmp_path, "KCF", vot)


def test_files_of_no_sequence_are_noted_and_two_of_one_refused(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", **GOOD, zzz=1)
    assert read_results(tmp_path, "KCF", bench).notes == [
        "ignored, because no sequence has these names: zzz.txt (1 in all)"
    ]
    (tmp_path / "KCF/dog1.json").write_text('[{"res": [[1,2,3,4]]}]')
    with pytest.raises(InputError, match=r"Dog1 has 2 files: Dog1.txt, dog1.json"):
        read_results(tmp_path, "KCF", bench)


def test_an_annotation_without_its_first_rows_is_noted_where_they_count(tmp_path: Path) -> None:
    bench = benchmark([sequence("Tiger1", still(30), first_frame=6, trimmed=5)])
    write(tmp_path / "KCF", Tiger1=30)
    assert read_results(tmp_path, "KCF", bench).notes == []
    assert read_results(tmp_path, "KCF", bench, "got10k").notes == [
        "Tiger1: its annotation lacks the 5 rows before frame 6, which this protocol evaluates too"
    ]


@pytest.mark.parametrize("inside", ["KCF", "OTB2015/KCF"])
def test_a_trackers_own_folder_is_taken_as_such(tmp_path: Path, bench: Benchmark, inside: str) -> None:
    write(tmp_path / inside, **GOOD)
    write(tmp_path / inside / "times", Dog1_time=3)
    folder, trackers = open_results(tmp_path / inside, bench)
    assert trackers == ["KCF"]
    assert len(read_results(folder, "KCF", bench).boxes) == 3
    assert open_results((tmp_path / inside).parent, bench)[1] == ["KCF"]


def test_a_vot_trackers_own_folder(tmp_path: Path, vot: Benchmark) -> None:
    write_trajectories(tmp_path / "KCF", "bag", [Trajectory.from_boxes(still(4))])
    assert open_results(tmp_path / "KCF", vot) == (tmp_path, ["KCF"])
    assert open_results(tmp_path, vot) == (tmp_path, ["KCF"])


def test_trackers_in_names_of_files(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path, **{f"{name}_{tracker}": 3 for name in GOOD for tracker in ("KCF", "Struck_2")})
    assert open_results(tmp_path, bench) == (tmp_path, ["KCF", "Struck_2"])
    with pytest.raises(InputError, match=r"is named 'KFC'. Did you mean KCF\?"):
        read_results(tmp_path, "KFC", bench)


@pytest.mark.parametrize(
    "folders",
    [
        ("all", "all", "all"),
        ("a", "b", "a"),
        ("Basketball", "Car4", "Dog1"),
        ("", "rest", "rest"),
        ("OPE/a",) * 3,
    ],
)
def test_folders_in_which_files_of_several_trackers_are_mixed(
    folders: tuple[str, ...], tmp_path: Path, bench: Benchmark
) -> None:
    for tracker, size in (("KCF", 4.0), ("Struck_2", 8.0)):
        for folder, (name, rows) in zip(folders, GOOD.items(), strict=True):
            path = tmp_path / folder / f"{name.lower()}_{tracker}.mat"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(mat_bytes([Segment(still(rows, (1, 1, size, size)))], anno_begin=1))
    assert open_results(tmp_path, bench) == (tmp_path, ["KCF", "Struck_2"])
    for tracker, size in (("KCF", 4.0), ("Struck_2", 8.0)):
        results = read_results(tmp_path, tracker, bench)
        assert {name: len(boxes) for name, boxes in results.boxes.items()} == GOOD
        assert all((boxes[:, 2] == size).all() for boxes in results.boxes.values())
        assert not results.notes


def test_parts_of_a_package_and_trackers_folders_beside_it(tmp_path: Path, bench: Benchmark) -> None:
    """A part with one tracker alone belongs to it; a tracker's own folder stays its own, with odd names in it too."""
    for file in ("a/basketball_KCF", "a/basketball_ASLA", "b/car4_KCF", "SCM/dog1_SCM", "SCM/dog1_2_SCM"):
        path = tmp_path / f"{file}.mat"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(mat_bytes([Segment(still(3))], anno_begin=1))
    assert list_trackers(tmp_path, bench) == ["ASLA", "KCF", "SCM"]
    paths = {tracker: find_results(tmp_path, tracker, bench) for tracker in ("KCF", "SCM")}
    assert {tracker: [path.name for path in found] for tracker, [found] in paths.items()} == {
        "KCF": ["basketball_KCF.mat", "car4_KCF.mat"],
        "SCM": ["dog1_2_SCM.mat", "dog1_SCM.mat"],
    }


def test_nothing_in_the_folder(tmp_path: Path, bench: Benchmark) -> None:
    with pytest.raises(InputError, match=r"holds no results"):
        open_results(tmp_path, bench)
    (tmp_path / "KCF").mkdir()
    with pytest.raises(InputError, match=r"there are no files"):
        read_results(tmp_path, "KCF", bench)


def test_a_filling_that_was_left_out_is_noted(tmp_path: Path) -> None:
    bench = benchmark([sequence("Tiger1", still(30), first_frame=6, lead_in=still(5, (1, 2, 3, 4)))])
    write_rows(tmp_path / "KCF/Tiger1.txt", np.concatenate([still(5, (1, 2, 3, 4)), still(30)]))
    assert read_results(tmp_path, "KCF", bench).notes == [
        "Tiger1: its first 5 rows are the ground truth and were left out"
    ]
    assert read_results(tmp_path, "KCF", bench, "got10k").notes == []


@pytest.mark.parametrize(
    ("codes", "odd"),
    [
        ([1, 3, 3, 3, 3, 3, 3, 3, 3], False),
        ([1, 3, 2, 0, 0, 0, 0, 1, 3], False),
        ([1, 3, 3, 3, 3, 2, 0, 0, 0], False),  # no room for another start
        ([1, 3, 2, 0, 0, 0, 0, 3, 3], True),
        ([1, 3, 2, 0, 1, 3, 3, 3, 3], True),
        ([3, 3, 3, 3, 3, 3, 3, 3, 3], True),
        ([1, 3, 3, 1, 3, 3, 3, 3, 3], True),
    ],
)
def test_runs_that_start_elsewhere_are_noted(tmp_path: Path, codes: list[int], odd: bool) -> None:
    bench = benchmark([vot_sequence("bag", still(9))], kind="vot")
    run = Trajectory.from_rows([[10, 10, 20, 20] if code == 3 else [code] for code in codes])
    write_trajectories(tmp_path / "KCF", "bag", [run, run])
    notes = read_results(tmp_path, "KCF", bench).notes
    assert notes == ["bag: 2 runs that do not start 5 frames after each failure"] * odd


def test_what_archives_leave_behind_is_no_result(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", **GOOD, **{f"._{name}": 1 for name in GOOD})
    write(tmp_path / "__MACOSX/KCF", **{f"._{name}": 1 for name in GOOD})
    assert open_results(tmp_path, bench) == (tmp_path, ["KCF"])
    assert read_results(tmp_path, "KCF", bench).notes == []


@pytest.mark.parametrize("row", ["1,2,3,1e300", "-3e9,2,3,4", "1,2,1000001,4"])
def test_a_box_beyond_every_image_is_refused(tmp_path: Path, bench: Benchmark, row: str) -> None:
    write(tmp_path / "KCF", **GOOD)
    (tmp_path / "KCF/Dog1.txt").write_text(f"1,2,3,4\n{row}\n1,2,3,4\n")
    with pytest.raises(InputError, match=r"Dog1.txt, line 2: .* is not a box .*at most 1,000,000 pixels"):
        read_results(tmp_path, "KCF", bench)


@pytest.mark.parametrize("name", ["\x01x", "\x1b[31mred", "\udce9", "a\u202eb", "two\nlines"])
def test_a_tracker_whose_name_cannot_be_printed_is_refused(
    tmp_path: Path, bench: Benchmark, name: str
) -> None:
    write(tmp_path / name, **GOOD)
    folder, (tracker,) = open_results(tmp_path, bench)
    with pytest.raises(InputError, match=r"cannot be printed\. Rename its folder") as caught:
        read_results(folder, tracker, bench)
    assert str(caught.value).isprintable()
    assert f"the tracker {printable(name)} in" in str(caught.value)  # a line break is no space


def test_files_left_aside_are_named_in_printable_letters(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", **GOOD, **{"zzz\x1b[2J\udcff": 1})
    assert read_results(tmp_path, "KCF", bench).notes == [
        "ignored, because no sequence has these names: zzz\\x1b[2J\\xff.txt (1 in all)"
    ]


def test_pipes_links_to_nothing_and_empty_files_are_one_problem_each(
    tmp_path: Path, bench: Benchmark
) -> None:
    write(tmp_path / "KCF", Basketball=5)
    os.mkfifo(tmp_path / "KCF/Dog1.txt")
    (tmp_path / "KCF/Car4.txt").symlink_to("nothing")
    (tmp_path / "KCF/Basketball.txt").write_bytes(b"")
    with pytest.raises(FolderError) as caught:
        read_results(tmp_path, "KCF", bench)
    empty, link, pipe = caught.value.problems
    assert "Basketball.txt is empty" in empty
    assert "Car4.txt: there is no such file" in link
    assert "Dog1.txt is not a plain file" in pipe


def test_a_folder_is_no_result(tmp_path: Path, bench: Benchmark) -> None:
    write(tmp_path / "KCF", Basketball=5, Dog1=3)
    (tmp_path / "KCF/Car4.txt").mkdir()
    assert read_results(tmp_path, "KCF", bench).missing == ["Car4"]
