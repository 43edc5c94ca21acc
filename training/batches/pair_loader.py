"""Batches of pairs, decoded and warped by loader workers, uint8 all the way.

A batch is a function of (seed, epoch, step) alone, so the number of workers changes nothing but the speed.
"""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from curation.crops.shards import ShardFolder
from curation.cures import remake
from curation.errors import InputError
from training.batches.augmentation import AugmentationConfig, Image, cut, draw_views
from training.batches.batch import PairBatch, batch_bytes, batch_in
from training.batches.lent_memory import LentMemory
from training.batches.mixing import Mix, plan
from training.batches.pairs import PairConfig, PairSampler, PairStreams
from training.messages import first_line

OPEN_SHARDS = 64
"""Shards that a worker keeps open; a system usually allows 1,024 open files."""

PREFETCH = 4
"""Batches that each worker prepares ahead."""

USED = 3
"""Batches that have a place in the lent memory while the training uses them; where it keeps more, sending is slower."""


class PairDataset:
    """Batches by number: item k holds pairs [first, first + batch) of step k % steps of epoch k // steps.

    Parameters
    ----------
    sampler : PairSampler
        Draws the pairs.
    pairs, augmentation
        Sizes, and what is changed at random.
    seed : int
        Seed of the whole run.
    batch : int
        Pairs that this process takes of each step.
    global_batch : int
        Pairs of a step over all processes.
    first : int
        Number of this process's first pair within a step.
    steps : int
        Steps in an epoch.
    epoch : int or None
        A fixed epoch number for every item (validation), or None. Validation leaves out parts that have nothing for it.

    Raises
    ------
    InputError
        If `pairs.parts` names a part without a pair, and as `mixing.plan`.
    """

    def __init__(
        self,
        sampler: PairSampler,
        pairs: PairConfig,
        augmentation: AugmentationConfig,
        *,
        seed: int,
        batch: int,
        steps: int,
        global_batch: int | None = None,
        first: int = 0,
        epoch: int | None = None,
    ) -> None:
        self.sampler = sampler
        self.pairs = pairs
        self.augmentation = augmentation
        self.seed = seed
        self.batch = batch
        self.steps = steps
        self.global_batch = global_batch or batch
        self.first = first
        self.epoch = epoch
        self._ways = 2 if pairs.both_ways and epoch is None else 1
        self._mix = self._planned(sampler, pairs)
        self._shards = ShardFolder(sampler.root, max_open=OPEN_SHARDS)

    def _planned(self, sampler: PairSampler, pairs: PairConfig) -> Mix | None:
        strange = [part for part in pairs.parts if part not in sampler.parts]
        if strange and self.epoch is None and not sampler.missing:
            raise InputError(
                f"{sampler.name}: train.pairs.parts names part {strange[0]}, and there is no pair of it "
                f"(there are of: {', '.join(sampler.parts)})",
                do=f"Take train.pairs.parts.{strange[0]} out; or, if all its videos are for validation, add videos, or "
                "set imdb.split_by to time",
                reason="no pairs",
            )
        if not pairs.mixed:
            return None
        planned = plan(
            sampler.parts,
            {name: replace(part, limit=part.limit // self._ways) for name, part in pairs.parts.items()},
            self.steps * self.global_batch // self._ways,
            name=sampler.name,
            validation=self.epoch is not None,
        )
        return Mix(planned, self.seed)

    def given(self, epochs: int) -> dict[str, dict[str, float]]:
        """What each part gives in that many epochs: pairs, their share of all, videos they are drawn from."""
        an_epoch = self.steps * self.global_batch
        if self._mix:
            pairs = {part: epochs * count * self._ways for part, count in self._mix.given.items()}
        else:
            drawn = self.sampler.count_parts(self.seed, epochs, range(0, an_epoch, self._ways))
            pairs = {part: count * self._ways for part, count in drawn.items()}
        return {
            part: {"pairs": count, "share": round(count / (epochs * an_epoch), 4), "videos": videos}
            for (part, count), videos in zip(pairs.items(), self.sampler.parts.values(), strict=True)
        }

    @property
    def bytes(self) -> int:
        """Of a batch."""
        return batch_bytes(self.batch, self.sampler.geometry.exemplar_size, self.pairs.search_size)

    def load(self, item: int) -> PairBatch:
        """Batch number `item`.

        Raises
        ------
        InputError
            If a crop cannot be read or decoded; it names the shard, frame and track.
        """
        buffer = torch.empty(self.bytes, dtype=torch.uint8)
        self.fill(item, buffer)
        return self.unpack(buffer)

    def unpack(self, buffer: Tensor) -> PairBatch:
        """The batch in a buffer of this dataset."""
        return batch_in(buffer, self.batch, self.sampler.geometry.exemplar_size, self.pairs.search_size)

    def fill(self, item: int, buffer: Tensor) -> None:
        """Write batch number `item` into a buffer, (bytes,) uint8; errors as of `load`."""
        epoch, step = divmod(item, self.steps)
        epoch = epoch if self.epoch is None else self.epoch
        start = step * self.global_batch + self.first
        exemplar, search, offset, colour, instances = (part.numpy() for part in self.unpack(buffer))
        streams = PairStreams(self.seed)
        crops: dict[int, Image] = {}
        for row in range(self.batch):
            pair, random = self.pair(epoch, start + row, streams)
            crops = {one: crops[one] if one in crops else self._crop(one) for one in pair}
            instances[row] = pair
            views = draw_views(self.augmentation, random)
            cut(crops[pair[0]], views[0], exemplar[row])
            offset[row] = cut(crops[pair[1]], views[1], search[row])
            colour[row] = [(view.brightness, view.contrast, view.saturation) for view in views]

    def pair(
        self, epoch: int, index: int, streams: PairStreams | None = None
    ) -> tuple[tuple[int, int], np.random.Generator]:
        """Exemplar and search instance of a pair, and its generator, for what else is random about it.

        The generator is good until something else is drawn from these `streams`, of the same seed.
        """
        streams = streams or PairStreams(self.seed)
        drawn, way = divmod(index, self._ways)
        random = streams.at(epoch, index - way)
        exemplar, search = self.sampler.draw(random, self._mix.part(epoch, drawn) if self._mix else "")
        return ((search, exemplar), streams.at(epoch, index)) if way else ((exemplar, search), random)

    def _crop(self, instance: int) -> Image:
        """A stored crop, (S, S, 3) uint8 BGR."""
        imdb, place = self.sampler.imdb, self.sampler.place
        video = int(imdb.track_video[self.sampler.track_of(instance)])
        try:
            data = self._shards.read(
                imdb.shard(video),
                int(imdb.offset[instance]),
                int(imdb.size[instance]),
                shard_size=int(imdb.shard_bytes[video]),
            )
        except InputError as error:
            raise InputError(f"{place(instance)}: {error.what}", do=error.do, reason=error.reason) from None
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        side = self.sampler.geometry.search_size
        if image is None or image.shape != (side, side, 3):
            found = "not a readable JPEG" if image is None else f"{image.shape[1]} x {image.shape[0]} px"
            raise InputError(
                f"{place(instance)}: the crop in {self.sampler.root / imdb.shard(video)} is {found}, "
                f"expected a JPEG of {side} px square",
                do=f"Make it again: {remake('crop', 'imdb')}",
                reason="bad crop",
            )
        return np.asarray(image, np.uint8)


class _Batches(Dataset[int | Tensor | InputError]):
    """What a loader process does: the batch of a number, into a place of the lent memory or into memory of its own.

    Bad data come back as a value, which passes between processes intact.
    """

    def __init__(self, dataset: PairDataset, lent: LentMemory | None) -> None:
        self.dataset = dataset
        self.lent = lent

    def __getitem__(self, item: tuple[int, int | None]) -> int | Tensor | InputError:
        number, place = item
        try:
            if self.lent and place is not None:
                self.dataset.fill(number, self.lent.at(place))
                return place
            buffer = _new_buffer(self.dataset.bytes)
            self.dataset.fill(number, buffer)
        except InputError as error:
            return error
        return buffer


class _Items(Sampler[tuple[int, int | None]]):
    """Numbers of batches, each with a place for it when it is asked for."""

    def __init__(self, numbers: range, lent: LentMemory | None) -> None:
        self.numbers = numbers
        self.lent = lent

    def __iter__(self) -> Iterator[tuple[int, int | None]]:
        return ((number, self.lent.take() if self.lent else None) for number in self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def _new_buffer(size: int) -> Tensor:
    """Bytes to fill; in a worker they lie in shared memory from the start, so that sending copies nothing."""
    if get_worker_info() is None:
        return torch.empty(size, dtype=torch.uint8)
    try:
        shared = torch.UntypedStorage._new_shared(size)  # as torch's own collate does
    except RuntimeError as error:
        raise _no_shared_memory(first_line(error)) from None
    return torch.empty(0, dtype=torch.uint8).set_(shared)


def _no_shared_memory(what: str) -> InputError:
    return InputError(
        f"loader processes need shared memory, and there is none ({what})",
        do="Give /dev/shm room (docker run --shm-size=2g), or load in one process: "
        "python -m pipelines settings --set jobs=1",
        reason="no shared memory",
    )


def load_batches(
    dataset: PairDataset, numbers: range, *, workers: int = 0, pin_memory: bool = False
) -> Iterator[PairBatch]:
    """Batches of the given numbers, in order.

    Parameters
    ----------
    dataset : PairDataset
        Makes the batches.
    numbers : range
        Their numbers.
    workers : int
        Loader processes; 0 loads in this one. No more are started than there are batches.
    pin_memory : bool
        Put batches into page-locked memory, for a GPU.

    Raises
    ------
    InputError
        For bad data, as `PairDataset.load` says; if a worker dies, or shared memory is lacking.
    """
    workers = min(workers, len(numbers))
    fork = workers > 0 and "fork" in multiprocessing.get_all_start_methods()
    lent = None
    if workers:
        try:
            multiprocessing.Lock()  # tried here: the loader would leave a traceback of its own
            if fork and not pin_memory:  # torch copies to page-locked memory in a thread, but only tensors
                lent = LentMemory(workers * PREFETCH + USED, dataset.bytes)
        except OSError as error:
            raise _no_shared_memory(error.strerror or str(error)) from error
    with warnings.catch_warnings():  # more workers than cores is the caller's choice: slow storage wants it
        warnings.filterwarnings("ignore", "This DataLoader will create")
        loader: DataLoader[int | Tensor | InputError] = DataLoader(
            _Batches(dataset, lent),
            batch_size=None,
            sampler=_Items(numbers, lent),
            num_workers=workers,
            prefetch_factor=PREFETCH if workers else None,
            pin_memory=pin_memory,
            worker_init_fn=_one_thread,
            multiprocessing_context="fork" if fork else None,
        )
        items = iter(loader)
    try:
        for item in items:
            if isinstance(item, InputError):
                raise item
            yield dataset.unpack(item if isinstance(item, Tensor) or lent is None else lent.lend(item))
    except EOFError as error:
        raise InputError(
            "a batch did not arrive from its loader process",
            do="Usually too few files may be open (ulimit -n): raise that, or use fewer jobs",
            reason="dead worker",
        ) from error
    except RuntimeError as error:
        if "DataLoader worker (pid" not in str(error):  # an error in a worker, not its death
            raise
        raise InputError(
            f"a loader process died ({first_line(error)})",
            do="Usually memory, or shared memory (/dev/shm), ran out: use fewer jobs",
            reason="dead worker",
        ) from error
    finally:
        del items  # stops the workers now, not when the last traceback is forgotten


def _one_thread(_worker: int) -> None:
    cv2.setNumThreads(0)
