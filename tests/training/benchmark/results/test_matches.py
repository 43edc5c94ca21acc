from pathlib import Path

import pytest

from tests.training.benchmark.builders import benchmark, sequence, still
from training.benchmark.results.matches import (
    likely_benchmark,
    match_files,
    result_files,
    strangers,
    tracker_of,
)
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import load_listing


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


@pytest.fixture
def bench() -> Benchmark:
    """All of OTB-100, without its data."""
    return benchmark(
        [
            sequence(entry.name, still(1), names=entry.names, aliases=entry.aliases)
            for entry in load_listing("otb2015").sequences
        ]
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jogging.1.txt", "Jogging.1"),
        ("jogging-1.txt", "Jogging.1"),
        ("Jogging_1.txt", "Jogging.1"),
        ("Human4.txt", "Human4"),
        ("Human4_2.txt", "Human4"),
        ("human4.2.txt", "Human4"),
        ("faceocc1.txt", "FaceOcc1"),
        ("fleetface.txt", "FleetFace"),
    ],
)
def test_spellings(bench: Benchmark, name: str, expected: str) -> None:
    assert list(match_files(paths(name), bench).files) == [expected]


@pytest.mark.parametrize(
    "names",
    [
        (
            "basketball_KCF_GaussHog.mat",
            "jogging-1_KCF_GaussHog.mat",
            "Human4.2_KCF_GaussHog.mat",
            "dog1_KCF_GaussHog.mat",
        ),
        ("tpl_Basketball.txt", "tpl_Jogging_1.txt", "tpl_Human4_2.txt", "tpl_Dog1.txt"),
        (
            "results_Basketball_v2.txt",
            "results_jogging-1_v2.txt",
            "results_Human4_v2.txt",
            "results_Dog1_v2.txt",
        ),
    ],
)
def test_common_prefixes_and_suffixes(bench: Benchmark, names: tuple[str, ...]) -> None:
    matched = match_files(paths(*names), bench)
    assert set(matched.files) == {"Basketball", "Jogging.1", "Human4", "Dog1"}
    assert not matched.others


def test_one_name_inside_another(bench: Benchmark) -> None:
    """Car1 and Car1 with something behind it; Dog and Dog1."""
    matched = match_files(paths("Car1_X.txt", "Dog_X.txt", "Dog1_X.txt"), bench)
    assert {name: path.name for name, path in matched.files.items()} == {
        "Car1": "Car1_X.txt",
        "Dog": "Dog_X.txt",
        "Dog1": "Dog1_X.txt",
    }


def said(files: list[Path], bench: Benchmark) -> tuple[list[str], list[str]]:
    matched = match_files(files, bench)
    return strangers(matched.others, matched.files, bench)


def test_misspelt_names_are_suggested(bench: Benchmark) -> None:
    every = [
        path
        for name in load_listing("otb2015").sequences
        if name.name != "Basketball"
        for path in paths(f"{name.name}.txt")
    ]
    assert said([*every, Path("Baskteball.txt"), Path("readme.txt")], bench) == (
        ["Baskteball.txt belongs to no sequence of OTB-2015; did you mean Basketball?"],
        ["readme.txt"],
    )
    assert said(every, bench) == ([], [])


def test_misspelt_names_are_suggested_in_spite_of_a_suffix(bench: Benchmark) -> None:
    names = [f"{entry.name}_KCF.mat" for entry in load_listing("otb2015").sequences[:-1]]
    assert said(paths(*names, "Womann_KCF.mat", "zzz_KCF.mat"), bench) == (
        ["Womann_KCF.mat belongs to no sequence of OTB-2015; did you mean Woman?"],
        ["zzz_KCF.mat"],
    )


@pytest.mark.parametrize("suffix", ["", "_KCF"])
def test_sequences_of_a_larger_list_are_no_misspellings(suffix: str) -> None:
    small = benchmark([sequence("Skating1", still(1)), sequence("Deer", still(1))])
    files = paths(f"Deer{suffix}.txt", f"Skating2_1{suffix}.txt", f"Dog1{suffix}.txt")
    assert said(files, small) == ([], [])


def test_two_files_for_one_sequence_are_named(bench: Benchmark) -> None:
    matched = match_files(paths("Deer.txt", "deer.json", "Human4.txt", "Human4-2.txt", "Dog.txt"), bench)
    assert matched.doubles == [
        "Deer has 2 files: Deer.txt, deer.json",
        "Human4 has 2 files: Human4.txt, Human4-2.txt",
    ]


@pytest.mark.parametrize(
    ("stem", "tracker"),
    [("jogging-1_KCF_Gauss", "KCF_Gauss"), ("Dog1_KCF", "KCF"), ("Dog", ""), ("notes", None), ("Dogs", None)],
)
def test_the_tracker_in_a_files_name(stem: str, tracker: str | None) -> None:
    assert tracker_of(Path(f"{stem}.mat"), ["dog", "dog1", "jogging-1"]) == tracker


def test_whose_results_these_are() -> None:
    uav = ("uav123", "UAV123", {"bike1", "car1-s", "wakeboard1"})
    assert likely_benchmark(paths("bike1.txt", "car1_s.txt", "wakeboard1.txt")) == uav
    for names, expected in (
        (("Airport_ce_CN2.txt", "Baby_ce_CN2.txt"), ("tc128", "Temple-Color-128")),
        (("Basketball.txt", "Twinnings.txt"), ("otb2015", "OTB-2015")),
    ):
        found = likely_benchmark(paths(*names))
        assert found is not None
        assert (found[:2], len(found[2])) == (expected, 2)
    assert likely_benchmark(paths("x.txt")) is None


def test_times_are_no_results(tmp_path: Path) -> None:
    for name in ("Deer.txt", "Deer_time.txt", "Deer.mat", "notes.md", "Deer_times.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in result_files(tmp_path)] == ["Deer.mat", "Deer.txt"]
