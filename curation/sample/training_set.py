"""The built-in training set: five subsets in the tree and the XML of ILSVRC15 VID."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from curation.files import write_bytes
from curation.parallel import Workers, run_in_order
from curation.sample.folders import claim, jpeg
from curation.sample.sample_config import SampleConfig
from curation.sample.scene import Scene, Script
from curation.sample.sighting import Sighting
from curation.sample.textures import TRAINING_PATTERNS

FOLDERS = (*(f"train/ILSVRC2015_VID_train_{index:04d}" for index in range(4)), "val")
"""Where the subsets a..e lie under Data/VID and Annotations/VID."""

STREAM = 1
"""Second word of every video's seed; the evaluation sequences use another."""

CLASSES = {
    "blob": "n01662784",  # turtle
    "creature": "n02084071",  # dog
    "vehicle": "n02958343",  # car
    "fish": "n02062744",  # whale
    "figure": "n02484322",  # monkey
    "person": "n02484322",  # monkey
    "quadruped": "n02374451",  # horse
    "wheeled": "n03790512",  # motorcycle
    "lump": "n02355227",  # squirrel
}
"""The VID synset that each kind of object stands for."""

ANNOTATED_FROM = 0.15
"""An object is annotated while this share of its mask is to be seen and its box is `SMALLEST` a side."""

SMALLEST = 6
OCCLUDED_FROM = 0.12
"""`occluded` is 1 when at least this share of the part inside the image is hidden."""


@dataclass(frozen=True)
class Place:
    """One video: its number in the whole set, the folder of its subset, its name."""

    index: int
    folder: str
    name: str


def generate_vid(root: Path, config: SampleConfig, workers: Workers) -> dict[str, int]:
    """Write `root`/{Data,Annotations}/VID/... as ILSVRC15 unpacks it.

    The bytes depend on `config` alone, not on `workers` or the time; across processors and library versions
    they may differ in the last bit of a pixel.

    Parameters
    ----------
    root : Path
        A folder that is empty, missing, or holds what an earlier call wrote, which is replaced.
    config : SampleConfig
    workers : Workers

    Returns
    -------
    dict
        Counts: `videos`, `frames`, `boxes`, `empty_frames`.

    Raises
    ------
    InputError
        If `root` holds somebody else's `Data` or `Annotations`, or cannot be written.
    """
    claim(root, "vid", ("Data", "Annotations"), config)
    places = [
        Place(index, folder, _name(folder, index, config.videos_per_subset))
        for index, folder in enumerate(folder for folder in FOLDERS for _ in range(config.videos_per_subset))
    ]
    counts = {"videos": 0, "frames": 0, "boxes": 0, "empty_frames": 0}
    task = partial(_write_video, root, config)
    for frames, boxes, empty in run_in_order(
        task, places, workers=workers, label="sample videos", size=_frames
    ):
        counts["videos"] += 1
        counts["frames"] += frames
        counts["boxes"] += boxes
        counts["empty_frames"] += empty
    return counts


def _frames(result: tuple[int, int, int]) -> int:
    return result[0]


def _name(folder: str, index: int, per_subset: int) -> str:
    split = folder.split("/")[0]
    number = index if split == "train" else index - 4 * per_subset
    return f"ILSVRC2015_{split}_{number:08d}"


def script_for(index: int, config: SampleConfig, rng: np.random.Generator) -> Script:
    """The events of the video of that number; rare events take turns, so that a few videos have them all."""
    objects = int(rng.integers(config.min_objects, config.max_objects + 1))
    portrait = index % 7 == 5
    return Script(
        frames=config.frames,
        width=config.height if portrait else config.width,
        height=config.width if portrait else config.height,
        objects=objects,
        distractors=min(objects - 1, int(rng.integers(1, 3))),
        occlusions=int(rng.integers(1, 3)),
        exits=(objects - 1,) if index % 2 == 0 else (),
        empty=index % 5 == 3,
        patterns=TRAINING_PATTERNS,
    )


def _write_video(root: Path, config: SampleConfig, place: Place) -> tuple[int, int, int]:
    """Draw and write one video; (frames, boxes, frames without a box)."""
    rng = np.random.default_rng([config.seed, STREAM, place.index])
    scene = Scene(script_for(place.index, config, rng), config, rng)
    images = root / "Data" / "VID" / place.folder / place.name
    annotations = root / "Annotations" / "VID" / place.folder / place.name
    folder = "/".join([*place.folder.split("/")[1:], place.name])  # as in the original: no split in front
    boxes = empty = 0
    for frame in range(config.frames):
        image, sightings = scene.draw(frame)
        write_bytes(images / f"{frame:06d}.JPEG", jpeg(image, scene.quality), durable=False)
        shown = [(track, seen) for track, seen in enumerate(sightings) if _annotated(seen)]
        boxes += len(shown)
        empty += not shown
        shapes = [actor.shape for actor in scene.actors]
        size = (scene.script.width, scene.script.height)
        write_bytes(annotations / f"{frame:06d}.xml", _xml(folder, frame, size, shown, shapes), durable=False)
    return config.frames, boxes, empty


def _annotated(seen: Sighting) -> bool:
    if seen.corners is None or seen.visible < ANNOTATED_FROM:
        return False
    xmin, ymin, xmax, ymax = seen.corners
    return min(xmax - xmin, ymax - ymin) + 1 >= SMALLEST


_ANNOTATION = """\
<annotation>
\t<folder>{0}</folder>
\t<filename>{1:06d}</filename>
\t<source>
\t\t<database>ILSVRC_2015</database>
\t</source>
\t<size>
\t\t<width>{2[0]}</width>
\t\t<height>{2[1]}</height>
\t</size>
{3}</annotation>
"""
_OBJECT = """\
\t<object>
\t\t<trackid>{0}</trackid>
\t\t<name>{1}</name>
\t\t<bndbox>
\t\t\t<xmax>{2[2]}</xmax>
\t\t\t<xmin>{2[0]}</xmin>
\t\t\t<ymax>{2[3]}</ymax>
\t\t\t<ymin>{2[1]}</ymin>
\t\t</bndbox>
\t\t<occluded>{3}</occluded>
\t\t<generated>0</generated>
\t</object>
"""


def _xml(
    folder: str,
    frame: int,
    size: tuple[int, int],
    shown: Sequence[tuple[int, Sighting]],
    shapes: Sequence[str],
) -> bytes:
    objects = "".join(
        _OBJECT.format(track, CLASSES[shapes[track]], seen.corners, int(seen.hidden >= OCCLUDED_FROM))
        for track, seen in shown
    )
    return _ANNOTATION.format(folder, frame, size, objects).encode("ascii")
