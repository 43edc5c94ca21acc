"""Annotation and imdb at the size of LaSOT: `python -m tests.bench.lasot_boxes --boxes LaSOT_annos.tar.xz`.

Reads the published boxes and absent flags of all 1,400 videos (3.5 M rows; in the archive of LaSOT's toolkit) as the
annotate stage does, without their images: every frame is taken for one and the same picture, and no manifest is
compared. Crops are made up, as `tests.bench.index` does. Measures, each step in a fresh process, at a quarter, a half
and all of it:

- annotate, with one process: seconds, bytes of the tracks, memory at the peak
- imdb: the same of building it, and of loading it into a process that trains
"""

from __future__ import annotations

import shutil
import statistics
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import CropIndex, save_crop_index
from curation.digests.file_groups import Folder
from curation.documents.annotated_tracks import Tracks, VideoTracks, read_tracks, write_tracks
from curation.imdb import load_imdb, split_file
from curation.layouts.lasot_layout import FILES, LASOT
from curation.layouts.layout_table import Video, present
from curation.videos.annotations import _fill, _VideoResult
from curation.videos.dataset import PartConfig
from tests.bench.frame import LASOT_BOXES, fresh, options, show, table, take_turns, timed
from tests.bench.index import build, made_up
from tests.bench.memory import megabytes

PART = "lasot"
PICTURE = "picture.jpg"


@dataclass(frozen=True)
class Pictured(Folder):
    """A folder of so many frames, all of which are one picture."""

    frames: int = 0
    picture: Path = Path()

    def names(self) -> list[str]:
        return [f"{number:08d}.jpg" for number in range(1, self.frames + 1)]

    def path_of(self, _name: str) -> Path:
        return self.picture


def unpack(archive: Path, folder: Path) -> list[str]:
    """Lay the boxes and flags out as LaSOT does; names of the videos."""
    cv2.imwrite(str(folder / PICTURE), np.zeros((720, 1280, 3), np.uint8))
    with tarfile.open(archive) as tar:
        names = [Path(member.name).stem for member in tar if member.name.startswith("annos/absent/")]
        content = {m.name: stream.read() for m in tar if m.isfile() and (stream := tar.extractfile(m))}
    for name in names:
        video = folder / "tree" / name.rpartition("-")[0] / name
        video.mkdir(parents=True)
        absent = content[f"annos/absent/{name}.txt"].split()
        texts = (content[f"annos/{name}.txt"], b",".join(absent), b",".join([b"0"] * len(absent)))
        for file, text in zip(FILES, texts, strict=True):
            (video / file).write_bytes(text)
    return sorted(names)


def annotate(place: str, videos: int) -> dict[str, float]:
    """In a process of its own: the tracks of the first videos."""
    folder = Path(place)
    before, boxes = megabytes("VmRSS"), 0

    def results() -> Iterator[tuple[str, VideoTracks]]:
        nonlocal boxes
        paths = sorted((folder / "tree").glob("*/*"), key=lambda path: path.name)[:: -(-1400 // videos)]
        for path in paths:
            rows = (path / FILES[0]).read_bytes().count(b"\n")
            images = Pictured(path / "img", (".jpg",), frames=rows, picture=folder / PICTURE)
            video = Video(path.name, images, present(*(path / file for file in FILES)), PART, "lasot")
            contents = {file: (path / file).read_bytes() for file in FILES}
            result = _VideoResult(path.name)
            _fill(
                result,
                video,
                set(video.frames()),
                LASOT.parse(video, contents),
                PartConfig(layout="lasot"),
                True,
            )
            if result.tracks:
                boxes += len(result.tracks.frame)
                yield path.name, result.tracks

    written = folder / f"annotations/{PART}.json"
    seconds = timed(lambda: write_tracks(written, Tracks(PART, {}), results()))
    return {"boxes": boxes, "s": seconds, "MB": written.stat().st_size / 1e6, **memory(before)}


def memory(before: float) -> dict[str, float]:
    """Of this process: the most it had beside what it had `before`, and the most as a whole."""
    return {"peak MB": megabytes("VmHWM") - before, "whole MB": megabytes("VmHWM")}


def make_up_crops(place: str) -> None:
    """A crop of each box."""
    folder, random = Path(place), np.random.default_rng(1)
    crops = {}
    for name, tracks in read_tracks(folder / f"annotations/{PART}.json").videos.items():
        crops[name] = made_up(random, tracks.frame.tolist(), [0] * len(tracks.frame))
    shutil.rmtree(folder / "crops", ignore_errors=True)
    save_crop_index(folder / "crops" / PART, CropIndex(PART, CropConfig(), crops))


def build_imdb(place: str) -> dict[str, float]:
    """In a process of its own: both imdb files, of which the one for training has everything."""
    before = megabytes("VmRSS")
    seconds = timed(partial(build, Path(place), [PART], 1))
    size = split_file(Path(place) / "imdb", "train").stat().st_size / 1e6
    return {"s": seconds, "MB": size, **memory(before)}


def load(place: str) -> dict[str, float]:
    """In a process of its own: what a training loads; once, from JSON."""
    before = megabytes("VmRSS")
    kept: list[Any] = []
    seconds = timed(lambda: kept.append(load_imdb(split_file(Path(place) / "imdb", "train"))))
    return {"s": seconds, "resident MB": megabytes("VmRSS") - before, **memory(before)}


def main() -> None:
    chosen = options(
        __doc__,
        ("--boxes", LASOT_BOXES, "where the archive is", {}),
        ("--rounds", 3, "measurements of each", {}),
        ("--videos", [350, 700, 1400], "how many of the 1,400 videos", {"type": int, "nargs": "*"}),
    )
    if not chosen.boxes.is_file():
        show(f"not measured: there is no {chosen.boxes}")
        return
    columns = ("s", "MB", "resident MB", "peak MB", "whole MB")
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench_lasot_") as name:
        unpack(chosen.boxes, Path(name))
        for videos in chosen.videos:
            steps: dict[str, Callable[[], dict[str, float]]] = {
                "annotate": partial(fresh, "tests.bench.lasot_boxes:annotate", name, videos),
                "imdb": partial(fresh, "tests.bench.lasot_boxes:build_imdb", name),
                "load": partial(fresh, "tests.bench.lasot_boxes:load", name),
            }
            boxes = 0.0
            for step, call in steps.items():
                found = take_turns({step: call}, chosen.rounds)[step]
                middle = {key: statistics.median(turn[key] for turn in found) for key in found[0]}
                boxes = middle.pop("boxes", boxes)
                numbers = (f"{middle[key]:.2f}" if key in middle else "" for key in columns)
                rows.append([f"{videos:,} videos", f"{boxes:,.0f} boxes", step, *numbers])
                if step == "annotate":
                    make_up_crops(name)
    show("memory beside what the process has before, and of the whole process, MB; bytes of the file, MB")
    table(["", "", "", *columns], *rows)


if __name__ == "__main__":
    main()
