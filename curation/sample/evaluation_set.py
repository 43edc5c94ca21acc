"""The built-in evaluation sequences: their targets, and the clips they are cut from."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from curation.errors import InputError
from curation.parallel import Workers, run_in_order
from curation.sample import benchmark_folders
from curation.sample.clip import Clip
from curation.sample.folders import claim
from curation.sample.sample_config import SampleConfig
from curation.sample.scene import Scene, Script
from curation.sample.sighting import Sighting
from curation.sample.textures import EVALUATION_PATTERNS, Image
from curation.sample.tracks import follow

STREAM = 2
"""Second word of every clip's seed; the VID videos use another."""

TAKES = 40
"""How often a clip is drawn anew until its targets are in plain view where they start."""

PLAIN_VIEW = 0.9
"""Share of a target's mask that has to be seen where it starts."""

LEAD_IN = 4
"""Images in front of the first annotated one, in the clips that have some."""

BENCHMARKS = ("otb2013", "otb2015", "tc128", "uav123", "vot2016")


CLIPS = (
    Clip("OTB", "Drifter", style="comma", occluded=1, benchmarks=("otb2013", "otb2015")),
    Clip("OTB", "Duet", style="tab", targets=2, benchmarks=("otb2013", "otb2015")),
    Clip("OTB", "Latecomer", style="space", first=41, benchmarks=("otb2015",)),
    Clip("OTB", "Overture", style="comma", lead_in=True, benchmarks=("otb2015",)),
    Clip("TC128", "Lantern_ce", occluded=1, benchmarks=("tc128",)),
    Clip("TC128", "Kite-flyer_ce1", lead_in=True, benchmarks=("tc128",)),
    Clip("UAV123", "glider1", occluded=2, targets=2, halves=True, benchmarks=("uav123",)),
    Clip("UAV123", "swimmer1", leaves=True, benchmarks=("uav123",)),
    Clip("VOT2016", "marble", style="flat", occluded=1, benchmarks=("vot2016",)),
    Clip("VOT2016", "paperboat", style="color", benchmarks=("vot2016",)),
)


def generate_sequences(root: Path, config: SampleConfig, workers: Workers) -> dict[str, int]:
    """Write `root`/{OTB,TC128,UAV123,VOT2016}/ in the benchmarks' own layouts, and `root`/<benchmark>.json
    lists.

    Textures come from other families and seeds than those of the training videos. Like those of `generate_vid`,
    the bytes depend on `config` alone.

    Parameters
    ----------
    root : Path
        A folder that is empty, missing, or holds what an earlier call wrote, which is replaced.
    config : SampleConfig
    workers : Workers

    Returns
    -------
    dict
        Counts: `sequences` (a clip's targets, once each), `frames` (image files).

    Raises
    ------
    InputError
        If `root` holds somebody else's benchmarks, cannot be written, or no clip can be drawn from the
        parameters.
    """
    lists = [f"{name}.json" for name in BENCHMARKS]
    claim(root, "sequences", (*benchmark_folders.WRITERS, *lists), config)
    entries: dict[str, list[benchmark_folders.Entry]] = {name: [] for name in BENCHMARKS}
    counts = {"sequences": 0, "frames": 0}
    task = partial(_write_clip, root, config)
    written = run_in_order(task, range(len(CLIPS)), workers=workers, label="sample sequences", unit="clip")
    for clip, (made, frames) in zip(CLIPS, written, strict=True):
        counts["sequences"] += len(made)
        counts["frames"] += frames
        for name in clip.benchmarks:
            entries[name] += made
    for name, made in entries.items():
        benchmark_folders.write_list(root, name, made)
    benchmark_folders.write_vot_index(root, [clip.name for clip in CLIPS if clip.layout == "VOT2016"])
    return counts


def _write_clip(root: Path, config: SampleConfig, index: int) -> tuple[list[benchmark_folders.Entry], int]:
    clip = CLIPS[index]
    lead = LEAD_IN if clip.lead_in else 0
    length = config.sequence_frames * (2 if clip.layout == "VOT2016" or clip.halves else 1)
    if clip.halves:
        starts = [target * length // clip.targets for target in range(clip.targets)]
        ends = [start + length // clip.targets for start in starts]
    else:
        starts, ends = [lead] * clip.targets, [lead + length] * clip.targets
    scene = _stage(config, index, lead + length, starts)
    images: list[Image] = []
    tracks: list[list[Sighting]] = [[] for _ in range(clip.targets)]
    for frame in range(lead + length):
        image, sightings = scene.draw(frame)
        images.append(image)
        for target in range(clip.targets):
            if starts[target] <= frame < ends[target]:
                tracks[target].append(sightings[target])
    followed = [follow(scene, target, starts[target], sightings) for target, sightings in enumerate(tracks)]
    made = benchmark_folders.WRITERS[clip.layout](root / clip.layout, clip, images, followed, scene.quality)
    return made, len(images)


def _stage(config: SampleConfig, index: int, frames: int, starts: list[int]) -> Scene:
    """The first take of a clip in which every target is in plain view where it starts."""
    clip = CLIPS[index]
    for take in range(TAKES):
        rng = np.random.default_rng([config.seed, STREAM, index, take])
        script = Script(
            frames=frames,
            width=config.width,
            height=config.height * 3 // 4 if index % 4 == 2 else config.height,
            objects=clip.targets + 2,
            distractors=1,
            occlusions=clip.occluded,
            exits=(0,) if clip.leaves else (),
            empty=False,
            patterns=EVALUATION_PATTERNS,
        )
        scene = Scene(script, config, rng)
        views = [scene.draw(start)[1][target] for target, start in enumerate(starts)]
        if all(view.visible >= PLAIN_VIEW for view in views):
            return scene
    raise InputError(
        f"sample: clip {clip.name} shows no whole target in its first frame in {TAKES} takes",
        do="Lower sample.scale or enlarge sample.width and sample.height",
        reason="no clip",
    )
