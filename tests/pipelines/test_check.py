"""The check of dvc.lock on documents of a few stages; `test_team_parts` runs it with the real `dvc`."""

from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path, PurePosixPath

import pytest

from pipelines.__main__ import main
from pipelines.tools.check import Files, Item, Lists, Recorded, faults

LISTS: dict[str, Files] = {}


def folder(path: str, files: dict[str, str], size: int = 0) -> Item:
    """A folder as DVC records it; its list is kept in LISTS."""
    listed = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    digest = md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"
    LISTS[digest] = {PurePosixPath(name): value for name, value in files.items()}
    return Item(PurePosixPath(path), digest, size, len(files))


def file(path: str, digest: str) -> Item:
    return Item(PurePosixPath(path), digest)


def stage(name: str, read: list[Item], made: list[Item], changes: list[str] | None = None) -> Recorded:
    return Recorded(name, read, made, changes or [])


MANIFEST = stage("manifest", [], [folder("data/manifest", {"a.json": "1", "b.json": "2"})])
CROP_A = stage(
    "crop@a", [file("data/manifest/a.json", "1")], [folder("data/crops/a", {"x.tar": "3"}, size=512)]
)
CROP_B = stage(
    "crop@b", [file("data/manifest/b.json", "2")], [folder("data/crops/b", {"y.tar": "4"}, size=1024)]
)
CROPS = folder("data/crops", {"a/x.tar": "3", "b/y.tar": "4"}, size=1536)
IMDB = stage("imdb", [CROPS, file("curation", "code")], [folder("data/imdb", {"i.json": "5"})])
TRAIN = stage("train", [folder("data/imdb", {"i.json": "5"})], [file("models/w", "6")])
ALL = [MANIFEST, CROP_A, CROP_B, IMDB, TRAIN]


def changed(old: Recorded, new: Recorded) -> list[Recorded]:
    return [new if one is old else one for one in ALL]


@pytest.mark.parametrize("lists", [LISTS.get, lambda _: None])
def test_stages_that_have_read_what_was_made_are_up_to_date(lists: Lists) -> None:
    unsure = [] if lists == LISTS.get else ["data/crops"]
    assert faults(ALL, lists) == ([], unsure)


def test_what_was_never_recorded_or_has_changed_is_named() -> None:
    assert faults([stage("train", [], [file("models/w", "")])], LISTS.get)[0] == [
        "train: nothing is recorded of it"
    ]
    assert faults([stage("train", [], [file("models/w", "6")], ["its command", "curation"])], LISTS.get)[
        0
    ] == ["train: changed since it was recorded: its command, curation"]


def test_a_file_or_folder_made_by_another_stage() -> None:
    new = stage("imdb", IMDB.read, [folder("data/imdb", {"i.json": "new"})])
    assert faults(changed(IMDB, new), LISTS.get)[0] == [
        "train: read a version of data/imdb that differs from the recorded output"
    ]


def test_a_file_of_a_folder_with_and_without_its_list() -> None:
    new = stage("manifest", [], [folder("data/manifest", {"a.json": "new", "b.json": "2"})])
    assert faults(changed(MANIFEST, new), LISTS.get)[0] == [
        "crop@a: read a version of data/manifest/a.json that differs from the recorded output"
    ]
    assert faults(changed(MANIFEST, new), lambda _: None)[0] == [
        "data/manifest: not all its files, as recorded, are what was read by crop@a, crop@b"
    ]


def test_a_file_that_two_stages_read_as_different_files() -> None:
    annotate = stage(
        "annotate@a", [file("data/manifest/a.json", "new")], [file("data/annotations/a.json", "7")]
    )
    new = stage("manifest", [], [folder("data/manifest", {"a.json": "new", "b.json": "2"})])
    found = faults([new, annotate, *ALL[1:]], lambda _: None)[0]
    assert found == ["crop@a: read a version of data/manifest/a.json that differs from the recorded output"]


def test_a_folder_of_outputs_with_and_without_their_lists() -> None:
    line = "imdb: read a version of data/crops that differs from the recorded output"
    same_size = stage("crop@a", CROP_A.read, [folder("data/crops/a", {"x.tar": "new"}, size=512)])
    assert faults(changed(CROP_A, same_size), LISTS.get) == ([line], [])
    assert faults(changed(CROP_A, same_size), lambda _: None) == ([], ["data/crops"])
    longer = stage("crop@a", CROP_A.read, [folder("data/crops/a", {"x.tar": "new"}, size=1024)])
    assert faults(changed(CROP_A, longer), lambda _: None) == ([line], ["data/crops"])


def test_a_folder_with_files_that_no_stage_made() -> None:
    crops = folder("data/crops", {"a/x.tar": "3", "b/y.tar": "4", "c/z.tar": "5"}, size=2048)
    more = stage("imdb", [crops], IMDB.made)
    for lists in (LISTS.get, lambda _: None):
        assert faults(changed(IMDB, more), lists)[0] == [
            "imdb: read a version of data/crops that differs from the recorded output"
        ]


def test_parameters_that_are_not_for_this_code_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("track: {recipe: 999}\n")
    assert main(["check"]) == 1
    assert "track.recipe = 999, and this code is recipe" in caplog.text
