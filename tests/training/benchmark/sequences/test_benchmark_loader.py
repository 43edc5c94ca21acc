"""The five benchmarks in their authors' layouts, with every trap of these layouts."""

import json
import os
from pathlib import Path

import numpy as np
import orjson
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import still, write_images, write_rows
from training.benchmark.problems import FolderError
from training.benchmark.scores.vot_rules import rules_of
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import to_base


def numbered(first: int, last: int, pattern: str = "%04d.jpg") -> list[str]:
    return [pattern % number for number in range(first, last + 1)]


def otb(root: Path, name: str, first: int, last: int, rows: int | None = None, **style: str) -> Path:
    """An OTB sequence with images first..last."""
    pattern = style.pop("pattern", "%04d.jpg")
    write_images(root / name / "img", numbered(first, last, pattern))
    truth = still(last - first + 1 if rows is None else rows, (3, 4, 5, 6))
    truth[:, 0] += np.arange(len(truth)) % 7
    write_rows(root / name / style.pop("gt", "groundtruth_rect.txt"), truth, **style)
    return root / name


def override(root: Path, name: str, *entries: dict[str, object], **header: object) -> None:
    (root / f"{name}.json").write_bytes(
        orjson.dumps({"schema": 1, "benchmark": name, **header, "sequences": entries})
    )


def test_otb_in_place_with_mixed_separators(tmp_path: Path) -> None:
    otb(tmp_path, "Deer", 1, 71, separator=",")
    otb(tmp_path, "Skiing", 1, 81, separator="\t", end="")
    otb(tmp_path, "Jumping", 1, 313, separator=" ")
    bench = load_benchmark("otb2015", [tmp_path])
    assert [(s.name, len(s), len(s.frames)) for s in bench.sequences] == [
        ("Deer", 71, 71),
        ("Jumping", 313, 313),
        ("Skiing", 81, 81),
    ]
    assert len(bench.missing) == 97
    assert bench.partial
    deer = bench["Deer"]
    assert deer.annotation[0].tolist() == [3, 4, 5, 6]
    assert deer.ground_truth[0].tolist() == [2, 3, 5, 6]
    assert deer.size == (32, 24)
    assert deer.frames[0] == tmp_path / "Deer" / "img" / "0001.jpg"
    assert "MB" in deer.attributes


def test_two_targets_in_one_folder(tmp_path: Path) -> None:
    folder = otb(tmp_path, "Jogging", 1, 307, gt="groundtruth_rect.1.txt")
    write_rows(folder / "groundtruth_rect.2.txt", still(307, (9, 9, 9, 9)))
    bench = load_benchmark("otb2013", [tmp_path])
    assert [s.name for s in bench.sequences] == ["Jogging.1", "Jogging.2"]
    assert bench["Jogging.2"].annotation[0].tolist() == [9, 9, 9, 9]
    assert bench["Jogging.1"].frames == bench["Jogging.2"].frames


def test_human4_has_an_empty_first_annotation(tmp_path: Path) -> None:
    folder = otb(tmp_path, "Human4", 1, 667, gt="groundtruth_rect.2.txt")
    (folder / "groundtruth_rect.1.txt").touch()
    assert len(load_benchmark("otb50", [tmp_path])["Human4"]) == 667


def test_an_empty_annotation_is_no_annotation(tmp_path: Path) -> None:
    folder = otb(tmp_path, "Deer", 1, 71)
    otb(tmp_path, "Skiing", 1, 81)
    (folder / "groundtruth_rect.txt").write_text("")
    assert "Deer" in load_benchmark("otb2015", [tmp_path]).missing


def test_late_first_images_and_cut_ranges(tmp_path: Path) -> None:
    otb(tmp_path, "David", 300, 770)
    otb(tmp_path, "BlurCar3", 3, 359)
    otb(tmp_path, "Football1", 1, 81, rows=74)  # more images than rows, as published
    otb(tmp_path, "Diving", 1, 231, rows=215)
    bench = load_benchmark("otb2015", [tmp_path])
    assert {s.name: (len(s), s.frames[0].name, s.frames[-1].name) for s in bench.sequences} == {
        "BlurCar3": (357, "0003.jpg", "0359.jpg"),
        "David": (471, "0300.jpg", "0770.jpg"),
        "Diving": (215, "0001.jpg", "0215.jpg"),
        "Football1": (74, "0001.jpg", "0074.jpg"),
    }
    assert bench["David"].first_frame == 300


def test_board_has_five_digits_and_kitesurf_may_be_png(tmp_path: Path) -> None:
    otb(tmp_path, "Board", 1, 698, pattern="%05d.jpg")
    otb(tmp_path, "KiteSurf", 1, 84, pattern="%04d.png")
    bench = load_benchmark("otb2015", [tmp_path])
    assert bench["Board"].frames[9].name == "00010.jpg"
    assert bench["KiteSurf"].frames[-1].name == "0084.png"


def test_the_pattern_of_the_list_wins_where_a_frame_is_there_twice(tmp_path: Path) -> None:
    folder = otb(tmp_path, "KiteSurf", 1, 84)
    write_images(folder / "img", numbered(1, 84, "%04d.png") + numbered(1, 84, "%05d.jpg"))
    assert load_benchmark("otb2015", [tmp_path])["KiteSurf"].frames[4].name == "0005.jpg"


def test_tiger1_starts_at_frame_6(tmp_path: Path) -> None:
    otb(tmp_path, "Tiger1", 1, 354)
    tiger = load_benchmark("otb2013", [tmp_path])["Tiger1"]
    assert (len(tiger), tiger.first_frame, tiger.frames[0].name) == (349, 6, "0006.jpg")
    assert tiger.lead_in.shape == (5, 4)
    assert tiger.annotation[0, 0] == 3 + 5
    complete = load_benchmark("otb2013", [tmp_path], whole=True)["Tiger1"]
    assert (len(complete), complete.first_frame, len(complete.lead_in)) == (354, 1, 0)


def test_tiger1_may_come_without_its_first_five_rows(tmp_path: Path) -> None:
    otb(tmp_path, "Tiger1", 1, 354, rows=349)
    tiger = load_benchmark("otb2013", [tmp_path])["Tiger1"]
    assert (len(tiger), tiger.first_frame, tiger.frames[0].name, len(tiger.lead_in)) == (
        349,
        6,
        "0006.jpg",
        0,
    )
    assert tiger.annotation[0, 0] == 3


def test_temple_color(tmp_path: Path) -> None:
    home = tmp_path / "Temple-color-128"
    for name, first, last in (("Yo-yos_ce1", 1, 235), ("Busstation_ce2", 6, 400), ("Diving", 1, 231)):
        write_images(home / name / "img", numbered(first, last))
        write_rows(home / name / f"{name}_gt.txt", still(last - first + 1))
        (home / name / f"{name}_frames.txt").write_text(f"{first},{last}\n")
    bench = load_benchmark("tc128", [tmp_path])
    assert [(s.name, len(s), s.frames[0].name) for s in bench.sequences] == [
        ("Busstation_ce2", 395, "0006.jpg"),
        ("Diving", 231, "0001.jpg"),
        ("Yo-yos_ce1", 235, "0001.jpg"),
    ]


@pytest.mark.parametrize("inside", ["UAV123", ""])
def test_uav123_parts_share_a_folder_and_start_late(tmp_path: Path, inside: str) -> None:
    home = tmp_path / inside
    write_images(home / "data_seq/UAV123/bird1", numbered(1, 2437, "%06d.jpg"), size=(2, 2))
    for name, first, last in (("bird1_1", 1, 253), ("bird1_2", 775, 1477), ("bird1_3", 1573, 2437)):
        truth = still(last - first + 1)
        if name == "bird1_1":
            truth[115:174] = np.nan
        write_rows(home / f"anno/UAV123/{name}.txt", truth)
    bench = load_benchmark("uav123", [tmp_path])
    assert [(s.name, s.frames[0].name, len(s)) for s in bench.sequences] == [
        ("bird1_1", "000001.jpg", 253),
        ("bird1_2", "000775.jpg", 703),
        ("bird1_3", "001573.jpg", 865),
    ]
    assert np.isnan(bench["bird1_1"].annotation).any(axis=1).sum() == 59
    assert bench.absent_rows


POLYGON = (5, 5, 15, 5, 15, 12, 5, 12)


def test_vot_flat_and_color(tmp_path: Path) -> None:
    home = tmp_path / "vot2016"
    write_images(home / "bag", numbered(1, 4, "%08d.jpg"))
    (home / "bag" / "occlusion.label").write_text("0\n1\n")
    write_images(home / "ball1/color", numbered(1, 4, "%08d.jpg"))
    (home / "ball1" / "motion_change.tag").write_text("1\n1\n1\n1\n")
    for name in ("bag", "ball1"):
        write_rows(home / name / "groundtruth.txt", np.tile(POLYGON, (4, 1)))
    bench = load_benchmark("vot2016", [tmp_path])
    bag, ball = bench.sequences
    assert bag.frames[0] == home / "bag" / "00000001.jpg"
    assert ball.frames[0] == home / "ball1" / "color" / "00000001.jpg"
    assert bag.tags["occlusion"].tolist() == [False, True, False, False]  # short files are filled with 0
    assert bag.tags["empty"].tolist() == [True, False, True, True]
    assert ball.tags["motion_change"].all()
    assert not ball.tags["empty"].any()
    assert bag.annotation.tolist() == bag.ground_truth.tolist()
    assert bag.size == (480, 360)  # from the list


def test_several_roots(tmp_path: Path) -> None:
    otb(tmp_path / "one" / "OTB", "Deer", 1, 71)
    otb(tmp_path / "two", "Skiing", 1, 81)
    otb(tmp_path / "two", "Deer", 1, 71, separator="\t")
    bench = load_benchmark("otb2015", [tmp_path / "one", tmp_path / "two"])
    assert bench["Deer"].frames[0].parts[-5:-2] == ("one", "OTB", "Deer")
    assert bench["Skiing"].frames[0].parts[-4:-2] == ("two", "Skiing")


def test_images_and_annotation_may_lie_in_different_roots(tmp_path: Path) -> None:
    otb(tmp_path / "images", "Deer", 1, 71, gt="nothing.txt")
    write_rows(tmp_path / "truth" / "Deer" / "groundtruth_rect.txt", still(71))
    deer = load_benchmark("otb2015", [tmp_path / "truth", tmp_path / "images"])["Deer"]
    assert "images" in deer.frames[0].parts
    assert deer.annotation[0].tolist() == [10, 10, 20, 20]


@pytest.mark.parametrize("name", ["jogging-1.txt", "Jogging_1.txt", "JOGGING.1.txt"])
def test_bare_annotation_files_are_enough_for_scoring(tmp_path: Path, name: str) -> None:
    write_rows(tmp_path / name, still(307))
    assert len(load_benchmark("otb2013", [tmp_path], images=False)["Jogging.1"]) == 307
    with pytest.raises(InputError, match=r"no sequence of OTB-2013"):
        load_benchmark("otb2013", [tmp_path])


def test_folders_may_be_spelt_otherwise(tmp_path: Path) -> None:
    otb(tmp_path, "deer", 1, 71)
    assert load_benchmark("otb2015", [tmp_path])["Deer"].frames[0].parts[-3] == "deer"


def test_a_list_beside_the_folder_replaces_the_packaged_one(tmp_path: Path) -> None:
    otb(tmp_path / "OTB", "Mine", 4, 9)
    override(tmp_path, "otb2015", {"name": "Mine", "folder": "Mine", "start_frame": 4, "end_frame": 9})
    bench = load_benchmark("otb2015", [tmp_path])
    assert [(s.name, s.frames[0].name) for s in bench.sequences] == [("Mine", "0004.jpg")]
    assert not bench.partial


def test_an_open_end_takes_all_images(tmp_path: Path) -> None:
    otb(tmp_path, "Mine", 4, 9)
    override(tmp_path, "otb2015", {"name": "Mine", "folder": "Mine", "start_frame": 4})
    assert len(load_benchmark("otb2015", [tmp_path])["Mine"].frames) == 6


def test_every_damaged_sequence_is_named(tmp_path: Path) -> None:
    otb(tmp_path, "Deer", 1, 71, rows=70)
    (otb(tmp_path, "Skiing", 1, 81) / "img" / "0012.jpg").unlink()
    (otb(tmp_path, "Walking", 1, 412) / "groundtruth_rect.txt").write_text("1,2,3,4\n1,2,x,4\n")
    otb(tmp_path, "Jumping", 1, 313)
    with pytest.raises(FolderError) as caught:
        load_benchmark("otb2015", [tmp_path])
    deer, skiing, walking = caught.value.problems
    assert "groundtruth_rect.txt has 70 rows, but frames 1 to 71 are 71" in deer
    assert "lacks image 12 (1 of 81 are missing)" in skiing
    assert "groundtruth_rect.txt, line 2: expected 4 numbers" in walking


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[np.nan] * 4] * 5, "every row of .* is NaN"),
        ([[np.nan] * 4] + [[1, 1, 5, 5]] * 4, "line 1: a tracker cannot start on"),
        ([[1, 1, 0, 5]] + [[1, 1, 5, 5]] * 4, "line 1: a tracker cannot start on"),
    ],
)
def test_unusable_truths(tmp_path: Path, rows: list[list[float]], message: str) -> None:
    write_rows(tmp_path / "Mine" / "groundtruth_rect.txt", rows)
    override(tmp_path, "otb2015", {"name": "Mine", "folder": "Mine", "end_frame": 5})
    with pytest.raises(InputError, match=message):
        load_benchmark("otb2015", [tmp_path], images=False)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((5, 5, 15, 12, 15, 5, 5, 12), "line 2: the polygon has crossed edges"),
        ((5, 5, 15, 5, 5, 5, 15, 5), "line 2: the polygon has no area"),
    ],
)
def test_impossible_polygons(tmp_path: Path, row: tuple[float, ...], message: str) -> None:
    write_rows(tmp_path / "bag" / "groundtruth.txt", [POLYGON, row, POLYGON])
    with pytest.raises(InputError, match=message):
        load_benchmark("vot2016", [tmp_path], images=False)


def test_a_tag_longer_than_the_sequence(tmp_path: Path) -> None:
    write_rows(tmp_path / "bag" / "groundtruth.txt", [POLYGON] * 2)
    (tmp_path / "bag" / "occlusion.tag").write_text("0\n0\n1\n")
    with pytest.raises(InputError, match=r"occlusion.tag: expected at most 2 lines of 0 or 1, found 3"):
        load_benchmark("vot2016", [tmp_path], images=False)


def test_a_missing_root_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the root .*nowhere does not exist"):
        load_benchmark("otb2015", [tmp_path / "nowhere"])
    with pytest.raises(InputError, match=r"no sequence of OTB-2015 found"):
        load_benchmark("otb2015", [tmp_path])


def test_an_unknown_sequence_suggests(tmp_path: Path) -> None:
    otb(tmp_path, "Deer", 1, 71)
    with pytest.raises(InputError, match=r"no sequence of OTB-2015 is named 'Der'. Did you mean Deer"):
        load_benchmark("otb2015", [tmp_path])["Der"]


def test_frame_size_without_images(tmp_path: Path) -> None:
    write_rows(tmp_path / "Deer" / "groundtruth_rect.txt", still(71))
    deer = load_benchmark("otb2015", [tmp_path], images=False)["Deer"]
    with pytest.raises(InputError, match=r"Deer: the frame size is not known"):
        _ = deer.size


def test_frame_size_from_an_image_that_was_not_asked_for(tmp_path: Path) -> None:
    otb(tmp_path, "Deer", 1, 71)
    deer = load_benchmark("otb2015", [tmp_path], images=False)["Deer"]
    assert deer.frames == ()
    assert deer.size == (32, 24)


def test_bases() -> None:
    boxes = np.array([[0.0, 1, 5, 5]])
    assert to_base(boxes, 0, 1).tolist() == [[1, 2, 5, 5]]
    assert to_base(np.array([POLYGON], float), 0, 1)[0].tolist() == [value + 1 for value in POLYGON]
    assert boxes.tolist() == [[0, 1, 5, 5]]


def test_the_real_sequences(shared: Path) -> None:
    bench = load_benchmark("otb2015", [shared / "data" / "sequences"])
    assert {s.name: (len(s), s.frames[0].name, s.size) for s in bench.sequences} == {
        "Couple": (140, "0001.jpg", (320, 240)),
        "Crossing": (120, "0001.jpg", (360, 240)),
        "David": (471, "0300.jpg", (320, 240)),
        "Football1": (74, "0001.jpg", (352, 288)),
        "Jogging.1": (307, "0001.jpg", (352, 288)),
        "Jogging.2": (307, "0001.jpg", (352, 288)),
        "MotorRolling": (164, "0001.jpg", (640, 360)),
        "Skiing": (81, "0001.jpg", (640, 360)),
    }
    vot = load_benchmark("vot2016", [shared / "data" / "sequences"])
    assert [(s.name, len(s), s.frames[0].parent.name) for s in vot.sequences] == [
        ("bag", 196, "bag"),
        ("ball1", 105, "color"),
    ]


@pytest.mark.parametrize(
    ("name", "folder", "rows", "invalid"),
    [("otb2015", "OTB100", 59_035, 10), ("tc128", "TC128", 55_346, 99), ("uav123", "UAV123", 112_578, 2_683)],
)
def test_all_published_annotations(shared: Path, name: str, folder: str, rows: int, invalid: int) -> None:
    bench = load_benchmark(name, [shared / "data" / "annotations" / folder], images=False)
    truth = np.concatenate([s.annotation for s in bench.sequences])
    assert not bench.missing
    assert len(truth) == rows
    assert (~(truth > 0).all(axis=1)).sum() == invalid


def test_the_bundle_s_own_list_names_the_sequences(tmp_path: Path) -> None:
    bag = tmp_path / "VOT2019/bag"
    write_images(bag / "color", [f"{number:08d}.jpg" for number in (1, 2)])
    write_rows(bag / "groundtruth.txt", [[1, 1, 9, 1, 9, 9, 1, 9]] * 2)
    with pytest.raises(InputError, match=r"the list of the sequences of VOT2019, list.txt, was not found"):
        load_benchmark("vot2019", [tmp_path])
    (tmp_path / "VOT2019/list.txt").write_text("agility\nbag\n")
    found = load_benchmark("vot2019", [tmp_path])
    assert ([one.name for one in found.sequences], found.missing) == (["bag"], ["agility"])
    assert rules_of(found).interval == (46, 291)
    (tmp_path / "VOT2019/list.txt").write_text("../bag\n")
    with pytest.raises(InputError, match=r"list.txt, sequences.0.name: .*leads outside"):
        load_benchmark("vot2019", [tmp_path])


def test_an_image_number_without_end_is_no_reason_to_count_to_it(tmp_path: Path) -> None:
    otb(tmp_path, "mine", 1, 5)
    write_images(tmp_path / "mine/img", ["99999999999999999999.jpg"])
    own = tmp_path / "own.json"
    sequences = [{"name": "mine", "folder": "mine"}]
    own.write_text(
        json.dumps({"schema": 1, "benchmark": "own", "title": "Own", "kind": "ope", "sequences": sequences})
    )
    with pytest.raises(
        InputError, match=r"lacks image 6 \(99999999999999999993 of 99999999999999999999 are missing"
    ):
        load_benchmark(str(own), [tmp_path])


def test_an_annotation_that_is_no_file_of_places_is_refused(tmp_path: Path) -> None:
    """Not left out as if it were not there: the scores would be partial without a word about the reason."""
    folder = otb(tmp_path, "Deer", 1, 71)
    (folder / "groundtruth_rect.txt").unlink()
    os.mkfifo(folder / "groundtruth_rect.txt")
    with pytest.raises(InputError, match=r"groundtruth_rect\.txt is not a plain file"):
        load_benchmark("otb2015", [tmp_path])
    (folder / "groundtruth_rect.txt").unlink()
    write_rows(folder / "groundtruth_rect.txt", [*still(70), [1, 2, 3, 1e300]])
    with pytest.raises(InputError, match=r"Deer: .*line 71: .*1e\+300\] does not lie in an image"):
        load_benchmark("otb2015", [tmp_path])


def test_a_start_behind_the_end_is_one_line(tmp_path: Path) -> None:
    otb(tmp_path, "A", 1, 5)
    override(tmp_path, "otb2015", {"name": "A", "folder": "A", "ope_start_frame": 20})
    with pytest.raises(InputError, match=r"has 5 rows, but frames 1 to \.\.\. are more"):
        load_benchmark("otb2015", [tmp_path], images=False)


def test_other_sequences_under_a_packaged_name_are_one_s_own(tmp_path: Path) -> None:
    write_rows(tmp_path / "cup/groundtruth_rect.txt", still(2))
    entry = {"name": "cup", "folder": "cup", "end_frame": 2}
    (tmp_path / "otb2015.json").write_bytes(
        orjson.dumps({"schema": 1, "benchmark": "otb2015", "title": "My videos", "sequences": [entry]})
    )
    assert load_benchmark("otb2015", [tmp_path], images=False).own
    write_rows(tmp_path / "part/Deer.txt", still(71))
    assert not load_benchmark("otb2015", [tmp_path / "part"], images=False).own
