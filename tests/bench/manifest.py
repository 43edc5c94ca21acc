"""The manifest scan at the size of ILSVRC15 VID: `python -m tests.bench.manifest`.

Generates 4,417 videos of 294 frames (2.6 M files, hard links to tiny ones, removed at the end) and measures,
in one run, taking turns:

- the floor: `os.scandir` and one `stat` a file, one process, nothing else
- an unchanged scan with one process and with all cores
- once each, because they are long: the first scan, which opens and reads every file, and a strict one

Real frames hold about 65 KB, so a first scan of the real data takes, beyond what is shown, the time that the
disk needs for 86 GB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from curation.manifest import scan
from curation.parallel import Workers
from curation.vid.dataset import SUBSETS, open_dataset

SHARE = {"a": 1000, "b": 1000, "c": 1000, "d": 862, "e": 555}
"""Videos of each subset, as published."""

LINKS = 50_000
"""Hard links to one file (ext4 allows 65,000)."""


def generate(root: Path, *, scale: float, frames: int) -> int:
    """Make the tree; return the number of files."""
    sources = root / "sources"
    sources.mkdir()
    made = 0
    source = {"Data": sources, "Annotations": sources}
    for subset in SUBSETS:
        for number in range(max(1, round(SHARE[subset] * scale))):
            for tree, suffix in (("Data", ".JPEG"), ("Annotations", ".xml")):
                folder = root / tree / "VID" / "train" / subset / f"video_{number:08d}"
                folder.mkdir(parents=True)
                for frame in range(frames):
                    if made % LINKS == 0:
                        for kind in source:
                            source[kind] = sources / f"{kind}{made}"
                            source[kind].write_bytes(f"{kind} {made}".encode())
                            os.utime(source[kind], (1_500_000_000, 1_500_000_000))
                    os.link(source[tree], folder / f"{frame:06d}{suffix}")
                    made += 1
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the 4,417 videos")
    parser.add_argument("--frames", type=int, default=294, help="frames a video")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, in turn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_manifest_") as name:
        measure(Path(name), options.scale, options.frames, options.rounds)


def measure(folder: Path, scale: float, frames: int, rounds: int) -> None:
    root = folder / "tree"
    root.mkdir()
    seconds, files = timed(lambda: generate(root, scale=scale, frames=frames))
    out(f"generated {files:,} files in {seconds:.0f} s; {os.cpu_count()} cores")
    every = Workers()
    once: dict[str, float] = {}
    once["first scan, all cores"], _ = timed(lambda: scan_all(root, folder / "state", every))
    once["strict scan, all cores"], _ = timed(lambda: scan_all(root, folder / "state", every, strict=True))
    contenders: dict[str, Callable[[], object]] = {
        "floor: scandir + stat, 1 process": lambda: floor(root),
        "unchanged scan, 1 process": lambda: scan_all(root, folder / "state", Workers(jobs=1)),
        "unchanged scan, all cores": lambda: scan_all(root, folder / "state", every),
    }
    times: dict[str, list[float]] = {label: [] for label in contenders}
    for _ in range(rounds):
        for label, contender in contenders.items():
            times[label].append(timed(contender)[0])
    base = statistics.median(times["floor: scandir + stat, 1 process"])
    out(f"{'what':<36}{'median s':>10}{'us/file':>10}{'x floor':>10}   all")
    for label, measured in times.items():
        row(label, statistics.median(measured), files, base, " ".join(f"{t:.1f}" for t in measured))
    for label, seconds in once.items():
        row(label, seconds, files, base, "once")


def row(label: str, seconds: float, files: int, base: float, note: str) -> None:
    out(f"{label:<36}{seconds:>10.2f}{seconds / files * 1e6:>10.2f}{seconds / base:>10.2f}   {note}")


def scan_all(root: Path, state: Path, workers: Workers, *, strict: bool = False) -> None:
    dataset = open_dataset(root)
    for subset in SUBSETS:
        scan(dataset, subset, state=state, strict=strict, workers=workers)


def floor(root: Path) -> int:
    size = 0
    for tree in ("Data", "Annotations"):
        for subset in SUBSETS:
            with os.scandir(root / tree / "VID" / "train" / subset) as videos:
                for video in videos:
                    with os.scandir(video.path) as files:
                        size += sum(file.stat().st_size for file in files)
    return size


def timed(function: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def out(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
