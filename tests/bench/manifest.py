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

import os
import tempfile
from pathlib import Path

from curation.layouts.vid_layout import SUBSETS
from curation.manifest import scan
from curation.parallel import Workers
from curation.videos.dataset import open_dataset
from tests.bench.frame import CORES, VIDEOS, compare, cost, costs_in_turns, options, show

LINKS = 50_000
"""Hard links to one file (ext4 allows 65,000)."""


def generate(root: Path, *, scale: float, frames: int) -> int:
    """Make the tree; return the number of files."""
    sources = root / "sources"
    sources.mkdir()
    made = 0
    source = {"Data": sources, "Annotations": sources}
    for subset in SUBSETS:
        for number in range(max(1, round(VIDEOS[subset] * scale))):
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
    chosen = options(
        __doc__,
        ("--scale", 1.0, "fraction of the 4,417 videos", {}),
        ("--frames", 294, "frames a video", {}),
        ("--rounds", 3, "measurements of each, in turn", {}),
    )
    with tempfile.TemporaryDirectory(prefix="bench_manifest_") as name:
        measure(Path(name), chosen.scale, chosen.frames, chosen.rounds)


def measure(folder: Path, scale: float, frames: int, rounds: int) -> None:
    root, state = folder / "tree", folder / "state"
    root.mkdir()
    files = generate(root, scale=scale, frames=frames)
    show(f"generated {files:,} files; {CORES} cores")
    every = Workers()
    once = {
        "first scan, all cores": cost(lambda: scan_all(root, state, every)),
        "strict scan, all cores": cost(lambda: scan_all(root, state, every, strict=True)),
    }
    floor_label = "floor: scandir + stat, 1 process"
    contenders = {
        floor_label: lambda: floor(root),
        "unchanged scan, 1 process": lambda: scan_all(root, state, Workers(jobs=1)),
        "unchanged scan, all cores": lambda: scan_all(root, state, every),
    }
    found = costs_in_turns(contenders, rounds) | {label: [turn] for label, turn in once.items()}
    compare(found, files, "us/file", floor_label)


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


if __name__ == "__main__":
    main()
