"""Cropping, side by side in one run: `python -m tests.bench.crops`.

Generates 720p frames of about 119 KB with 1.92 boxes each on average, and measures, taking turns:

- plain: the reference's steps, one process (`tests.curation.plain_crops`): XML, decode, mean and padded copy
  of the whole frame per object, both crops, loose files
- ours: the crop stage into an empty store, with one process and with all cores; and with annotate in front
- floor: decode the same frames and encode the same crops, nothing else, one process

Worker pools are started before the clock, as a run over thousands of videos would have them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.annotations import annotate_subset
from curation.crops import CropConfig, crop_subset
from curation.cutting import FrameCutter
from curation.dataset import open_dataset
from curation.errors import ErrorPolicy
from curation.frames import read_frame
from curation.geometry import centred_window, search_side
from curation.parallel import Workers, run_in_order
from tests.curation import plain_crops

SUBSET = "e"
WIDTH, HEIGHT = 1280, 720
COUNTS = (1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 1, 2, 2, 2, 2, 2, 3, 2, 2, 1, 2)
"""Boxes in each frame of a group: 48 in 25, so 1.92 a frame, as in VID."""

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
WIDTHS = (16, 54, 148, 292, 496, 948, 1280)
HEIGHTS = (16, 46, 116, 236, 383, 648, 720)
"""Box sizes of VID val at 720 lines, 273,348 boxes: quantiles 0.05 to 0.95."""


def generate(root: Path, videos: int, frames: int, scale: float) -> None:
    """A VID val tree of moving textures; boxes have VID's sizes, times `scale`, and stay inside the image."""
    random = np.random.default_rng(0)
    for number in range(videos):
        name = f"ILSVRC2015_val_{number:08d}"
        images, xmls = (root / tree / "VID" / "val" / name for tree in ("Data", "Annotations"))
        images.mkdir(parents=True)
        xmls.mkdir(parents=True)
        scene = _texture(random)
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
            cv2.imwrite(str(images / f"{frame:06d}.JPEG"), image, [cv2.IMWRITE_JPEG_QUALITY, 75])
            shown = np.concatenate([corner, size], axis=1)[: COUNTS[frame % len(COUNTS)]]
            (xmls / f"{frame:06d}.xml").write_text(_xml(name, frame, shown))
            corner = np.clip(corner + random.integers(-5, 6, (3, 2)), 0, room)


def _texture(random: np.random.Generator) -> Any:
    scene = np.zeros((HEIGHT, WIDTH + 160, 3), np.float32)
    for cells, weight in ((6, 50), (24, 40), (90, 20), (360, 7.5), (1080, 2)):
        noise = random.normal(0, 1, (cells, 2 * cells, 3)).astype(np.float32)
        scene += weight * cv2.resize(noise, (scene.shape[1], HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(scene + 120, 0, 255).astype(np.uint8)


def _xml(name: str, frame: int, boxes: Any) -> str:
    objects = "".join(
        f"<object><trackid>{track}</trackid><name>n02084071</name><bndbox><xmax>{x + w - 1}</xmax>"
        f"<xmin>{x}</xmin><ymax>{y + h - 1}</ymax><ymin>{y}</ymin></bndbox>"
        "<occluded>0</occluded><generated>0</generated></object>"
        for track, (x, y, w, h) in enumerate(boxes)
    )
    return (
        f"<annotation><folder>{name}</folder><filename>{frame:06d}</filename><source><database>bench</database>"
        f"</source><size><width>{WIDTH}</width><height>{HEIGHT}</height></size>{objects}</annotation>"
    )


class Bench:
    """The contenders, on one generated tree."""

    def __init__(self, folder: Path, videos: int, frames: int, scale: float) -> None:
        self.folder = folder
        generate(folder / "tree", videos, frames, scale)
        self.dataset = open_dataset(folder / "tree")
        self.policy = ErrorPolicy()
        self.annotations, _ = annotate_subset(self.dataset, SUBSET, self.policy, Workers(jobs=1))
        self.manifest = {"videos": {name: {"images": "generated"} for name in self.annotations["videos"]}}
        self.config = CropConfig()
        self.objects = sum(
            len(track["frames"]) for video in self.annotations["videos"].values() for track in video["tracks"]
        )
        self.files = sorted((folder / "tree/Data/VID/val").glob("*/*.JPEG"))
        self.cut = self._cut()

    def _cut(self) -> dict[Path, list[Any]]:
        """The pixels of every crop, for the floor to encode."""
        cutter = FrameCutter()
        cut: dict[Path, list[Any]] = {file: [] for file in self.files}
        for name, video in self.annotations["videos"].items():
            for track in video["tracks"]:
                for number, box in zip(track["frames"], track["boxes"], strict=True):
                    file = self.folder / f"tree/Data/VID/val/{name}/{number:06d}.JPEG"
                    side = search_side(box[2], box[3], 0.5, 127, 255)
                    cutter.open(read_frame(file))
                    cut[file].append(cutter.cut(centred_window(box, side), 255))
        return cut

    def plain(self) -> None:
        tree = self.folder / "tree"
        plain_crops.crop_tree(tree / "Annotations/VID/val", tree / "Data/VID/val", self.folder / "loose")

    def ours(self, jobs: int) -> None:
        crop_subset(
            self.dataset,
            SUBSET,
            self.annotations,
            self.manifest,
            self.config,
            self.folder / "crops" / SUBSET,
            self.folder / "store",
            self.policy,
            Workers(jobs=jobs),
        )

    def annotate_and_ours(self, jobs: int) -> None:
        annotate_subset(self.dataset, SUBSET, self.policy, Workers(jobs=jobs))
        self.ours(jobs)

    def floor(self) -> None:
        for file in self.files:
            cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
            for crop in self.cut[file]:
                cv2.imencode(".jpg", crop, (cv2.IMWRITE_JPEG_QUALITY, 90))

    def clear(self) -> None:
        for name in ("loose", "crops", "store"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=8)
    parser.add_argument("--frames", type=int, default=50, help="frames a video")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the boxes, times VID's")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, in turn")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="bench_crops_") as name:
        measure(Bench(Path(name), options.videos, options.frames, options.scale), options.rounds)


def measure(bench: Bench, rounds: int) -> None:
    cores = os.cpu_count() or 1
    size = statistics.mean(file.stat().st_size for file in bench.files)
    show(
        f"{len(bench.files)} frames {WIDTH}x{HEIGHT}, {size / 1000:.0f} KB each, "
        f"{bench.objects / len(bench.files):.2f} boxes a frame; OpenCV {cv2.__version__}, {cores} cores"
    )
    contenders: dict[str, Callable[[], None]] = {
        "plain (reference's steps), 1 process": bench.plain,
        "ours, 1 process": lambda: bench.ours(1),
        f"ours, {cores} processes": lambda: bench.ours(cores),
        "ours with annotate, 1 process": lambda: bench.annotate_and_ours(1),
        "floor (decode + encode), 1 process": bench.floor,
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            bench.clear()
            list(run_in_order(abs, range(2 * cores), workers=Workers(jobs=cores), label="warm"))
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    plain, floor = (
        medians["plain (reference's steps), 1 process"],
        medians["floor (decode + encode), 1 process"],
    )
    show(f"{'':38}{'s':>8}{'objects/s':>11}{'x plain':>9}{'x floor':>9}")
    for name, seconds in medians.items():
        rate = bench.objects / seconds
        show(f"{name:38}{seconds:8.2f}{rate:11.0f}{plain / seconds:9.2f}{seconds / floor:9.2f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    show(f"largest worker: {peak:.0f} MB resident" if peak else "no worker has ended yet")


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
