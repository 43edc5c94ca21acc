"""The pairs of crops of an epoch: drawn by frame distance, each (epoch, index) with its own seed."""

from __future__ import annotations

import logging
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from curation.config import STRICT, parameters
from curation.cures import FETCH
from curation.errors import InputError
from curation.files import MENDED
from curation.imdb import Imdb
from training.batches.mixing import PartPairs

log = logging.getLogger(__name__)

_AT_ONCE = 1_000_000
"""Instances that are looked at together while the tables are made."""

MISSING = -1
"""Stands for the length of a shard that is not there."""

VALIDATION = 2**32 - 1
"""The epoch number under which validation pairs are drawn: the same ones after every epoch."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class PairConfig:
    """Which pairs are drawn, and how large a search region the network sees.

    Parameters
    ----------
    per_epoch : int
        Pairs in an epoch; published: 53,200.
    max_distance : int
        Largest distance between exemplar and search frame, frames (not list positions); published: 100.
    search_size : int
        Side of the search region that the network is trained on, px, cut from the middle of a stored search
        crop (`crop.search_size`); published: 239 of 255. The exemplar has the side that it has in the crops. Both suit
        the trunk (`training.network.image_sides`).
    missing_shards : {"raise", "skip"}
        `skip` trains on the videos whose shard is there (a partial pull), and says how many are not.
    parts : mapping
        What is taken of each part of the dataset, by its name. Where no weight and no limit is given, a video is drawn
        first, whatever its part.
    both_ways : bool
        Every second training pair is the one before it with exemplar and search region in each other's place, and an
        augmentation of its own. So crops are read and decoded half as often, and an epoch shows half as many.
    """

    per_epoch: int = Field(default=1024, ge=1)
    max_distance: int = Field(default=100, ge=1)
    search_size: int = Field(default=255, ge=8)
    missing_shards: Literal["raise", "skip"] = "raise"
    parts: Mapping[str, PartPairs] = Field(default_factory=dict)
    both_ways: bool = False

    def __post_init__(self) -> None:
        for name, part in self.parts.items():
            if self.both_ways and part.limit == 1:
                raise ValueError(
                    f"both_ways takes two pairs at a time, so parts.{name}.limit is 0, or 2 and more"
                )

    @property
    def mixed(self) -> bool:
        """Whether weights or limits decide how much each part gives."""
        return any(part.weight is not None or part.limit for part in self.parts.values())


class PairSampler:
    """Draws pairs of one track: a random video, a random track in it, a random exemplar, a random partner.

    Tracks without two instances within `max_distance` frames are left out, and so are instances without a
    partner. An instance of a still image is its own partner: augmentation tells the two apart.

    Parameters
    ----------
    imdb : Imdb
        Tracks and instances.
    root : Path
        Folder of the shards.
    config : PairConfig
        Distance, sizes, and what to do about missing shards.
    name : str
        What to call this imdb in messages.

    Raises
    ------
    InputError
        If shards are missing (and not to be skipped) or have another length than was indexed, or no pair can
        be drawn at all.
    """

    def __init__(self, imdb: Imdb, root: Path, config: PairConfig, *, name: str) -> None:
        self.imdb = imdb
        self.name = name
        self.geometry = imdb.header.crop.geometry
        self.root = root
        shards = tuple(imdb.shard(video) for video in range(len(imdb.videos)))
        lengths = np.array([_length(root / shard) for shard in shards], dtype=np.int64)
        self.present = lengths != MISSING
        if self.missing:
            self._report_missing(shards, config, name)
        parts = [video.partition("/")[0] for video in imdb.videos]
        self._still = np.array([part in imdb.header.still for part in parts], bool)
        reach = {part: config.parts[part].max_distance for part in config.parts}
        self._distance = np.array([reach.get(part) or config.max_distance for part in parts], np.int64)
        self._index()
        self._members: dict[str, list[int]] = {}
        for at, video in enumerate(self._drawn.tolist()):
            self._members.setdefault(parts[video], []).append(at)
        if not len(self._track):
            raise InputError(
                f"{name}: there is no pair to draw: no track of its {len(imdb.videos)} videos has two frames "
                f"within {config.max_distance} of each other",
                do="Curate more videos, change imdb.val_fraction, or raise train.pairs.max_distance",
                reason="no pairs",
            )
        _check_lengths(root, shards, lengths, imdb.shard_bytes, name)

    def _report_missing(self, shards: tuple[str, ...], config: PairConfig, name: str) -> None:
        first = shards[int(np.argmin(self.present))]
        line = f"{name}: {self.missing} of {len(shards)} shards are missing in {self.root}, the first {first}"
        if config.missing_shards == "raise" or not self.present.any():
            instead = ", or train on what is there with train.pairs.missing_shards: skip"
            raise InputError(
                line,
                do=f"Fetch them ({FETCH}){instead if self.present.any() else ''}",
                reason="missing shards",
            )
        log.warning("%s; training on the rest", line)

    def _index(self) -> None:
        """Flat tables of what can be drawn: videos -> tracks -> exemplars."""
        imdb = self.imdb
        self._unpaired = np.concatenate([*self._find_unpaired(), np.zeros(0, np.int64)])
        # Instances with a partner are numbered through: `_instance` undoes this.
        self._before = self._unpaired - np.arange(len(self._unpaired))
        first = imdb.track_start - np.searchsorted(self._unpaired, imdb.track_start)
        self._track = np.flatnonzero(np.diff(first) > 0).astype(np.int32)
        self._first, self._last = first[:-1].astype(np.int32), first[1:].astype(np.int32)
        self._exemplars = int(first[-1])
        videos = imdb.track_video[self._track]
        self._order = np.argsort(videos, kind="stable").astype(np.int32)
        self._drawn, start = np.unique(videos[self._order], return_index=True)
        self._video_start = np.append(start, len(videos)).astype(np.int32)

    def _find_unpaired(self) -> Iterator[NDArray[np.int64]]:
        """Instances that no pair can have, some tracks at a time: memory stays flat however many there are."""
        imdb, start = self.imdb, self.imdb.track_start
        cuts = np.unique(
            np.searchsorted(start, np.arange(0, len(imdb) + _AT_ONCE, _AT_ONCE)).clip(max=len(start) - 1)
        )
        for low, high in pairwise(cuts.tolist()):
            videos = imdb.track_video[low:high]
            length = np.diff(start[low : high + 1])
            near = (
                np.diff(imdb.frame[start[low] : start[high]]) <= np.repeat(self._distance[videos], length)[1:]
            )
            near[np.cumsum(length[:-1]) - 1] = False  # one instance and the next are of different tracks
            usable = np.repeat(self._still[videos], length)
            usable[:-1] |= near
            usable[1:] |= near
            usable &= np.repeat(self.present[videos], length)
            yield np.flatnonzero(~usable) + start[low]

    def _instance(self, exemplar: int) -> int:
        """The index into the imdb of one of the instances with a partner."""
        return exemplar + int(self._before.searchsorted(exemplar, side="right"))

    @property
    def missing(self) -> int:
        """Videos whose shard is not there."""
        return int((~self.present).sum())

    @property
    def videos(self) -> int:
        """Videos from which pairs are drawn."""
        return len(self._video_start) - 1

    @property
    def parts(self) -> dict[str, int]:
        """Videos from which pairs are drawn, of each part."""
        return {part: len(members) for part, members in self._members.items()}

    @property
    def tracks(self) -> int:
        """Tracks from which pairs are drawn."""
        return len(self._track)

    @property
    def instances(self) -> int:
        """Instances that can be an exemplar."""
        return self._exemplars

    def draw(self, random: np.random.Generator, part: str = "") -> tuple[int, int]:
        """One pair, of that part if one is named: exemplar and search instance (indices into the imdb), two but for
        still images.
        """
        u = random.random(4)
        video = self._members[part][int(u[0] * len(self._members[part]))] if part else int(u[0] * self.videos)
        low, high = self._video_start[video], self._video_start[video + 1]
        track = int(self._track[self._order[low + int(u[1] * (high - low))]])
        low, high = self._first[track], self._last[track]
        exemplar = self._instance(int(low) + int(u[2] * (high - low)))
        of = self.imdb.track_video[track]
        if self._still[of]:
            return exemplar, exemplar
        reach = int(self._distance[of])
        start, stop = (int(n) for n in self.imdb.track_start[track : track + 2])
        frames = self.imdb.frame[start:stop]
        number = int(self.imdb.frame[exemplar])
        low = start + int(frames.searchsorted(number - reach, side="left"))
        high = start + int(frames.searchsorted(number + reach, side="right"))
        search = low + int(u[3] * (high - low - 1))
        return exemplar, search + (search >= exemplar)

    def count_parts(self, seed: int, epochs: int, indices: range) -> dict[str, int]:
        """How many of the pairs with these indices of the first `epochs` come from each part where none is named."""
        if len(self._members) == 1:
            return dict.fromkeys(self._members, epochs * len(indices))
        part_of = {at: part for part, members in self._members.items() for at in members}
        streams = PairStreams(seed)
        firsts = (streams.at(epoch, index).random() for epoch in range(epochs) for index in indices)
        count = Counter(part_of[int(u * self.videos)] for u in firsts)
        return {part: count[part] for part in self._members}

    def track_of(self, instance: int) -> int:
        """The track (its index, not its id) that an instance belongs to."""
        return int(self.imdb.track_start.searchsorted(instance, side="right")) - 1

    def place(self, instance: int) -> str:
        """The video, frame and track of an instance, for messages."""
        imdb, track = self.imdb, self.track_of(instance)
        video = imdb.videos[imdb.track_video[track]]
        return f"video {video}, frame {imdb.frame[instance]}, track {imdb.track_id[track]}"


class PairStreams:
    """The random numbers of every pair: a counter-based stream of its own, whoever draws it, in whatever order.

    Parameters
    ----------
    seed : int
        Of the run.
    """

    def __init__(self, seed: int) -> None:
        self._stream = np.random.Philox(key=seed)
        self._start = self._stream.state
        self._generator = np.random.Generator(self._stream)

    def at(self, epoch: int, index: int) -> np.random.Generator:
        """The generator at the start of a pair's stream, as `Philox(key=seed, counter=[0, 0, index, epoch])` gives it.

        It is always the same one, set anew: a tenth of the time that a new one takes.
        """
        self._start["state"]["counter"][:] = (0, 0, index, epoch)
        self._stream.state = self._start
        return self._generator


def _length(path: Path) -> int:
    try:
        state = path.stat()
    except OSError:
        return MISSING
    return state.st_size if stat.S_ISREG(state.st_mode) else MISSING


def _check_lengths(
    root: Path,
    shards: tuple[str, ...],
    found: NDArray[np.int64],
    indexed: NDArray[np.int64],
    name: str,
) -> None:
    wrong = np.flatnonzero((found != MISSING) & (found != indexed))
    if len(wrong):
        at = int(wrong[0])
        raise InputError(
            f"{name}: {len(wrong)} of {len(shards)} shards in {root} differ in length from the index: the "
            f"first, {shards[at]}, has {found[at]} bytes, not {indexed[at]}",
            do=MENDED,
            reason="foreign shard",
        )
