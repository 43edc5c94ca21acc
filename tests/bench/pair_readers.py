"""Readers of training pairs that `tests.bench.pairs` compares: the reference's, ours, and other packages'.

A reader gives batches of 8 pairs, RGB or BGR: exemplar of 127 px, search region of 239 px, each stretched by up to 5 %
and cut from the middle, the search region moved by up to 4 px. Where another package differs:

- plain: the reference's dataset, written down here: nested lists of paths, imread, stretch by resizing, crop, float32
- got10k: the package's reader of GOT-10k over the crops as frames, and the steps of SiamFC-PyTorch on what it gives:
  it reads the boxes of the video, decodes the first frame too, to leave out boxes by their size, cuts the window
  (here the whole crop) by resizing, stretches both axes alike by one of five interpolations; float32
- webdataset: it reads a shard from start to end, so it decodes one crop a pair, whose partner is one of those before
- torchvision: `decode_jpeg` and `transforms.v2` on loose files, without antialiasing, which OpenCV has not either
- LitData: chunks of pairs that were drawn beforehand, so that every epoch has the same ones, read in their order;
  decoded by OpenCV
- ours: `training.batches.pair_loader`

The last four give uint8, which is less to send from a worker.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from curation.imdb import load_imdb
from tests.bench.frame import PLAIN
from tests.bench.pair_data import CROP, EXEMPLAR, REACH, PairData, as_chunks, as_got10k
from training.batches.augmentation import NONE, AugmentationConfig
from training.batches.pair_dataset import PairDataset
from training.batches.pair_loader import load_batches
from training.batches.pairs import PairConfig, PairSampler

BATCH = 8
SEARCH, ROOM = 239, 247
"""Sides of the search region and of what it is cut from, px."""

PAIRS = PairConfig(search_size=SEARCH)
BOTH_WAYS = replace(PAIRS, both_ways=True)
STRETCH = 0.05
PUBLISHED = replace(NONE, stretch=STRETCH, shift=(ROOM - SEARCH) / 2)
EVERYTHING = AugmentationConfig(stretch=STRETCH, scale=0.1, shift=16.0, flip=0.5, blur=0.3, grey=0.1)

Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Reader:
    """A row of the comparison.

    Parameters
    ----------
    batches : callable
        Of data, pairs and loader workers: an iterator of batches.
    packages : tuple of str
        What it needs beside the project, by the names to import.
    prepare : callable
        Of data and pairs: writes the form that it reads, once.
    """

    batches: Callable[[PairData, int, int], Iterator[Any]]
    packages: tuple[str, ...] = ()
    prepare: Callable[[PairData, int], object] = lambda *_: None

    def missing(self) -> str:
        """Why it cannot run here; empty if it can."""
        for name in self.packages:
            try:
                import_module(name)
            except (ImportError, RuntimeError) as error:  # torchvision of another torch: RuntimeError
                return f"{name} is not usable here ({str(error).splitlines()[0]})"
        return ""


class Drawn(Dataset[Pair]):
    """Random pairs of loose files, by number; `read` makes the tensors of two paths."""

    def __init__(self, data: PairData, pairs: int, read: Callable[[str, str], Pair]) -> None:
        self.data, self.pairs, self.read = data, pairs, read

    def __len__(self) -> int:
        return self.pairs

    def __getitem__(self, _: int) -> Pair:
        return self.read(*self.data.draw())


def loaded(dataset: Any, workers: int) -> Iterator[Any]:
    """Batches by torch's loader."""
    return iter(DataLoader(dataset, batch_size=BATCH, num_workers=workers))


def plain(data: PairData, pairs: int, workers: int) -> Iterator[Any]:
    """The reference's dataset by its description: a random pair, two transforms, float tensors."""
    return loaded(Drawn(data, pairs, lambda *files: floats(*views(*map(decoded, files)))), workers)


def decoded(file: str) -> Any:
    """A file's picture, (H, W, 3) uint8 RGB."""
    return cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)


def floats(*images: torch.Tensor) -> Pair:
    """As the reference gives them."""
    exemplar, search = (image.float() for image in images)
    return exemplar, search


def views(exemplar: Any, search: Any, stretch: Callable[[Any], Any] | None = None) -> Pair:
    """The reference's transforms of two crops; uint8 tensors (3, side, side)."""
    stretch = stretch or stretched
    exemplar, search = central(stretch(exemplar), EXEMPLAR), central(stretch(search), ROOM)
    top, left = moved()
    return _tensor(exemplar), _tensor(search[top : top + SEARCH, left : left + SEARCH])


def moved() -> tuple[int, int]:
    """Where the search region begins in what it is cut from."""
    return random.randint(0, ROOM - SEARCH), random.randint(0, ROOM - SEARCH)


def new_size(side: int) -> int:
    """A side, stretched at random."""
    return round(side * random.uniform(1 - STRETCH, 1 + STRETCH))


def stretched(image: Any) -> Any:
    """Each axis alone."""
    height, width = map(new_size, image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def central(image: Any, size: int) -> Any:
    """The central size x size pixels, with the mean colour outside."""
    missing = [max(0, size - side) for side in image.shape[:2]]
    if any(missing):
        mean = tuple(image.mean((0, 1)))
        down, right = ((lack + 1) // 2 for lack in missing)
        image = cv2.copyMakeBorder(image, down, down, right, right, cv2.BORDER_CONSTANT, value=mean)
    top, left = ((side - size) // 2 for side in image.shape[:2])
    return image[top : top + size, left : left + size]


def _tensor(image: Any) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy())


class OfGot10k(Dataset[Pair]):
    """SiamFC-PyTorch's pairs of what the package got10k reads."""

    INTERPOLATIONS = (
        cv2.INTER_LINEAR,
        cv2.INTER_CUBIC,
        cv2.INTER_AREA,
        cv2.INTER_NEAREST,
        cv2.INTER_LANCZOS4,
    )

    def __init__(self, root: Path, pairs: int) -> None:
        from got10k.datasets import GOT10k

        self.videos, self.pairs = GOT10k(str(root), subset="train"), pairs

    def __len__(self) -> int:
        return self.pairs

    def __getitem__(self, number: int) -> Pair:
        files, boxes = self.videos[number % len(self.videos)]
        height, width = cv2.imread(files[0]).shape[:2]
        share, ratio = boxes[:, 2:] / (width, height), boxes[:, 2] / boxes[:, 3]
        usable = (boxes[:, 2:] >= 20).all(1) & (share <= 0.5).all(1) & (ratio >= 0.25) & (ratio <= 4)
        first, second = sorted(random.sample(np.flatnonzero(usable).tolist(), 2))
        while second - first >= REACH:
            first, second = sorted(random.sample(np.flatnonzero(usable).tolist(), 2))
        crops = (self.window(decoded(files[one]), boxes[one]) for one in (first, second))
        return floats(*views(*crops, stretch=self.stretched))

    def window(self, image: Any, box: Any) -> Any:
        """The search window of a box (1-based x, y, w, h), resized to the side of a crop."""
        size = np.sqrt(np.prod(box[2:] + box[2:].sum() / 2)) * CROP / EXEMPLAR
        mean = image.mean((0, 1), dtype=float)
        low = np.round(box[:2] - 1 + (box[2:] - 1) / 2 - (size - 1) / 2).astype(int)
        high = low + round(size)
        room = max(0, -low.min(), *(high - image.shape[1::-1]))
        if room:
            image = cv2.copyMakeBorder(image, room, room, room, room, cv2.BORDER_CONSTANT, value=mean)
            low, high = low + room, high + room
        patch = image[low[1] : high[1], low[0] : high[0]]
        return cv2.resize(patch, (CROP, CROP), interpolation=random.choice(self.INTERPOLATIONS))

    def stretched(self, image: Any) -> Any:
        """Both axes alike."""
        side = new_size(image.shape[0])
        return cv2.resize(image, (side, side), interpolation=random.choice(self.INTERPOLATIONS))


def by_got10k(data: PairData, pairs: int, workers: int) -> Iterator[Any]:
    return loaded(OfGot10k(data.folder / "got10k", pairs), workers)


def by_webdataset(data: PairData, pairs: int, workers: int) -> Iterator[Any]:
    import webdataset

    def paired(samples: Iterator[dict[str, Any]]) -> Iterator[Pair]:
        before: list[Any] = []
        video = ""
        for sample in samples:
            if (its := sample["__key__"].rpartition("/")[0]) != video:
                video, before = its, []
            if before:
                yield views(random.choice(before), sample["x.jpg"])
            before.append(sample["x.jpg"])

    dataset = webdataset.WebDataset(data.shards, resampled=True, shardshuffle=False)
    epoch = dataset.decode("rgb8").compose(paired).with_epoch(pairs // max(workers, 1))
    return loaded(epoch, workers)


def by_torchvision(data: PairData, pairs: int, workers: int) -> Iterator[Any]:
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms.v2 import functional

    def picture(file: str, size: int) -> torch.Tensor:
        image = decode_jpeg(read_file(file), ImageReadMode.RGB)
        sides = [new_size(side) for side in image.shape[1:]]
        image = functional.resize(image, sides, antialias=False)
        down, right = (max(0, size - side + 1) // 2 for side in image.shape[1:])
        if down or right:
            mean = image.float().mean((1, 2)).tolist()
            image = functional.pad(image, [right, down], fill=mean)
        return functional.center_crop(image, [size, size])

    def read(exemplar: str, search: str) -> Pair:
        return picture(exemplar, EXEMPLAR), functional.crop(picture(search, ROOM), *moved(), SEARCH, SEARCH)

    return loaded(Drawn(data, pairs, read), workers)


def by_litdata(data: PairData, pairs: int, workers: int) -> Iterator[Any]:
    import litdata

    def read(sample: dict[str, bytes]) -> Pair:
        images = (
            cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR_RGB) for part in sample.values()
        )
        return views(*images)

    dataset = litdata.StreamingDataset(str(data.folder / "chunks"), transform=read)
    assert len(dataset) == pairs
    return iter(litdata.StreamingDataLoader(dataset, batch_size=BATCH, num_workers=workers))


def ours(
    data: PairData, pairs: int, workers: int, augmentation: AugmentationConfig, config: PairConfig = PAIRS
) -> Iterator[Any]:
    sampler = PairSampler(load_imdb(data.imdb), data.folder / "crops", config, name=data.imdb.name)
    dataset = PairDataset(sampler, config, augmentation, seed=0, batch=BATCH, steps=pairs // BATCH)
    return load_batches(dataset, range(pairs // BATCH), workers=workers)


READERS = {
    PLAIN: Reader(plain),
    "got10k": Reader(by_got10k, ("got10k",), lambda data, _: as_got10k(data)),
    "webdataset": Reader(by_webdataset, ("webdataset",)),
    "torchvision": Reader(by_torchvision, ("torchvision",)),
    "LitData": Reader(by_litdata, ("litdata",), as_chunks),
    "ours, published augmentation": Reader(lambda *what: ours(*what, PUBLISHED)),
    "ours, both ways": Reader(lambda *what: ours(*what, PUBLISHED, BOTH_WAYS)),
    "ours, all augmentation": Reader(lambda *what: ours(*what, EVERYTHING)),
}
