"""Small VID trees with real pictures for the tests of cropping, and a process that crops one.

`python -m tests.curation.crops.crop_trees ROOT OUT STORE JOBS` crops subset e and prints the report as JSON, or the
message of an `InputError` on standard error with exit status 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import orjson

from curation.crops.crop_config import CropConfig
from curation.crops.crop_subset import crop_subset
from curation.documents.annotated_tracks import Tracks
from curation.documents.manifest_record import Manifest
from curation.errors import ErrorPolicy, InputError
from curation.images.frames import Image
from curation.manifest import scan
from curation.outputs.claim import Claim
from curation.outputs.publication import Publication
from curation.parallel import Workers
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import Dataset, open_dataset
from tests.curation.trees import frame_xml, object_xml, video_folders

SUBSET = "e"
STATE = "state"
"""Folder of a tree's own, where the manifest stage keeps what it remembers."""

ONE = Workers(jobs=1)


def picture(seed: int, size: tuple[int, int] = (96, 72)) -> Image:
    """A smooth, coloured (H, W, 3) picture of `size` (width, height); another for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def jpeg(image: Image, *parameters: int) -> bytes:
    """An image as a JPEG file, OpenCV's default quality."""
    return cv2.imencode(".jpg", image, parameters)[1].tobytes()


def write_pictures(
    root: Path,
    videos: int,
    *,
    frames: int = 3,
    objects: int = 2,
    size: tuple[int, int] = (96, 72),
    seed: int = 0,
) -> Path:
    """A tree with subset e: `objects` boxes a frame, all of them moving; return `root`."""
    for number in range(videos):
        write_picture_video(root, f"ILSVRC2015_val_{number:08d}", frames, objects, size, seed + number)
    return root


def write_picture_video(
    root: Path, video: str, frames: int, objects: int, size: tuple[int, int], seed: int
) -> None:
    images, annotations = video_folders(root, SUBSET, video)
    for frame in range(frames):
        (images / f"{frame:06d}.JPEG").write_bytes(jpeg(picture(1000 * seed + frame, size)))
        objects_xml = []
        for track in range(objects):
            x, y = (8 * track + frame) % (size[0] // 2), (5 + frame) % (size[1] // 2)
            objects_xml.append(object_xml(track, (x, y, x + 20 + 9 * track, y + 25)))
        xml = frame_xml(objects_xml, size=size)
        (annotations / f"{frame:06d}.xml").write_bytes(xml)


def documents(root: Path) -> tuple[Dataset, Tracks, Manifest]:
    """The opened dataset, and the tracks and manifest of subset e."""
    dataset = open_dataset(root)
    manifest = scan(dataset, SUBSET, state=root / STATE, strict=True, workers=ONE)
    annotations, _ = annotate_subset(dataset, SUBSET, manifest, ErrorPolicy(), ONE, state=root / STATE)
    return dataset, annotations, manifest


def crop_tree(
    root: Path,
    out: Path,
    store: Path,
    *,
    config: CropConfig | None = None,
    policy: ErrorPolicy | None = None,
    workers: Workers = ONE,
) -> dict[str, Any]:
    """Crop subset e of a tree as the stage does; return its report."""
    dataset, annotations, manifest = documents(root)
    return crop_as_stage(
        dataset,
        SUBSET,
        annotations,
        manifest,
        config or CropConfig(),
        out,
        store,
        policy or ErrorPolicy(),
        workers,
    )


def crop_as_stage(
    dataset: Dataset,
    subset: str,
    annotations: Tracks,
    manifest: Manifest,
    config: CropConfig,
    out: Path,
    store: Path,
    policy: ErrorPolicy,
    workers: Workers,
) -> dict[str, Any]:
    """Crop under a claim, and put the output in place as a whole, as the guard of the stages does."""
    claim = Claim.take(store / subset)
    publication = Publication(claim)
    try:
        report, skipped = crop_subset(
            dataset,
            subset,
            annotations,
            manifest,
            config,
            publication.output(out),
            store,
            policy,
            workers,
            state=dataset.root / STATE,
            check=claim.check,
        )
        skipped.check(policy, stage=f"crop {subset}")
        publication.publish(lambda: None)
    except BaseException:
        publication.abandon()
        raise
    return report


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> None:
    root, out, store, jobs = sys.argv[1:]
    try:
        report = crop_tree(Path(root), Path(out), Path(store), workers=Workers(jobs=int(jobs)))
    except InputError as error:
        sys.exit(str(error))
    sys.stdout.write(orjson.dumps(report).decode())


if __name__ == "__main__":
    main()
