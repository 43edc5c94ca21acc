"""Batches of pairs by number, decoded and warped, uint8: a function of (seed, epoch, step), whoever makes them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from curation.crops.shards import ShardFolder
from curation.cures import remake
from curation.errors import InputError
from training.batches.augmentation import AugmentationConfig, Image, cut, draw_views
from training.batches.batch import PairBatch, batch_bytes, batch_in
from training.batches.mixing import Mix, plan
from training.batches.pairs import PairConfig, PairSampler, PairStreams

OPEN_SHARDS = 64
"""Shards that a worker keeps open; a system usually allows 1,024 open files."""


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
            crops = {one: crops[one] if one in crops else self.crop(one) for one in pair}
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

    def crop(self, instance: int) -> Image:
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
