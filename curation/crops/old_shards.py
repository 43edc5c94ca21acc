"""Shards older than sealed records: trusted if the record says what the shard holds."""

from __future__ import annotations

from pathlib import Path
from tarfile import TarError

from curation.crops.crop_config import CropConfig
from curation.crops.crop_video import VideoTask
from curation.crops.shards import list_members, member_name
from curation.documents.document import Fields


def describes(record: Fields, shard: Path, *, task: VideoTask, config: CropConfig) -> bool:
    """Whether an unsealed record says what this task leaves out and what its shard holds.

    It is compared with the shard's member names, which tell video, frame and track, with their sizes, and with
    the task's boxes. What it cannot see is whose `config` the crops were made with.
    """
    kinds = ("x", "z") if config.exemplar_crops else ("x",)
    boxes = [(number, track) for number, objects in task.boxes().items() for track, _ in objects]
    try:
        members, skipped = record["members"], record["skipped"]
        there = list(zip(members["frame"], members["track"], strict=True))
        columns = [members[name] for name in ("size", "exemplar")[: len(kinds)]]
        sizes = [size for crop in zip(*columns, strict=True) for size in crop]
        known = set(there)
        names = [member_name(task.video.name, *crop, kind) for crop in there for kind in kinds]
        return bool(
            list(zip(names, sizes, strict=True)) == list_members(shard)
            and there == [box for box in boxes if box in known]
            and len(boxes) == skipped["total"] == len(there) + sum(skipped["counts"].values())
            and skipped["examples"].keys() == skipped["counts"].keys()
            and record["frames"] == len({number for number, _ in boxes})
        )
    except (KeyError, TypeError, ValueError, AttributeError, OSError, TarError):
        return False
