"""Pairs that a box head learns from: features of a target, and of a wrong box of it in another frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as count_up

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from curation.errors import InputError
from curation.parallel import Workers, run_in_order
from training.backbones.backbone import Backbone
from training.batches.pair_dataset import PairDataset
from training.batches.pairs import PairStreams
from training.boxes.pair_views import SMALLEST, cropped, disturbed_views, pasted
from training.tracking.interface import Frame
from training.tracking.online.box_network import SEARCH, SIDE, TEMPLATE, grid
from training.tracking.online.region import Geometry, batch, cut

HERE = Workers(jobs=1)
"""This process alone: the backbone has threads of its own."""

SPARE = 2
"""Cells around the grid, which keep the backbone's padding away from it."""

MOST = 7.5
"""Longest side of the maps, mean sides of the target; a very thin target reaches it, and their edge is repeated."""

LARGEST_CHANGE = 1.0
"""Natural logarithm of how much a side may change between both frames: beyond it the target shows something else."""

TRIES = 50
"""Pairs drawn for each that teaches something, at most: with more the data are called hopeless."""

PASTED = 0.3
"""Share of pairs that are pieces of crops on other crops, not the dataset's own objects."""

KEPT = (96, 48)
"""Principal components of the shallow and the deep features; so pairs fit into memory (100 KB each)."""

FITTED_ON = 200
"""Pairs from which the components are found."""


@dataclass(frozen=True)
class BoxPairs:
    """Grids of features, and the corrections that lead from wrong boxes to the target.

    N pairs of C channels: `KEPT` of each depth.

    Attributes
    ----------
    template : (N, C, TEMPLATE, TEMPLATE) float16 tensor
    search : (N, C, SEARCH, SEARCH) float16 tensor
    correction : (N, 4) float32 tensor
        As `BoxNetwork` gives it.
    """

    template: Tensor
    search: Tensor
    correction: Tensor


@dataclass(frozen=True)
class Components:
    """Principal components of a backbone's features, of unit mean variance for each depth.

    C channels of both depths, R components.

    Attributes
    ----------
    weight : (R, C) float32 tensor
    bias : (R,) float32 tensor
    """

    weight: Tensor
    bias: Tensor

    def of(self, grids: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, R, h, w)."""
        return F.conv2d(grids, self.weight[:, :, None, None], self.bias)


def draw_box_pairs(
    dataset: PairDataset,
    backbone: Backbone,
    count: int,
    *,
    target_cells: float,
    disturbed: bool,
    components: Components | None = None,
) -> tuple[BoxPairs, Components]:
    """Pairs of a dataset, each with a wrong box drawn for it.

    Parameters
    ----------
    dataset : PairDataset
        Its crops; its augmentation is not used.
    backbone : Backbone
    count : int
        Pairs wanted.
    target_cells : float
        Mean side to which the target is scaled, cells of the features: `track.online.region.target_cells`.
    disturbed : bool
        Paste pieces, and change light, sharpness and tightness of boxes, as training wants it.
    components : Components, optional
        Those of another call; found here from the first pairs otherwise.

    Returns
    -------
    BoxPairs
        `count` of them.
    Components
        Those of its features.

    Raises
    ------
    InputError
        If a crop cannot be read, or hardly any pair teaches something.
    """
    first: list[tuple[Tensor, Tensor, np.ndarray]] = []
    pairs: BoxPairs | None = None
    useful = _useful(dataset, backbone, target_cells, disturbed=disturbed)
    for number in run_in_order(int, range(count), workers=HERE, label=dataset.sampler.name, unit="pair"):
        first.append(next(useful))
        if components is None and number + 1 == min(FITTED_ON, count):
            components = _fit(first, backbone.channels)
        if components is None:
            continue
        pairs = pairs or _room(count, len(components.bias))
        for at, (template, search, correction) in enumerate(first, start=number + 1 - len(first)):
            pairs.template[at] = components.of(template)[0]
            pairs.search[at] = components.of(search)[0]
            pairs.correction[at] = torch.from_numpy(correction)
        first.clear()
    assert pairs is not None
    assert components is not None
    return pairs, components


def _room(count: int, channels: int) -> BoxPairs:
    """Room for so many pairs."""
    return BoxPairs(
        torch.empty(count, channels, TEMPLATE, TEMPLATE, dtype=torch.float16),
        torch.empty(count, channels, SEARCH, SEARCH, dtype=torch.float16),
        torch.empty(count, 4),
    )


def _fit(found: list[tuple[Tensor, Tensor, np.ndarray]], channels: tuple[int, int]) -> Components:
    """The components of the features on both grids of each pair; `channels` of each depth."""
    cells = torch.cat([part[0].flatten(1) for one in found for part in one[:2]], 1).double()
    weights, biases = [], []
    for part, kept in zip(cells.split(channels), KEPT, strict=True):
        mean = part.mean(1)
        centred = part - mean[:, None]
        variances, axes = torch.linalg.eigh(centred @ centred.T / centred.shape[1])  # ascending
        count = min(kept, len(variances))
        axes = axes[:, -count:].T.flip(0) / variances[-count:].mean().clamp_min(1e-12).sqrt()
        weights.append(axes.float())
        biases.append(-(axes @ mean).float())
    return Components(torch.block_diag(*weights), torch.cat(biases))


def _useful(
    dataset: PairDataset, backbone: Backbone, target_cells: float, *, disturbed: bool
) -> Iterator[tuple[Tensor, Tensor, np.ndarray]]:
    """The pairs that teach something, as `_pair` gives them, without end.

    Raises
    ------
    InputError
        If there are hardly any.
    """
    streams = PairStreams(dataset.seed)
    useful = 0
    for index in count_up():
        if pair := _pair(dataset, backbone, target_cells, index, streams, disturbed=disturbed):
            useful += 1
            yield pair
        elif index > TRIES * (useful + 10):
            raise InputError(
                f"{dataset.sampler.name}: of {index:,} pairs only {useful:,} have boxes of at least {SMALLEST} px that "
                "keep their shape",
                do="Curate other videos, or lower train.pairs.max_distance",
                reason="no pairs",
            )


def _pair(
    dataset: PairDataset,
    backbone: Backbone,
    target_cells: float,
    index: int,
    streams: PairStreams,
    *,
    disturbed: bool,
) -> tuple[Tensor, Tensor, np.ndarray] | None:
    """Template (1, C, TEMPLATE, TEMPLATE), search (1, C, SEARCH, SEARCH), and (4,) float64 correction.

    None for a pair that teaches nothing.
    """
    (_, ground), _ = dataset.pair(1, index, streams)  # of another epoch: something else to paste on
    pair, random = dataset.pair(0, index, streams)
    views = (
        pasted(dataset.crop(pair[0]), dataset.crop(ground), random)
        if disturbed and random.random() < PASTED
        else cropped(dataset, pair)
    )
    if views is None or np.abs(np.log(views[1].shown / views[0].shown)).max() > LARGEST_CHANGE:
        return None
    if disturbed:
        views = disturbed_views(views, random)
    template, search = views
    centre, size = _wrong_box(search.centre, search.size, random)
    return (
        _features(template.frame, template.centre, template.size, TEMPLATE, target_cells, backbone),
        _features(search.frame, centre, size, SEARCH, target_cells, backbone),
        np.concatenate([(search.centre - centre) / size, np.log(search.size / size)]),
    )


def _wrong_box(
    centre: np.ndarray, size: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and size as a tracker might have them: mostly a little off, in three of ten pairs farther."""
    shift, growth = (0.22, 0.22) if random.random() < 0.3 else (0.09, 0.12)
    area, aspect = random.normal(0, growth), random.normal(0, 0.10)
    factor = np.exp([area + aspect, area - aspect]).clip(0.6, 1.67)
    return centre + random.normal(0, shift, 2).clip(-0.45, 0.45) * size, size * factor


def _features(
    frame: Frame, centre: np.ndarray, size: np.ndarray, cells: int, target_cells: float, backbone: Backbone
) -> Tensor:
    """(1, C1 + C2, cells, cells) float32 features on the grid of a box, scaled as in tracking."""
    target = size / np.sqrt(size.prod()) * target_cells
    most = int(MOST * target_cells) | 1
    width, height = (min(2 * int(np.ceil(side * cells / SIDE / 2)) + 1 + 2 * SPARE, most) for side in target)
    geometry = Geometry((3, 3), (height, width), target)
    maps = backbone.features(batch([cut(frame, centre, size, geometry, backbone)]))
    return torch.cat([grid(part, (float(target[0]), float(target[1])), cells) for part in maps], 1).cpu()
