import os
from pathlib import Path

import orjson
import pytest

from curation.errors import InputError
from training.benchmark.sequences.sequence_list import LIMIT, load_listing, name_key, packaged_names


@pytest.mark.parametrize(
    ("name", "targets", "rows"),
    [
        ("otb2013", 51, 29_491),
        ("otb50", 50, 26_972),
        ("otb2015", 100, 59_040),
        ("tc128", 129, 55_346),
        ("uav123", 123, 112_578),
    ],
)
def test_packaged_lists_have_the_published_sizes(name: str, targets: int, rows: int) -> None:
    listing = load_listing(name)
    assert len(listing.sequences) == targets
    assert sum(entry.rows or 0 for entry in listing.sequences) == rows
    assert listing.base == 1


def test_vot_list_leaves_lengths_to_the_data() -> None:
    listing = load_listing("vot2016")
    assert len(listing.sequences) == 60
    assert {entry.rows for entry in listing.sequences} == {None}
    assert listing.base == 0


def test_vot_lists_of_other_years() -> None:
    of = {year: load_listing(f"vot{year}") for year in (2015, 2016, 2017, 2018)}
    assert {len(listing.sequences) for listing in of.values()} == {60}
    assert {year: listing.folders[0] for year, listing in of.items()} == {y: f"VOT{y}" for y in of}
    assert of[2017].sequences == of[2018].sequences
    assert sum(entry.rows or 0 for entry in of[2017].sequences) == 21_356


def test_videos_with_two_targets() -> None:
    names = {entry.name: entry for entry in load_listing("otb2015").sequences}
    assert len({entry.folder for entry in names.values()}) == 98
    assert names["Skating2.2"].gt_file == "groundtruth_rect.2.txt"
    assert names["Human4"].gt_file == "groundtruth_rect.2.txt"
    assert {"Skating2.1", "Human4"} <= {entry.name for entry in load_listing("otb50").sequences}
    assert "Jogging.1" not in {entry.name for entry in load_listing("otb50").sequences}


def test_only_tiger1_starts_late() -> None:
    late = {entry.name: entry.lead_in for entry in load_listing("otb2015").sequences if entry.lead_in}
    assert late == {"Tiger1": 5}


def test_every_attribute_is_one_of_the_header() -> None:
    for name in ("otb2015", "uav123"):
        listing = load_listing(name)
        assert {tag for entry in listing.sequences for tag in entry.attributes} == set(listing.attributes)


def test_names_stay_apart_under_their_keys() -> None:
    for name in packaged_names():
        listing = load_listing(name)
        keys = [
            {name_key(n) for n in (entry.name, *entry.names.values(), *entry.aliases)}
            for entry in listing.sequences
        ]
        assert sum(map(len, keys)) == len(set().union(*keys))


@pytest.mark.parametrize("other", ["Jogging_1", "jogging-1", "JOGGING.1", " Jogging 1"])
def test_name_key(other: str) -> None:
    assert name_key(other) == name_key("Jogging.1")
    assert name_key("Jogging.1") != name_key("Jogging1")


def test_unknown_benchmark_suggests() -> None:
    with pytest.raises(InputError, match=r"no benchmark is named 'otb2105'. Did you mean otb2015"):
        load_listing("otb2105")


def _write(path: Path, **changes: object) -> Path:
    document = {"schema": 1, "benchmark": "otb2015", "sequences": [{"name": "A", "folder": "A"}], **changes}
    path.write_bytes(orjson.dumps(document))
    return path


def test_override_keeps_the_packaged_header(tmp_path: Path) -> None:
    listing = load_listing("otb2015", _write(tmp_path / "otb2015.json"))
    assert [entry.name for entry in listing.sequences] == ["A"]
    assert listing.title == "OTB-2015"
    assert listing.attributes == load_listing("otb2015").attributes


def test_override_may_bring_its_own_header(tmp_path: Path) -> None:
    listing = load_listing(
        "otb2015", _write(tmp_path / "x.json", title="Mine", attributes=["ZZ"], folders=["M"])
    )
    assert (listing.title, listing.attributes, listing.folders) == ("Mine", ("ZZ",), ("M",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequences": [{"name": "A"}]}, "sequences.0.folder: Field required"),
        ({"sequences": [{"name": "A", "folder": "A", "end": 3}]}, "sequences.0.end: Unexpected"),
        (
            {"sequences": [{"name": "A", "folder": "A", "start_frame": "1"}]},
            "sequences.0.start_frame: .*integer",
        ),
        ({"kind": "mot"}, "kind: "),
        ({"schema": 2}, "schema: "),
        ({"sequences": [{"name": "A-1", "folder": "A"}, {"name": "a.1", "folder": "B"}]}, "lists a-1 twice"),
        ({"sequences": [{"name": "A", "folder": "../A"}]}, "sequences.0.folder: .*outside"),
        ({"sequences": [{"name": "../A", "folder": "A"}]}, "sequences.0.name: .*outside"),
        (
            {"sequences": [{"name": "A", "folder": "A", "gt_file": "/etc/passwd"}]},
            "sequences.0.gt_file: .*outside",
        ),
    ],
)
def test_bad_lists_are_one_clear_line(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_listing("otb2015", _write(tmp_path / "otb2015.json", **changes))
    assert "otb2015.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InputError, match=r"x.json"):
        load_listing("otb2015", tmp_path / "x.json")
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(InputError, match=r"x.json is not a JSON object"):
        load_listing("otb2015", tmp_path / "x.json")


def test_packaged_lists_agree_with_the_shared_facts(shared: Path) -> None:
    for name, file in (
        ("otb2015", "OTB2015"),
        ("otb2013", "OTB2013"),
        ("tc128", "TC128"),
        ("uav123", "UAV123"),
    ):
        facts = orjson.loads((shared / "benchmarks" / f"{file}.json").read_bytes())["sequences"]
        ours = load_listing(name).sequences
        assert [(e.name, e.folder, e.gt_file, e.image, e.start_frame, e.end_frame) for e in ours] == [
            (f["name"], f["folder"], f["gt_file"], f["image"], f["start_frame"], f["end_frame"])
            for f in facts
        ]
        assert [list(e.attributes) for e in ours] == [f.get("attributes", []) for f in facts]
        assert [[list(r) for r in e.init_omit] for e in ours] == [
            f.get("init_omit_ranges", []) for f in facts
        ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"image": "img/%s.jpg"}, "image: String should match"),
        ({"image": "img/%999999999d.jpg"}, "image: String should match"),
        ({"image": "img/%04d%04d.jpg"}, "image: String should match"),
        ({"image": "../%04d.jpg"}, "image: .*outside"),
        ({"name": "a\x1b[31m"}, "name: .*cannot be printed"),
        ({"name": "a\0"}, "name: .*cannot be printed"),
        ({"names": {"matlab": "../../a"}}, "names.matlab: .*outside"),
        ({"end_frame": 10**15}, "end_frame: Input should be less than or equal to 1000000"),
        ({"end_frame": 0}, "out of order"),
        ({"end_frame": 9, "ope_start_frame": 12}, "out of order"),
        ({"start_frame": 9, "ope_start_frame": 2}, "out of order"),
    ],
)
def test_an_entry_leads_nowhere_else_and_asks_for_no_more_than_there_can_be(
    tmp_path: Path, entry: dict[str, object], message: str
) -> None:
    path = _write(tmp_path / "otb2015.json", sequences=[{"name": "A", "folder": "A", **entry}])
    with pytest.raises(InputError, match=message):
        load_listing("otb2015", path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequences": "Basketball"}, "sequences: Input should be a valid"),
        ({"sequences": ["Basketball", "Basketball"]}, "lists basketball twice"),
        ({"sequences": ["none"]}, "no sequence of otb2015 is named"),
        ({"subset_of": 7}, "subset_of: Input should be a valid string"),
        ({"subset_of": "otb2105"}, "no benchmark is named 'otb2105'"),
        ({"subset_of": "x.json"}, "subset_of: String should match"),
        ({"title": None}, "title: Input should be a valid string"),
    ],
)
def test_a_choice_that_is_none_is_one_clear_line(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = _write(
        tmp_path / "x.json", **{"subset_of": "otb2015", "title": "Mine", "sequences": ["Deer"], **changes}
    )
    with pytest.raises(InputError, match=message):
        load_listing("otb2015", path)


def test_a_list_that_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "otb2015.json")
    with pytest.raises(InputError, match=r"otb2015\.json is not a plain file"):
        load_listing("otb2015", tmp_path / "otb2015.json")
    (tmp_path / "large.json").write_bytes(b" " * (LIMIT + 1))
    with pytest.raises(InputError, match=r"more than the 262,144"):
        load_listing("otb2015", tmp_path / "large.json")
