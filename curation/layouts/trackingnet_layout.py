"""TrackingNet, as unpacked.

    <root>/TRAIN_0/frames/<video>/0.jpg ..    .. TRAIN_11; numbers without leading zeros, from 0
    <root>/TRAIN_0/anno/<video>.txt           x,y,w,h a row, with fractions

Splits: `train` is all of TRAIN_0 to TRAIN_11 that are there; each of them alone is one too. TEST keeps its boxes
secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.digests.statcache import list_names
from curation.layouts.box_text import one_target
from curation.layouts.layout_table import (
    JPEGS,
    Layout,
    Parse,
    Video,
    folder_names,
    natural,
    nothing_here,
    present,
)

HOLDS = "TRAIN_0 to TRAIN_11, or some of them"


def _splits(root: Path) -> tuple[str, ...]:
    packs = sorted((name for name in folder_names(root) if name.startswith("TRAIN_")), key=natural)
    if not packs:
        raise nothing_here(root, HOLDS)
    return ("train", *packs)


def _find(root: Path, split: str) -> Iterable[Video]:
    for pack in _splits(root)[1:] if split == "train" else (split,):
        folder = root / pack
        frames = set(folder_names(folder / "frames"))
        # The texts of all packs come in one download: those of a pack without images are not missed.
        texts = {Path(name).stem for name in list_names(folder / "anno", ".txt")} if frames else set()
        for name in frames | texts:
            text = folder / "anno" / f"{name}.txt"
            yield Video(name, Folder(folder / "frames" / name, JPEGS), present(text))


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    return one_target(video, contents, f"{video.name}.txt", label="object")


TRACKINGNET = Layout(HOLDS, _splits, _find, _parse, form="%d")
