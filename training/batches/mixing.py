"""How much each part of the dataset gives: which part every pair of an epoch comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from curation.errors import InputError


def _positive(weight: float | None) -> float | None:
    if weight is not None and weight <= 0:
        raise ValueError("a weight is above 0; to train without a part, take it out of dataset.subsets")
    return weight


@parameters(frozen=True, kw_only=True, config=STRICT)
class PartPairs:
    """What training takes of one part.

    Parameters
    ----------
    weight : float, optional
        Its share of the pairs, relative to the others' weights. Where any part has one, a part without has 1; where
        none has, a part counts as many as it has videos.
    limit : int
        Most pairs of it in an epoch; what is over goes to the other parts, by their weights. 0: no limit.
    max_distance : int
        Largest distance between exemplar and search frame in it, frames; 0: as `PairConfig.max_distance`.
    """

    weight: Annotated[float | None, AfterValidator(_positive)] = None
    limit: int = Field(default=0, ge=0)
    max_distance: int = Field(default=0, ge=0)


def allot(weights: Sequence[float], limits: Sequence[int], pairs: int) -> list[int]:
    """Whole numbers of pairs by weights, none above its limit (0: none), together `pairs` or all limits.

    What rounding leaves over goes to the largest fractions, the first among equals.
    """
    given = dict.fromkeys(range(len(weights)), 0)
    open_ = list(given)
    while open_:
        left = pairs - sum(given.values())
        exact = {one: left * weights[one] / sum(weights[each] for each in open_) for one in open_}
        full = [one for one in open_ if limits[one] and exact[one] > limits[one]]
        if not full:
            floors = {one: int(number) for one, number in exact.items()}
            rest = left - sum(floors.values())
            most = sorted(open_, key=lambda one: floors[one] - exact[one])[:rest]
            given |= {one: floors[one] + (one in most) for one in open_}
            break
        given |= {one: limits[one] for one in full}
        open_ = [one for one in open_ if one not in full]
    return list(given.values())


def plan(
    videos: Mapping[str, int],
    parts: Mapping[str, PartPairs],
    pairs: int,
    *,
    name: str,
    validation: bool = False,
) -> dict[str, int]:
    """Pairs of each part in an epoch of `pairs`.

    Parameters
    ----------
    videos : mapping
        Videos that each part can be drawn from.
    parts : mapping
        What is wanted of each; those that are not among `videos` count for nothing.
    name : str
        Of the imdb, for messages.
    validation : bool
        Whether the pairs are for validation: by the same weights, without limits, and a part may give none.

    Raises
    ------
    InputError
        If the limits leave fewer pairs than an epoch has, or a part so small a share that it gives none.
    """
    wanted = {part: parts.get(part, PartPairs()) for part in videos}
    weighted = any(one.weight for one in wanted.values())
    weights = [one.weight or (1.0 if weighted else float(videos[part])) for part, one in wanted.items()]
    limits = [0 if validation else one.limit for one in wanted.values()]
    given = dict(zip(wanted, allot(weights, limits, pairs), strict=True))
    if sum(given.values()) < pairs:
        raise InputError(
            f"{name}: the limits of all parts leave {sum(given.values()):,} pairs, an epoch has {pairs:,}",
            do="Raise a train.pairs.parts.<part>.limit, or lower train.pairs.per_epoch",
            reason="too few pairs",
        )
    if not validation and (nothing := [part for part, number in given.items() if not number]):
        raise InputError(
            f"{name}: part {nothing[0]} gets none of the {pairs:,} pairs of an epoch",
            do=f"Raise train.pairs.parts.{nothing[0]}.weight, or train.pairs.per_epoch; or take the part out of "
            "dataset.subsets",
            reason="too few pairs",
        )
    return given


class Mix:
    """The part of every pair, by (seed, epoch, index) alone: in each epoch as many of a part as planned, shuffled.

    Parameters
    ----------
    given : mapping
        Pairs of each part in an epoch (`plan`).
    seed : int
        Of the run.
    """

    def __init__(self, given: Mapping[str, int], seed: int) -> None:
        self.given = given
        self._seed = seed
        self._parts = list(given)
        self._order: tuple[int, list[int]] = (-1, [])

    def part(self, epoch: int, index: int) -> str:
        """The part of a pair."""
        if self._order[0] != epoch:
            # A stream apart from those of the pairs (`pairs.PairStreams`): they leave this word of the counter 0.
            random = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 1, 0, epoch]))
            slots = np.repeat(np.arange(len(self._parts)), list(self.given.values()))
            self._order = (epoch, random.permutation(slots).tolist())
        return self._parts[self._order[1][index]]
