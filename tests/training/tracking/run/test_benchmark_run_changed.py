"""A frame or an annotation that differs between the manifest and tracking: no result is kept under the key."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.digests.checksums import CHANGED
from curation.errors import InputError
from curation.parallel import Workers
from tests.training.tracking.scenes import manifest_of, moving_target
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.tracking.baselines import StillTracker, TemplateTracker
from training.tracking.run import benchmark_run as module
from training.tracking.run.benchmark_run import Contender, run_benchmark

ONE = Workers(jobs=1)
TEMPLATE = Contender("template", TemplateTracker, "1")
STILL = Contender("still", StillTracker, "2")


class Tracked:
    """Two sequences of OTB's kind on disk, and what the manifest says of them as they are now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for number, name in enumerate(("Deer", "Car4")):
            frames, boxes = moving_target(8, seed=number, start=(40, 40))
            images = folder / "data" / name / "img"
            images.mkdir(parents=True)
            for index, frame in enumerate(frames, start=1):
                cv2.imwrite(str(images / f"{index:04d}.jpg"), frame)
            np.savetxt(
                folder / "data" / name / "groundtruth_rect.txt", boxes + np.array([1, 1, 0, 0]), "%g", ","
            )
        listed = [
            {
                "name": name,
                "folder": name,
                "gt_file": "groundtruth_rect.txt",
                "image": "img/%04d.jpg",
                "start_frame": 1,
            }
            for name in ("Deer", "Car4")
        ]
        facts = {
            "schema": 1,
            "benchmark": "otb2013",
            "title": "Two",
            "kind": "ope",
            "folders": [],
            "attributes": [],
        }
        (folder / "data" / "otb2013.json").write_text(json.dumps({**facts, "sequences": listed}))
        self.manifest = manifest_of(self.load(), folder / "state")

    def load(self) -> Benchmark:
        return load_benchmark("otb2013", [self.folder / "data"])

    def frame(self, number: int, name: str = "Car4") -> Path:
        return self.folder / "data" / name / "img" / f"{number:04d}.jpg"

    @property
    def truth(self) -> Path:
        return self.folder / "data" / "Car4" / "groundtruth_rect.txt"

    def track(
        self, benchmark: Benchmark | None = None, *, store: str = "store", starts=None
    ) -> dict[str, bytes]:
        out = self.folder / "out"
        run_benchmark(
            benchmark or self.load(),
            [TEMPLATE, STILL],
            manifest=self.manifest,
            out=out,
            store=self.folder / store,
            state=self.folder / "state",
            workers=ONE,
            starts=starts,
        )
        return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.*")}

    def refused(self, words: str, benchmark: Benchmark | None = None, **options: str) -> None:
        with pytest.raises(InputError, match=words) as caught:
            self.track(benchmark, **options)
        assert caught.value.reason == CHANGED
        assert "dvc repro" in caught.value.do


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


def other_picture(path: Path) -> bytes:
    kept = path.read_bytes()
    cv2.imwrite(str(path), 255 - cv2.imread(str(path)))
    return kept


@pytest.mark.parametrize("starts", [None, "tre", "sre"])
def test_a_frame_that_differs_while_track_runs_and_is_right_again(
    tracked: Tracked, starts: str | None
) -> None:
    kept = other_picture(tracked.frame(5))
    tracked.refused(r"Car4/img/0005\.jpg is not what the manifest stage read", starts=starts)
    tracked.frame(5).write_bytes(kept)
    assert tracked.track(starts=starts) == tracked.track(starts=starts, store="another store")


def test_frames_that_are_swapped(tracked: Tracked) -> None:
    first, second = tracked.frame(3), tracked.frame(4)
    first.rename(first.with_name("spare"))
    second.rename(first)
    first.with_name("spare").rename(second)
    tracked.refused(r"0003\.jpg is not what the manifest stage read \(1 more files of sequence Car4 differ\)")


def test_what_stat_cannot_see(tracked: Tracked) -> None:
    path = tracked.frame(5)
    times, content = path.stat(), bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    tracked.refused(r"0005\.jpg is not what")


def test_a_frame_that_is_another_each_time_it_is_read(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRE reads every frame many times; once it is right, once it is not."""
    real, times = module.load_image, [0]
    other = tracked.frame(4).read_bytes()

    def load(path: Path, *, do: str) -> bytes:
        if path == tracked.frame(5):
            times[0] += 1
            if times[0] == 3:
                return other
        return real(path, do=do)

    monkeypatch.setattr(module, "load_image", load)
    tracked.refused(r"0005\.jpg changed while it was read", starts="sre")


def test_an_annotation_that_differed_when_the_benchmark_was_opened(tracked: Tracked) -> None:
    kept = tracked.truth.read_bytes()
    lines = kept.decode().splitlines()
    tracked.truth.write_text("\n".join([*lines[:-1], "1,1,9,9"]) + "\n")
    opened = tracked.load()
    tracked.truth.write_bytes(kept)
    tracked.refused(r"Car4/groundtruth_rect\.txt is not what the manifest stage read", opened)
    tracked.track()


def test_finished_sequences_are_kept(tracked: Tracked) -> None:
    other_picture(tracked.frame(5))
    tracked.refused("Car4")
    kept = {path.name for path in (tracked.folder / "store").rglob("*.json")}
    assert len(kept) == 1, "Deer by the first tracker"


def test_a_frame_that_nobody_has_to_read_counts_as_well(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those that VOT's supervised run passes over after a failure."""
    monkeypatch.setattr(module, "perform", lambda *_, **__: {"boxes": [[1, 1, 5, 5]], "seconds": [0]})
    other_picture(tracked.frame(8))
    tracked.refused(r"0008\.jpg is not what")


def test_a_frame_cut_short_is_refused_as_in_training(tracked: Tracked) -> None:
    os.truncate(tracked.frame(5), 500)
    tracked.manifest = manifest_of(tracked.load(), tracked.folder / "state")
    with pytest.raises(InputError, match=r"0005\.jpg is cut short after 500 bytes"):
        tracked.track()


def test_a_frame_of_no_list_gives_the_size(tracked: Tracked, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decides the boxes of some starts, so it comes from the frame that is tracked."""
    reads: list[Path] = []
    real = module.load_image
    monkeypatch.setattr(module, "load_image", lambda path, *, do: (reads.append(path), real(path, do=do))[1])
    monkeypatch.setattr("curation.images.image.load_image", None)
    tracked.track(starts="sre")
    assert tracked.frame(1) in reads
