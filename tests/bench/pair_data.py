"""Crops and pairs for `tests.bench.pairs`: made once, and kept in each form that a reader wants."""

from __future__ import annotations

import random
import shutil
import tarfile
from functools import cached_property
from pathlib import Path

import numpy as np

from tests.bench.frame import texture
from tests.training.fabricate import fabricate

EXEMPLAR, CROP = 127, 255
"""Sides, px."""

REACH = 100
"""Frames between the two of a pair are fewer."""

LAYERS = ((4, 40), (16, 30), (64, 15), (255, 6))


class PairData:
    """Crops in a folder: `imdb_video_train.json` with `crops/a/<video>.tar`, and the same files loose under `loose`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imdb = folder / "imdb_video_train.json"
        self.shards = sorted(str(shard) for shard in (folder / "crops/a").glob("*.tar"))

    @cached_property
    def index(self) -> dict[str, list[list[str]]]:
        """The reference's nested lists: video, its tracks, their files."""
        videos = sorted((self.folder / "loose").iterdir())
        return {video.name: [[str(file) for file in sorted(video.rglob("*.jpg"))]] for video in videos}

    def draw(self) -> tuple[str, str]:
        """Files of a random pair, as the reference draws it: a video, a track, a frame, another within reach."""
        track = random.choice(self.index[random.choice(list(self.index))])
        first = random.randrange(len(track))
        near = range(max(0, first - REACH), min(len(track), first + REACH))
        return track[first], track[random.choice([k for k in near if k != first])]


def generate(folder: Path, videos: int, frames: int) -> PairData:
    """The same crops twice: shards with their imdb, and loose files."""
    fabricate(
        folder,
        "train",
        videos=videos,
        frames=range(frames),
        tracks=1,
        crop_size=CROP,
        header={"exemplar_size": EXEMPLAR},
        texture=lambda generator, side, _: texture(generator, (side, side), LAYERS),
    )
    data = PairData(folder)
    for shard in data.shards:
        with tarfile.open(shard) as archive:
            archive.extractall(folder / "loose" / Path(shard).stem, filter="data")
    return data


def as_got10k(data: PairData) -> Path:
    """The crops as frames of GOT-10k, hard links; the box is the one whose SiamFC window is the whole crop."""
    root = data.folder / "got10k"
    side = EXEMPLAR / 2  # with half of width and height around it, the exemplar
    corner = (CROP + 1) / 2 - (side - 1) / 2
    for name, [track] in data.index.items():
        video = root / "train" / name
        video.mkdir(parents=True)
        for number, file in enumerate(track, start=1):
            (video / f"{number:08d}.jpg").hardlink_to(file)
        np.savetxt(video / "groundtruth.txt", [[corner, corner, side, side]] * len(track), "%.4f", ",")
    (root / "train/list.txt").write_text("\n".join(data.index))
    return root


def as_chunks(data: PairData, pairs: int) -> Path:
    """That many pairs drawn beforehand, in LitData's chunks: the bytes of both files."""
    import litdata

    folder = data.folder / "chunks"
    shutil.rmtree(folder, ignore_errors=True)
    random.seed(0)
    litdata.optimize(
        fn=_contents,
        inputs=[data.draw() for _ in range(pairs)],
        output_dir=str(folder),
        chunk_bytes="16MB",
        num_workers=1,
        verbose=False,
    )
    return folder


def _contents(files: tuple[str, str]) -> dict[str, bytes]:
    exemplar, search = files
    return {"exemplar": Path(exemplar).read_bytes(), "search": Path(search).read_bytes()}
