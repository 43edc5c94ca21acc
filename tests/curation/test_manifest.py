"""The manifest: same content, same bytes; every change noticed; nothing read without need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.digests import contents
from curation.digests.checksums import checksum
from curation.documents.manifest_record import Manifest, load_manifest
from curation.errors import InputError
from curation.layouts.vid_layout import SUBSETS
from curation.manifest import SequenceFiles, first_frames, record, scan, scan_sequences
from curation.parallel import Workers, run_in_order
from curation.videos.dataset import open_dataset
from tests.curation.trees import RENAMED, UNPACKED, frame_xml, object_xml, write_tree, write_video

ONE = Workers(jobs=1)
OLD = 1_500_000_000_000_000_000


def age(root: Path, mtime_ns: int = OLD) -> None:
    """Set every file's time, far enough back for the cache to trust it."""
    for path in root.rglob("*"):
        os.utime(path, ns=(mtime_ns, mtime_ns))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "tree")
    age(root)
    return root


def manifest(
    root: Path, state: Path, subset: str = "a", *, strict: bool = False, jobs: int = 1
) -> dict[str, Any]:
    """The document, as it is written."""
    found = scan(open_dataset(root), subset, state=state, strict=strict, workers=Workers(jobs=jobs))
    return dict(orjson.loads(found.encoded()))


def listed(root: Path, state: Path) -> Manifest:
    return scan(open_dataset(root), "a", state=state, strict=False, workers=ONE)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose content was digested, as they are read."""
    names: list[str] = []
    real = contents._read

    def spying(group: Any, files: Any) -> Any:
        names.extend(file.name for file in files)
        return real(group, files)

    monkeypatch.setattr(contents, "_read", spying)
    return names


def test_form(tree: Path, tmp_path: Path) -> None:
    document = manifest(tree, tmp_path / "state")
    assert {key: document[key] for key in ("schema", "kind", "subset")} == {
        "schema": 1,
        "kind": "vid",
        "subset": "a",
    }
    assert list(document["videos"]) == ["ILSVRC2015_video_a0000", "ILSVRC2015_video_a0001"]
    images = tree / "Data" / "VID" / UNPACKED["a"] / "ILSVRC2015_video_a0000"
    entry = document["videos"]["ILSVRC2015_video_a0000"]
    assert entry["frames"] == 3
    assert entry["bytes"] == sum(path.stat().st_size for path in images.iterdir())
    assert len({e[key] for e in document["videos"].values() for key in ("images", "annotations")}) == 4 - 1
    # The two videos differ in images; their annotations are equal, and so are the digests of those.


def test_path_times_layout_and_workers_change_nothing(tree: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "ILSVRC2015"
    shutil.copytree(tree, elsewhere)
    age(elsewhere, OLD + 12_345)
    renamed = write_tree(tmp_path / "renamed", layout=RENAMED)
    (tmp_path / "link").symlink_to(tree)
    for subset in SUBSETS:
        first = manifest(tree, tmp_path / "state", subset)
        assert manifest(elsewhere, tmp_path / "state", subset) == first
        assert manifest(renamed, tmp_path / "state", subset) == first
        assert manifest(tmp_path / "link", tmp_path / "state", subset) == first
        assert manifest(tree, tmp_path / "other", subset, jobs=2) == first


@pytest.mark.parametrize(
    ("speed", "again"), [("GROUPS_A_SECOND", 2), ("BYTES_A_SECOND", 1)], ids=["many videos", "long videos"]
)
def test_much_is_scanned_by_many_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: str, again: int
) -> None:
    used = []

    def run(*given: Any, workers: Workers, **options: Any) -> Any:
        used.append(workers.jobs)
        return run_in_order(*given, workers=workers, **options)

    monkeypatch.setattr(contents, speed, 1)
    monkeypatch.setattr(contents, "run_in_order", run)
    for number in range(3):
        write_video(tmp_path / "tree", "a", f"v{number:03d}", 2)
    age(tmp_path / "tree")
    first = manifest(tmp_path / "tree", tmp_path / "one")
    assert manifest(tmp_path / "tree", tmp_path / "two", jobs=2) == first
    assert manifest(tmp_path / "tree", tmp_path / "two", jobs=2) == first  # from the state
    assert used == [1, 2, again]


def test_an_unchanged_scan_reads_nothing(tree: Path, tmp_path: Path, read: list[str]) -> None:
    first = manifest(tree, tmp_path / "state")
    assert len(read) == 2 * 3 * 2  # videos, frames, images and annotations
    read.clear()
    assert manifest(tree, tmp_path / "state") == first
    assert read == []


def test_only_the_changed_video_is_read(tree: Path, tmp_path: Path, read: list[str]) -> None:
    first = manifest(tree, tmp_path / "state")
    read.clear()
    images = tree / "Data" / "VID" / UNPACKED["a"] / "ILSVRC2015_video_a0001"
    (images / "000001.JPEG").write_bytes(b"another image of another size")
    second = manifest(tree, tmp_path / "state")
    assert len(read) == 3 * 2
    assert second["videos"]["ILSVRC2015_video_a0000"] == first["videos"]["ILSVRC2015_video_a0000"]
    changed, before = (d["videos"]["ILSVRC2015_video_a0001"] for d in (second, first))
    assert changed["images"] != before["images"]
    assert changed["annotations"] == before["annotations"]


def edit_annotation(images: Path, annotations: Path) -> None:
    (annotations / "000001.xml").write_bytes(frame_xml([object_xml(0), object_xml(1)]))


def edit_same_size(images: Path, annotations: Path) -> None:
    content = (images / "000001.JPEG").read_bytes()
    (images / "000001.JPEG").write_bytes(content[::-1])


def add_frame(images: Path, annotations: Path) -> None:
    shutil.copy2(images / "000001.JPEG", images / "000003.JPEG")
    shutil.copy2(annotations / "000001.xml", annotations / "000003.xml")


def delete_frame(images: Path, annotations: Path) -> None:
    (images / "000002.JPEG").unlink()


def delete_annotation(images: Path, annotations: Path) -> None:
    (annotations / "000002.xml").unlink()


def rename_frame(images: Path, annotations: Path) -> None:
    (images / "000002.JPEG").rename(images / "000009.JPEG")


def swap_frames(images: Path, annotations: Path) -> None:
    (images / "000000.JPEG").rename(images / "spare")
    (images / "000001.JPEG").rename(images / "000000.JPEG")
    (images / "spare").rename(images / "000001.JPEG")
    os.utime(images / "000000.JPEG", ns=(OLD + 1, OLD + 1))


def rename_video(images: Path, annotations: Path) -> None:
    images.rename(images.with_name("renamed"))
    annotations.rename(annotations.with_name("renamed"))


def delete_video(images: Path, annotations: Path) -> None:
    shutil.rmtree(images)
    shutil.rmtree(annotations)


def add_video(images: Path, annotations: Path) -> None:
    shutil.copytree(images, images.with_name("added"))
    shutil.copytree(annotations, annotations.with_name("added"))


@pytest.mark.parametrize(
    "change",
    [
        edit_annotation,
        edit_same_size,
        add_frame,
        delete_frame,
        delete_annotation,
        rename_frame,
        swap_frames,
        rename_video,
        delete_video,
        add_video,
    ],
)
def test_every_change_is_noticed_and_undoing_it_restores_the_bytes(
    tree: Path, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(tree, kept)
    before = manifest(tree, tmp_path / "state")
    video = Path("VID") / UNPACKED["a"] / "ILSVRC2015_video_a0001"
    change(tree / "Data" / video, tree / "Annotations" / video)
    after = manifest(tree, tmp_path / "state")
    assert after != before
    assert after == manifest(tree, tmp_path / "state", strict=True)
    shutil.rmtree(tree)
    kept.rename(tree)
    assert manifest(tree, tmp_path / "state") == before


def test_touching_a_file_changes_no_byte(tree: Path, tmp_path: Path, read: list[str]) -> None:
    first = manifest(tree, tmp_path / "state")
    read.clear()
    age(tree, OLD + 1)
    assert manifest(tree, tmp_path / "state") == first
    assert read


def test_an_edit_that_hides_from_stat_is_found_by_a_strict_scan(tree: Path, tmp_path: Path) -> None:
    first = manifest(tree, tmp_path / "state")
    image = tree / "Data" / "VID" / UNPACKED["a"] / "ILSVRC2015_video_a0001" / "000001.JPEG"
    image.write_bytes(image.read_bytes()[::-1])
    os.utime(image, ns=(OLD, OLD))
    assert manifest(tree, tmp_path / "state") == first
    strict = manifest(tree, tmp_path / "state", strict=True)
    assert strict != first
    assert manifest(tree, tmp_path / "state") == strict  # and it is remembered


def test_an_edit_right_after_a_scan_is_noticed_even_if_the_clock_stands_still(
    tree: Path, tmp_path: Path
) -> None:
    image = tree / "Data" / "VID" / UNPACKED["a"] / "ILSVRC2015_video_a0001" / "000001.JPEG"
    image.write_bytes(b"first")
    time_ns = image.stat().st_mtime_ns
    first = manifest(tree, tmp_path / "state")
    image.write_bytes(b"other")
    os.utime(image, ns=(time_ns, time_ns))
    assert manifest(tree, tmp_path / "state") != first


def test_a_damaged_or_missing_state_costs_only_time(tree: Path, tmp_path: Path, read: list[str]) -> None:
    first = manifest(tree, tmp_path / "state")
    (state,) = (tmp_path / "state").glob("*.json")
    for content in (
        b"",
        b"\x00" * 100,
        state.read_bytes()[:-20],
        state.read_bytes().replace(b'"frames":3', b'"frames":4'),
    ):
        read.clear()
        state.write_bytes(content)
        assert manifest(tree, tmp_path / "state") == first
        assert read
    shutil.rmtree(tmp_path / "state")
    assert manifest(tree, tmp_path / "state") == first


def test_a_failing_scan_keeps_what_it_had_read(tree: Path, tmp_path: Path, read: list[str]) -> None:
    (tree / "Data" / "VID" / UNPACKED["a"] / "ILSVRC2015_video_a0001" / "000001.JPEG").unlink()
    fault = tree / "Data" / "VID" / UNPACKED["a"] / "ILSVRC2015_video_a0001" / "000001.JPEG"
    fault.symlink_to("nowhere")
    with pytest.raises(InputError, match=r"cannot read .*000001\.JPEG"):
        manifest(tree, tmp_path / "state")
    fault.unlink()
    read.clear()
    manifest(tree, tmp_path / "state")
    assert len(read) == 2 + 3  # only the second video


def scan_in_process(arguments: tuple[Path, Path]) -> dict[str, Any]:
    return manifest(*arguments)


def test_concurrent_scans_agree(tree: Path, tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        documents = list(pool.map(scan_in_process, [(tree, tmp_path / "state")] * 8))
    assert all(document == documents[0] for document in documents)
    assert manifest(tree, tmp_path / "state") == documents[0]
    assert len(list((tmp_path / "state").glob("*.json"))) == 1
    assert not list((tmp_path / "state").glob(".*")), "no temporary file is left"


def test_sequences(tmp_path: Path) -> None:
    for name in ("Car", "Dog"):
        (tmp_path / name / "img").mkdir(parents=True)
        for number in range(3):
            (tmp_path / name / "img" / f"{number:04d}.jpg").write_bytes(f"{name}{number}".encode())
        (tmp_path / name / "groundtruth_rect.txt").write_bytes(b"1,2,3,4\n")

    def sequences(root: Path, frames: int = 3) -> list[SequenceFiles]:
        return [
            SequenceFiles(
                name,
                [root / name / "img" / f"{n:04d}.jpg" for n in range(frames)],
                [root / name / "groundtruth_rect.txt"],
            )
            for name in ("Car", "Dog")
        ]

    def scanned(root: Path, frames: int = 3) -> dict[str, Any]:
        found = scan_sequences(
            "otb2013", sequences(root, frames), state=tmp_path / "state", strict=False, workers=ONE
        )
        return dict(orjson.loads(found.encoded()))

    first = scanned(tmp_path)
    assert (first["schema"], first["kind"], first["benchmark"]) == (1, "sequences", "otb2013")
    assert list(first["sequences"]) == ["Car", "Dog"]
    assert first["sequences"]["Car"]["frames"] == 3
    assert first["sequences"]["Car"]["bytes"] == 3 * len("Car0")
    assert scanned(tmp_path) == first
    shutil.copytree(tmp_path / "Car", tmp_path / "there" / "Car")
    shutil.copytree(tmp_path / "Dog", tmp_path / "there" / "Dog")
    assert scanned(tmp_path / "there") == first
    assert scanned(tmp_path, frames=2) != first
    (tmp_path / "Dog" / "groundtruth_rect.txt").write_bytes(b"1,2,3,5\n")
    changed = scanned(tmp_path)
    assert changed["sequences"]["Car"] == first["sequences"]["Car"]
    assert changed["sequences"]["Dog"]["annotations"] != first["sequences"]["Dog"]["annotations"]
    assert changed["sequences"]["Dog"]["images"] == first["sequences"]["Dog"]["images"]
    (tmp_path / "Dog" / "img" / "0001.jpg").unlink()
    with pytest.raises(InputError, match=r"Dog/img/0001\.jpg"):
        scanned(tmp_path)


def test_first_frames_by_content(tmp_path: Path) -> None:
    listed = []
    for name, numbers in {"Car": (2, 10), "Dog": (1, 2)}.items():
        paths = [tmp_path / name / f"{number}.jpg" for number in sorted(numbers, key=str)]
        paths[0].parent.mkdir()
        for path in paths:
            path.write_bytes(f"{name} {path.stem}".encode())
        listed.append(SequenceFiles(name, paths, []))
    found = scan_sequences("otb2013", listed, state=tmp_path / "state", strict=False, workers=ONE)
    by_name = {"Car": checksum(b"Car 10"), "Dog": checksum(b"Dog 1")}
    assert first_frames(found, state=tmp_path / "state") == by_name
    naturally = {"Car": checksum(b"Car 2"), "Dog": checksum(b"Dog 1")}
    assert first_frames(found, state=tmp_path / "state", natural_order=True) == naturally
    shutil.rmtree(tmp_path / "state")
    assert first_frames(found, state=tmp_path / "state") == {}


def test_no_sequences_make_an_empty_manifest(tmp_path: Path) -> None:
    assert scan_sequences("otb2013", [], state=tmp_path, strict=False, workers=ONE).entries == {}


def test_recording_writes_only_what_changed(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "manifest" / "a.json"
    first = record(path, lambda: listed(tree, tmp_path / "state"))
    assert (first.changed, first.kept) == (True, False)
    assert load_manifest(path) == listed(tree, tmp_path / "state")
    os.utime(path, ns=(OLD, OLD))
    again = record(path, lambda: listed(tree, tmp_path / "state"))
    assert (again.changed, again.kept) == (False, False)
    assert path.stat().st_mtime_ns == OLD


def test_the_record_is_kept_where_the_raw_data_is_absent(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "manifest" / "a.json"
    record(path, lambda: listed(tree, tmp_path / "state"))
    content = path.read_bytes()
    shutil.rmtree(tree)
    kept = record(path, lambda: listed(tree, tmp_path / "state"))
    assert (kept.changed, kept.kept) == (False, True)
    assert "raw data is absent" in kept.note
    assert str(tree) in kept.note
    assert path.read_bytes() == content


def test_without_raw_data_and_without_a_record_nothing_can_be_kept(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no manifest on record .*a\.json.*dvc pull"):
        record(tmp_path / "a.json", lambda: listed(tmp_path / "absent", tmp_path / "state"))
    (tmp_path / "a.json").write_bytes(b'{"schema":1,"ki')
    with pytest.raises(InputError, match=r"a\.json is not whole JSON"):
        record(tmp_path / "a.json", lambda: listed(tmp_path / "absent", tmp_path / "state"))


def test_a_subset_lost_from_a_root_that_is_there_is_an_error(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    record(path, lambda: listed(tree, tmp_path / "state"))
    shutil.rmtree(tree / "Data" / "VID" / UNPACKED["a"])
    with pytest.raises(InputError, match="subset a has no videos"):
        record(path, lambda: listed(tree, tmp_path / "state"))


def test_the_bytes_hold_neither_path_nor_time(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    record(path, lambda: listed(tree, tmp_path / "state"))
    content = path.read_bytes()
    assert str(tmp_path).encode() not in content
    assert str(OLD)[:6].encode() not in content
    assert orjson.loads(content)["videos"]
