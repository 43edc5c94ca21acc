"""Cropping, side by side in one run: `python -m tests.bench.crops`.

Generates 720p frames of about 119 KB with 1.92 boxes each on average, once with boxes as large as VID's and
once with smaller ones, whose windows need less padding, and measures, taking turns, each in a fresh process:

- plain: the reference's steps, one process (`tests.curation.crops.plain_crops`): XML, decode, mean and padded copy
  of the whole frame per object, both crops, loose files
- ours: the crop stage into an empty store, with one process and with all cores; and with annotate in front; and from
  the same frames and boxes in another layout, MOTChallenge's; and with `crop.decode: reduced`, which gives other pixels
- floor: decode the same frames and encode the same crops, nothing else, one process; as a plain loop, and
  with freed memory kept by the process, as ours does it: the floor that is compared with

Worker pools are started before the clock, as a run over thousands of videos would have them.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.crops.crop_config import CropConfig
from curation.crops.crop_subset import crop_subset
from curation.crops.cutter import FrameCutter
from curation.crops.geometry import centred_window, search_side
from curation.errors import ErrorPolicy
from curation.images.frames import keep_freed_memory, read_frame
from curation.layouts.frame_xml import read_frame as read_annotation
from curation.manifest import scan
from curation.parallel import Workers, run_in_order
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import PartConfig, open_dataset
from tests.bench.frame import CORES, PLAIN, fresh, options, show, table, take_turns, texture, timed
from tests.bench.memory import megabytes
from tests.curation.crops import plain_crops
from tests.curation.trees import frame_xml, object_xml, video_folders

FLOOR = "floor (decode + encode)"

SUBSET = "e"
WIDTH, HEIGHT = 1280, 720
COUNTS = (1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 1, 2, 2, 2, 2, 2, 3, 2, 2, 1, 2)
"""Boxes in each frame of a group: 48 in 25, so 1.92 a frame, as in VID."""

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
WIDTHS = (16, 54, 148, 292, 496, 948, 1280)
HEIGHTS = (16, 46, 116, 236, 383, 648, 720)
"""Box sizes of VID val at 720 lines, 273,348 boxes: quantiles 0.05 to 0.95."""


LAYERS = ((6, 50), (24, 40), (90, 20), (360, 6), (1080, 0.4))


def generate(root: Path, videos: int, frames: int, scale: float) -> None:
    """A VID val tree of moving textures; boxes have VID's sizes, times `scale`, and stay inside the image."""
    random = np.random.default_rng(0)
    for number in range(videos):
        images, xmls = video_folders(root, SUBSET, f"ILSVRC2015_val_{number:08d}")
        scene = texture(random, (HEIGHT, WIDTH + 160), LAYERS)
        rank = np.clip(random.uniform(0, 1, 3) + random.normal(0, 0.1, (2, 3)), 0, 1)  # wide ones are high
        size = np.stack(
            [np.interp(rank[0], QUANTILES, WIDTHS), np.interp(rank[1], QUANTILES, HEIGHTS)], axis=1
        )
        size = np.maximum(size * scale, 4).astype(int)
        room = np.array([WIDTH, HEIGHT]) - size
        corner = random.integers(0, room + 1)
        for frame in range(frames):
            shift = 3 * frame % (scene.shape[1] - WIDTH)
            image = scene[:, shift : shift + WIDTH]
            cv2.imwrite(str(images / f"{frame:06d}.JPEG"), image, [cv2.IMWRITE_JPEG_QUALITY, 66])
            corners = np.concatenate([corner, corner + size - 1], axis=1)[: COUNTS[frame % len(COUNTS)]]
            objects = [object_xml(track, tuple(box)) for track, box in enumerate(corners)]
            (xmls / f"{frame:06d}.xml").write_bytes(frame_xml(objects, size=(WIDTH, HEIGHT)))
            corner = np.clip(corner + random.integers(-5, 6, (3, 2)), 0, room)


def as_mot(tree: Path, root: Path) -> None:
    """The same frames, as hard links, and the same boxes as MOTChallenge's `gt.txt`."""
    for video in open_dataset(tree).videos(SUBSET):
        (root / video.name / "img1").mkdir(parents=True)
        (root / video.name / "gt").mkdir()
        rows = []
        for number, name in video.frames().items():
            os.link(video.images.path_of(name), root / video.name / "img1" / f"{number + 1:06d}.jpg")
            for item in read_annotation(video.annotation(number)).objects:
                x, y, w, h = item.box
                rows.append(f"{number + 1},{item.track + 1},{x + 1},{y + 1},{w},{h},1,1,1\n")
        (root / video.name / "gt" / "gt.txt").write_text("".join(rows))


class Bench:
    """The contenders, on the tree in a folder."""

    def __init__(self, folder: Path, layout: str = "vid") -> None:
        self.folder = folder
        self.dataset = open_dataset(
            folder / ("tree" if layout == "vid" else layout), PartConfig(layout=layout)
        )
        self.policy = ErrorPolicy()
        self.state = folder / f"state_{layout}"
        one = Workers(jobs=1)
        self.manifest = scan(self.dataset, SUBSET, state=self.state, strict=False, workers=one)
        self.annotations, _ = self.annotate(one)
        self.files = sorted((folder / "tree/Data/VID/val").glob("*/*.JPEG"))
        self.crops: dict[Path, list[Any]] = {}

    def annotate(self, workers: Workers) -> Any:
        return annotate_subset(self.dataset, SUBSET, self.manifest, self.policy, workers, state=self.state)

    def objects(self) -> int:
        return sum(len(video.frame) for video in self.annotations.videos.values())

    def cut(self) -> None:
        """Keep the pixels of every crop, for the floor to encode."""
        cutter = FrameCutter()
        for name, video in self.annotations.videos.items():
            for number, box in zip(video.frame.tolist(), video.boxes.tolist(), strict=True):
                file = self.folder / f"tree/Data/VID/val/{name}/{number:06d}.JPEG"
                side = search_side(box[2], box[3], 0.5, 127, 255)
                cutter.open(read_frame(file))
                crop = cutter.cut(centred_window(box, side), 255)
                self.crops.setdefault(file, []).append(crop)

    def plain(self) -> None:
        tree = self.folder / "tree"
        plain_crops.crop_tree(tree / "Annotations/VID/val", tree / "Data/VID/val", self.folder / "loose")

    def ours(self, jobs: int, config: CropConfig | None = None) -> None:
        crop_subset(
            self.dataset,
            SUBSET,
            self.annotations,
            self.manifest,
            config or CropConfig(),
            self.folder / "crops" / SUBSET,
            self.folder / "store",
            self.policy,
            Workers(jobs=jobs),
            state=self.state,
        )

    def annotate_and_ours(self, jobs: int) -> None:
        self.annotate(Workers(jobs=jobs))
        self.ours(jobs)

    def floor(self) -> None:
        for file in self.files:
            cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
            for crop in self.crops[file]:
                cv2.imencode(".jpg", crop, (cv2.IMWRITE_JPEG_QUALITY, 90))

    def kept_floor(self) -> None:
        keep_freed_memory()
        self.floor()


def measure(contender: str, jobs: int, place: str) -> tuple[float, float]:
    """In a process of its own: seconds that a contender takes, and memory in MB, the largest process's."""
    cv2.setNumThreads(1)
    folder = Path(place)
    bench = Bench(folder, "mot" if contender == "mot" else "vid")
    if contender in ("floor", "kept_floor"):
        bench.cut()
    for name in ("loose", "crops", "store"):
        shutil.rmtree(folder / name, ignore_errors=True)
    pool = Workers(jobs=jobs)
    list(run_in_order(megabytes, ["VmHWM:"] * 2 * jobs, workers=pool, label="warm"))
    seconds = timed(
        {
            "plain": bench.plain,
            "ours": lambda: bench.ours(jobs),
            "mot": lambda: bench.ours(jobs),
            "reduced": lambda: bench.ours(jobs, CropConfig(decode="reduced")),
            "annotated": lambda: bench.annotate_and_ours(jobs),
            "floor": bench.floor,
            "kept_floor": bench.kept_floor,
        }[contender]
    )
    return seconds, max(run_in_order(megabytes, ["VmHWM:"] * 2 * jobs, workers=pool, label="peak"))


def main() -> None:
    chosen = options(
        __doc__,
        ("--videos", 6, "videos", {}),
        ("--frames", 50, "frames a video", {}),
        ("--scale", [1.0, 0.4], "size of the boxes, times VID's", {"type": float, "nargs": "*"}),
        ("--rounds", 5, "measurements of each, in turn", {}),
    )
    for scale in chosen.scale:
        with tempfile.TemporaryDirectory(prefix="bench_crops_") as name:
            generate(Path(name) / "tree", chosen.videos, chosen.frames, scale)
            as_mot(Path(name) / "tree", Path(name) / "mot")
            show(f"boxes of {scale:g} times VID's size")
            compare(Path(name), chosen.rounds)


def compare(folder: Path, rounds: int) -> None:
    bench = Bench(folder)
    objects, frames = bench.objects(), len(bench.files)
    size = statistics.mean(file.stat().st_size for file in bench.files)
    show(
        f"{frames} frames {WIDTH}x{HEIGHT}, {size / 1000:.0f} KB each, {objects / frames:.2f} boxes a frame; "
        f"OpenCV {cv2.__version__}, {CORES} cores"
    )
    contenders = {
        PLAIN: ("plain", 1),
        "ours, 1 process": ("ours", 1),
        "ours, layout mot, 1 process": ("mot", 1),
        "ours, decode: reduced, 1 process": ("reduced", 1),
        f"ours, {CORES} processes": ("ours", CORES),
        "ours with annotate, 1 process": ("annotated", 1),
        "floor, plain loop": ("floor", 1),
        FLOOR: ("kept_floor", 1),
    }
    calls = {
        name: partial(fresh, "tests.bench.crops:measure", *what, folder) for name, what in contenders.items()
    }
    found = {name: list(zip(*turns, strict=True)) for name, turns in take_turns(calls, rounds).items()}
    seconds = {name: statistics.median(times) for name, (times, _) in found.items()}
    table(
        ["", "s", "objects/s", "x plain", "x floor", "peak MB"],
        *(
            [
                name,
                f"{mine:.2f}",
                f"{objects / mine:.0f}",
                f"{seconds[PLAIN] / mine:.2f}",
                f"{mine / seconds[FLOOR]:.2f}",
                f"{max(found[name][1]):.0f}",
            ]
            for name, mine in seconds.items()
        ),
    )


if __name__ == "__main__":
    main()
