"""The training of a box head."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from curation.parallel import run_in_order
from training.boxes.box_pairs import HERE, BoxPairs, Components
from training.tracking.online.box_network import BoxNetwork

BATCH = 64
"""Pairs in a step."""

RATE = 2e-3
"""Largest learning rate."""

WARM_UP = 100
"""Steps in which the learning rate rises from zero."""


@dataclass(frozen=True)
class BoxErrors:
    """Mean absolute errors of boxes, before and after they are corrected.

    Attributes
    ----------
    place : (float, float)
        Of x and y, in sides of the wrong box.
    size : (float, float)
        Of the mean side sqrt(w h), natural logarithm.
    aspect : (float, float)
        Of width over height, natural logarithm.
    """

    place: tuple[float, float]
    size: tuple[float, float]
    aspect: tuple[float, float]


def train_box_network(pairs: BoxPairs, *, steps: int, seed: int) -> BoxNetwork:
    """A box head for features as the pairs have them; the same arguments give the same weights on one machine.

    The loss is the negative log-likelihood of a Laplace distribution about the predicted correction, whose scale is
    predicted too (Kendall and Gal, 2017): so hard pairs count less. AdamW with a warm-up and a cosine (Loshchilov and
    Hutter, 2017, 2019).

    Parameters
    ----------
    pairs : BoxPairs
    steps : int
        Of `BATCH` pairs each.
    seed : int
        Of the first weights and of the order of pairs.

    Returns
    -------
    BoxNetwork
        In evaluation mode.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = BoxNetwork(pairs.template.shape[1])
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    for number in run_in_order(int, range(steps), workers=HERE, label="box head", unit="step"):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, number / WARM_UP) * 0.5 * (1 + math.cos(math.pi * number / steps))
        found, scale, wanted = _forward(network, pairs, generator)
        loss = ((found - wanted).abs() * (-scale).exp() + scale).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return network.eval()


def _forward(
    network: BoxNetwork, pairs: BoxPairs, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Corrections, logarithms of expected errors, and true corrections, each (B, 4), of a random batch.

    Half of the batches are turned upside down, three tenths have rows and columns exchanged.
    """
    chosen = torch.randint(len(pairs.correction), (BATCH,), generator=generator)
    template, search = pairs.template[chosen].float(), pairs.search[chosen].float()
    wanted = pairs.correction[chosen].clone()
    upside_down, transposed = torch.rand(2, generator=generator).tolist()
    if upside_down < 0.5:
        template, search = template.flip(2), search.flip(2)
        wanted[:, 1] *= -1
    if transposed < 0.3:
        template, search = template.transpose(2, 3), search.transpose(2, 3)
        wanted = wanted[:, [1, 0, 3, 2]]
    return *network(network.project(template), network.project(search)), wanted


@torch.inference_mode()
def box_errors(network: BoxNetwork, pairs: BoxPairs) -> BoxErrors:
    """Errors of the pairs' wrong boxes, and what the network leaves of them."""
    found = torch.cat(
        [
            network(network.project(template.float()), network.project(search.float()))[0]
            for template, search in zip(pairs.template.split(256), pairs.search.split(256), strict=True)
        ]
    )
    left = pairs.correction, pairs.correction - found

    def before_and_after(part: Callable[[Tensor], Tensor]) -> tuple[float, float]:
        return float(part(left[0]).abs().mean()), float(part(left[1]).abs().mean())

    return BoxErrors(
        place=before_and_after(lambda error: error[:, :2]),
        size=before_and_after(lambda error: error[:, 2:].mean(1)),
        aspect=before_and_after(lambda error: error[:, 2] - error[:, 3]),
    )


def with_components(network: BoxNetwork, components: Components) -> BoxNetwork:
    """The same network for a backbone's own features: components and projection become one affine map."""
    whole = BoxNetwork(components.weight.shape[1])
    state = network.state_dict()
    projection = state["project.weight"][:, :, 0, 0]
    state["project.weight"] = (projection @ components.weight)[:, :, None, None]
    state["project.bias"] = state["project.bias"] + projection @ components.bias
    whole.load_state_dict(state)
    return whole.eval()
