"""The box head: a small network that compares a target then and now, and says how its box has to change.

It knows no classes. Both boxes are covered by a grid of cells. Every cell of the first is compared with its
neighbourhood in the second, which gives a cost volume (as in FlowNet: Dosovitskiy et al., 2015); a few convolutions say
by how much the cell has moved and how far to trust it; a weighted line through all cells of an axis gives shift and
size. It is trained on crops of any video (`training.boxes`), never while tracking.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from curation.errors import InputError
from curation.files import write_bytes
from curation.outside import open_outside
from training.backbones.backbone import Backbone
from training.messages import first_line
from training.tracking.online.box_head_file import LIMIT, MAKE

SIDE = 8
"""Cells along each side of the box."""

MARGIN = 1
"""Cells of the template beyond the box, on each side."""

REACH = 3
"""How far a cell is looked for, cells each way."""

TEMPLATE = SIDE + 2 * MARGIN
SEARCH = TEMPLATE + 2 * REACH
"""Cells along each side of the two grids."""

SHIFTS = (2 * REACH + 1) ** 2
"""Places at which a cell is looked for: channels of the cost volume."""

COMPARED = 48
"""Channels whose cosine is compared."""

OWN = 8
"""Channels that tell the network what kind of place a cell is."""

HIDDEN = 48
"""Channels of the convolutions over the cost volume."""

STEADY = 0.02
"""Weight of "the size is the same" in the line through the cells, as a share of all cells' weights."""

KEY = "dslt_box_head"
"""Of a file's metadata: the JSON text of what it was trained on."""


class BoxNetwork(nn.Module):
    """Corrections of a box from two grids of features.

    Parameters
    ----------
    channels : int
        Of the features, both depths together.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, COMPARED + OWN, 1)
        self.sharpness = nn.Parameter(torch.tensor(5.0))
        self.mix = nn.Conv2d(SHIFTS + 2 * OWN + 2, HIDDEN, 1)
        self.layers = nn.ModuleList(nn.Conv2d(HIDDEN, HIDDEN, 3, padding=1) for _ in range(3))
        self.cells = _from_zero(nn.Conv2d(HIDDEN, 4, 1))
        self.summary = nn.Conv2d(HIDDEN, 12, 1)
        self.joined = nn.Linear(12 * TEMPLATE**2 + 4, 64)
        self.rest = _from_zero(nn.Linear(64, 8))
        places = torch.arange(TEMPLATE)
        shifts = torch.arange(2 * REACH + 1)
        corner = (places[:, None] * SEARCH + places).flatten()
        shift = (shifts[:, None] * SEARCH + shifts).flatten()
        self.register_buffer("neighbours", corner[:, None] + shift, persistent=False)
        along = (places - (TEMPLATE - 1) / 2) / SIDE
        self.register_buffer("x", along.expand(TEMPLATE, TEMPLATE).contiguous(), persistent=False)
        self.register_buffer("y", along[:, None].expand(TEMPLATE, TEMPLATE).contiguous(), persistent=False)

    neighbours: Tensor
    x: Tensor
    y: Tensor

    def forward(self, template: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """What leads from the search grid's box to the target.

        Parameters
        ----------
        template : (B, COMPARED + OWN, TEMPLATE, TEMPLATE) tensor
            `project`ed features of the target, on a grid of its box.
        search : (B, COMPARED + OWN, SEARCH, SEARCH) tensor
            Those of a later frame, on a grid of the box that is to be corrected.

        Returns
        -------
        (B, 4) tensor
            Shift in x and y, shares of the box's width and height; logarithms of the changes of width and height.
        (B, 4) tensor
            Logarithms of the errors that the network expects of them (scale of a Laplace distribution).
        """
        costs = self._costs(template, search)
        batch = len(costs)
        inner = search[:, COMPARED:, REACH:-REACH, REACH:-REACH]
        place = torch.stack([self.x, self.y]).expand(batch, -1, -1, -1)
        hidden = F.relu(self.mix(torch.cat([costs, template[:, COMPARED:], inner, place], 1)))
        for layer in self.layers:
            hidden = hidden + F.relu(layer(hidden))
        cells = self.cells(hidden).float()
        likely = F.softmax(2 * costs.float(), 1).unflatten(1, (2 * REACH + 1, 2 * REACH + 1))
        steps = (torch.arange(2 * REACH + 1, device=likely.device) - REACH) / SIDE
        fits = [
            _line(at, at + moved + cells[:, axis] / SIDE, cells[:, 2 + axis])
            for axis, (at, moved) in enumerate(
                (
                    (self.x, torch.einsum("bvuhw,u->bhw", likely, steps)),
                    (self.y, torch.einsum("bvuhw,v->bhw", likely, steps)),
                )
            )
        ]
        fitted = torch.stack([*(shift for shift, _ in fits), *(size for _, size in fits)], 1)
        summary = F.relu(self.summary(hidden)).flatten(1)
        rest = self.rest(F.relu(self.joined(torch.cat([summary, fitted.detach()], 1)))).float()
        return fitted + rest[:, :4] / SIDE, rest[:, 4:] - 2.5

    def _costs(self, template: Tensor, search: Tensor) -> Tensor:
        """(B, SHIFTS, TEMPLATE, TEMPLATE): cosine of every cell with each cell of its neighbourhood, sharpened."""
        first = F.normalize(template[:, :COMPARED], dim=1).flatten(2)
        second = F.normalize(search[:, :COMPARED], dim=1).flatten(2)
        cosines = first.transpose(1, 2) @ second  # (B, TEMPLATE^2, SEARCH^2)
        near = cosines.gather(2, self.neighbours.expand(len(cosines), -1, -1))
        return self.sharpness * near.transpose(1, 2).unflatten(2, (TEMPLATE, TEMPLATE))


def _from_zero(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    """The layer with weights of zero: it answers zero until it is trained."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _line(at: Tensor, now: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    """Where the middle has gone, and the logarithm of the stretch, by weighted least squares.

    Parameters
    ----------
    at : (h, w) tensor
        Places of the cells along an axis, in sides of the box from its middle.
    now : (B, h, w) tensor
        Where they are now.
    trust : (B, h, w) tensor
        Logarithms of their weights.

    Returns
    -------
    (B,) tensor
        Shift of the box's middle, in sides of the box.
    (B,) tensor
        Logarithm of the stretch.
    """
    weight = trust.clamp(-6, 6).exp()
    total = weight.sum((1, 2))
    before, after = (weight * at).sum((1, 2)) / total, (weight * now).sum((1, 2)) / total
    apart = at - before[:, None, None]
    together = (weight * apart * (now - after[:, None, None])).sum((1, 2)) + STEADY * total
    stretch = (together / ((weight * apart**2).sum((1, 2)) + STEADY * total)).clamp(0.3, 3)
    return after - stretch * before, stretch.log()


def grid(
    maps: Tensor, target: tuple[float, float], cells: int, *, middle: tuple[float, float] = (0.0, 0.0)
) -> Tensor:
    """Features on a grid of cells around a box, between the cells of the maps.

    Parameters
    ----------
    maps : (B, C, h, w) tensor
    target : (width, height)
        Of the box, cells of the maps.
    cells : int
        `TEMPLATE` or `SEARCH`.
    middle : (x, y)
        The box's middle, cells from that of the maps.

    Returns
    -------
    (B, C, cells, cells) float32 tensor
        The cells at the maps' edge are repeated beyond it.
    """
    height, width = maps.shape[-2:]
    along = (torch.arange(cells, device=maps.device) - (cells - 1) / 2) / SIDE
    x = (along * target[0] + middle[0]) * 2 / (width - 1)
    y = (along * target[1] + middle[1]) * 2 / (height - 1)
    places = torch.stack(torch.broadcast_tensors(x, y[:, None]), -1)[None].float()
    return F.grid_sample(
        maps.float(), places.expand(len(maps), -1, -1, -1), align_corners=True, padding_mode="border"
    )


def save_box_network(path: Path, network: BoxNetwork, metadata: Mapping[str, Any]) -> None:
    """Write a network in half precision, atomically; metadata are JSON values, the `backbone`'s name among them."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}
    text = orjson.dumps(dict(metadata), option=orjson.OPT_SORT_KEYS).decode()
    write_bytes(path, safetensors.torch.save(tensors, {KEY: text}))


def load_box_network(path: Path, backbone: Backbone) -> BoxNetwork:
    """A network of `save_box_network` for that backbone, to use and not to train, on the CPU.

    Raises
    ------
    InputError
        If the file is missing or damaged, is none of a box head, or was trained on another backbone.
    """
    try:
        with open_outside(path, limit=LIMIT, kind="a box head", do=MAKE):
            pass
        with safe_open(path, framework="pt") as file:
            metadata = orjson.loads((file.metadata() or {}).get(KEY, "null"))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"there is no box head {path}", do=MAKE, reason="missing file") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, first_line(error)) from None
    if not isinstance(metadata, dict):
        raise InputError(f"{path} is no box head of this project", do=MAKE, reason="foreign weights")
    if metadata.get("backbone") != backbone.name:
        raise InputError(
            f"the box head {path} was trained on {metadata.get('backbone')}, and the backbone is {backbone.name}",
            do=f"{MAKE}, with track.backbone.name={backbone.name}; or do without: track.online.refine.share=0",
            reason="foreign weights",
        )
    network = BoxNetwork(sum(backbone.channels))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise _damaged(path, first_line(error)) from None
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise _damaged(path, "some of its weights are no numbers")
    return network.eval().requires_grad_(False)


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path} is not a whole box head ({why})", do=MAKE, reason="damaged weights")
