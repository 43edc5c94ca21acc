"""Small trees in every layout, with real pictures, as their authors unpack them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from curation.errors import ErrorPolicy, Skipped
from curation.manifest import scan
from curation.parallel import Workers
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import PartConfig, open_dataset
from tests.curation.crops.crop_trees import jpeg, picture
from tests.curation.trees import frame_xml, object_xml, written

SIZE = (96, 72)
BOXES = [(10.0 + n, 12.0, 30.0, 24.0) for n in range(6)]
SKIP = ErrorPolicy(policy="skip", max_skipped=1.0)


def images(folder: Path, names: Sequence[str], *, size: tuple[int, int] = SIZE) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(jpeg(picture(number, size)))


def text(boxes: Sequence[Sequence[float]], *, base: int = 0, between: str = ",") -> str:
    return "".join(f"{between.join(f'{v:g}' for v in (b[0] + base, b[1] + base, *b[2:]))}\n" for b in boxes)


def got10k(
    root: Path, *, flags: Mapping[str, str] | None = None, boxes: Any = BOXES, name: str = "one"
) -> Path:
    folder = root / "train" / name
    images(folder, [f"{n:08d}.jpg" for n in range(1, len(BOXES) + 1)])
    (folder / "groundtruth.txt").write_text(text(boxes))
    for label, content in (flags or {}).items():
        (folder / label).write_text(content)
    listing = root / "train" / "list.txt"
    listing.write_text((listing.read_text() if listing.exists() else "") + f"{name}\n")
    return folder


def lasot(root: Path, *, occluded: str = "0,0,0,0,0,0", gone: str = "0,0,0,0,0,0") -> Path:
    folder = root / "airplane" / "airplane-1"
    images(folder / "img", [f"{n:08d}.jpg" for n in range(1, len(BOXES) + 1)])
    (folder / "groundtruth.txt").write_text(text(BOXES, base=1))
    (folder / "full_occlusion.txt").write_text(occluded)
    (folder / "out_of_view.txt").write_text(gone)
    return folder


def trackingnet(root: Path) -> Path:
    images(root / "TRAIN_0" / "frames" / "abc_1", [f"{n}.jpg" for n in range(len(BOXES))])
    (root / "TRAIN_0" / "anno").mkdir()
    (root / "TRAIN_0" / "anno" / "abc_1.txt").write_text(text(BOXES))
    return root / "TRAIN_0"


def mot(root: Path, rows: Sequence[str] | None = None) -> Path:
    images(root / "street" / "img1", [f"{n:06d}.jpg" for n in range(1, len(BOXES) + 1)])
    (root / "street" / "gt").mkdir()
    given = rows or [
        f"{n},{track},{x + 1 + 5 * track:g},{y + 1:g},{w:g},{h:g},1,1,1"
        for track in (3, 7)
        for n, (x, y, w, h) in enumerate(BOXES, start=1)
    ]
    (root / "street" / "gt" / "gt.txt").write_text("".join(f"{row}\n" for row in given))
    return root / "street"


def clips(root: Path, *, rect: bool = False, names: Sequence[str] | None = None) -> Path:
    folder = root / "my_clip"
    images(folder / "img" if rect else folder, names or [f"shot{n}.jpg" for n in range(8, 8 + len(BOXES))])
    base, file = (1, "groundtruth_rect.txt") if rect else (0, "groundtruth.txt")
    (folder / file).write_text(text(BOXES, base=base, between="\t" if rect else ","))
    return folder


def coco(root: Path) -> Path:
    names = {7: "b.jpg", 12: "a.jpg", 1003: "c.jpg"}
    sizes = {7: (96, 72), 12: (64, 80), 1003: (96, 72)}
    for number, name in names.items():
        images(root / "train2017", [name], size=sizes[number])
    boxes = [
        (7, [10.5, 12, 30, 24], 0),
        (7, [40, 20, 20, 20], 1),
        (12, [5, 5, 20, 30], 0),
        (1003, [1, 2, 30, 40], 0),
    ]
    document = {
        "info": {"year": 2017},
        "images": [
            {"id": i, "file_name": names[i], "width": w, "height": h, "license": 1}
            for i, (w, h) in sizes.items()
        ],
        "annotations": [
            {
                "id": n,
                "image_id": i,
                "category_id": 3,
                "bbox": box,
                "iscrowd": crowd,
                "segmentation": [[1.5, 2.5]],
            }
            for n, (i, box, crowd) in enumerate(boxes)
        ],
        "categories": [{"id": 3, "name": "cat"}],
    }
    (root / "annotations").mkdir()
    (root / "annotations" / "instances_train2017.json").write_text(json.dumps(document))
    return root


def det(root: Path) -> Path:
    inner = "train/ILSVRC2013_train/n00007846"
    images(root / "Data/DET" / inner, ["n1_1.JPEG", "n1_2.JPEG"])
    (root / "Annotations/DET" / inner).mkdir(parents=True)
    for name in ("n1_1", "n1_2"):
        objects = [object_xml("", (1, 2, 30, 40)), object_xml("", (40, 30, 60, 60))]
        (root / "Annotations/DET" / inner / f"{name}.xml").write_bytes(frame_xml(objects, size=SIZE))
    return root


MAKERS = {
    "got10k": got10k,
    "lasot": lasot,
    "trackingnet": trackingnet,
    "mot": mot,
    "clips": clips,
    "coco": coco,
    "det": det,
}


def annotate(
    root: Path, layout: str, policy: ErrorPolicy | None = None, **options: Any
) -> tuple[dict[str, Any], Skipped]:
    """The tracks of a part as they are written, and what was left out."""
    dataset, one = open_dataset(root, PartConfig(layout=layout, **options)), Workers(jobs=1)
    with TemporaryDirectory() as state:
        manifest = scan(dataset, "part", state=Path(state), strict=True, workers=one)
        tracks, skipped = annotate_subset(
            dataset, "part", manifest, policy or ErrorPolicy(), one, state=Path(state)
        )
    return written(tracks), skipped
