"""The named options of cropping beside the exact default, and networks: `python -m tests.bench.crop_options`.

In a clone of this commit: video of the profile `large` at 1280 x 720 with large objects, because at the built-in size
`decode: reduced` changes no crop. It is cropped exactly, with `crop.decode: reduced`, and with `every: 2` in all parts.
A network is trained on the crops of each, with several seeds, and validated on the exact crops of the same videos,
which no training has. Prints what cropping costs (subset a, one process), the size of the crops, and the error of the
target's place in pixels of the search image: mean and standard deviation over the seeds.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path

from curation.imdb import load_imdb, split_file
from curation.layouts.vid_layout import SUBSETS
from tests.bench.commits import MEASURES, tree
from tests.bench.frame import options, show, table
from tests.pipelines.clone import Clone

WORLD = (
    "sample.width=1280",
    "sample.height=720",
    "sample.frames=16",
    "sample.world.smallest=0.25",
    "sample.world.largest=0.5",
    "dataset.built_in=[vid]",
    "dataset.sequences=pipelines/profiles/benchmarks.yaml",
    "dataset.benchmarks=[]",
    "imdb.val_fraction=0.25",
    "train.pairs.per_epoch=1024",
    "train.epochs=2",
    "train.batch=16",
    "train.optimiser.learning_rate=0.001",
    "train.augmentation.blur=0.0",
    "train.picture_every=0",
)
PARTS = ", ".join(f"{name}: {{layout: vid, every: 2}}" for name in SUBSETS)
OPTIONS = {
    "exact": ("crop.decode=exact", "dataset.parts={}"),
    "decode: reduced": ("crop.decode=reduced", "dataset.parts={}"),
    "every: 2": ("crop.decode=exact", f"dataset.parts={{{PARTS}}}"),
}
"""Settings of each; the first is the one whose crops all are validated on."""

MADE = ("crops", "imdb")


def main() -> None:
    chosen = options(
        __doc__,
        ("--videos", 12, "of each of the five subsets", {}),
        ("--width", 0.125, "of the network, as a share of the published one's", {}),
        ("--seeds", [0, 1, 2], "of the training", {"type": int, "nargs": "+"}),
        ("--set", [], "more parameters: key=value", {"type": str, "nargs": "*"}),
    )
    with tempfile.TemporaryDirectory(prefix="bench_options_") as name:
        clone, kept = tree(Path(name) / "clone", "HEAD"), Path(name) / "kept"
        clone.environment["DSLT_JOBS"] = "1"
        given = (f"sample.videos_per_subset={chosen.videos}", f"train.network.width={chosen.width}")
        clone.pipelines("profile", "large", "large-published", "--set", *WORLD, *given, *chosen.set)
        rows = []
        for option, settings in OPTIONS.items():
            clone.pipelines("profile", "--set", *settings)
            clone.run("dvc", "repro", "imdb")
            for part in MADE:
                shutil.copytree(clone.folder / "data" / part, kept / option / part)
            crops = [path.stat().st_size for path in (kept / option).rglob("*.tar")]
            seconds, most = MEASURES["crop"](clone)
            errors = [validated(clone, kept, option, seed) for seed in chosen.seeds]
            each = " ".join(f"{error:.2f}" for error in errors)
            spread = statistics.stdev(errors) if len(errors) > 1 else 0.0
            figures = f"{seconds:.1f}", f"{most:.0f}", f"{sum(crops) / 1e6:.1f}"
            rows.append([option, *figures, f"{statistics.fmean(errors):.2f}", f"{spread:.2f}", each])
        heads = ["crop s", "+MB", "crops, MB", "centre error, px", "sd", "each"]
        show(f"5 x {chosen.videos} videos, network of width {chosen.width:g}, seeds {chosen.seeds}")
        table(["", *heads], *rows)


def validated(clone: Clone, kept: Path, option: str, seed: int) -> float:
    """Train on an option's crops: the centre error on the exact crops of the videos for validation, px."""
    data, exact = clone.folder / "data", kept / next(iter(OPTIONS))
    for part in MADE:
        shutil.rmtree(data / part)
        shutil.copytree(kept / option / part, data / part)
    index = split_file(exact / "imdb", "val")
    shutil.copyfile(index, data / "imdb" / index.name)
    imdb = load_imdb(index)
    for video in range(len(imdb.videos)):
        shutil.copyfile(exact / "crops" / imdb.shard(video), data / "crops" / imdb.shard(video))
    clone.pipelines("profile", "--set", f"train.seed={seed}")
    clone.pipelines("train")
    report = json.loads((clone.folder / "reports/train/train.json").read_text())
    return float(report["centre_error"])


if __name__ == "__main__":
    main()
