"""How well a network does on validation pairs: the loss, and how far its response peaks from the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.batches.batch import PairBatch
from training.batches.network_input import labels, move
from training.network.image_sides import STRIDE
from training.trainer.distributed import Group
from training.trainer.learner import Learner


@dataclass(frozen=True)
class Scores:
    """Means over the validation pairs.

    Parameters
    ----------
    loss : float
        The training loss.
    centre_error : float
        Distance from the response's peak to the target's centre, px of the search image.
    pairs : int
        Their number.
    """

    loss: float
    centre_error: float
    pairs: int


def peak_offsets(response: Tensor) -> Tensor:
    """Where each response peaks, px of the search image from its centre.

    The map is enlarged by the stride (bicubic, cell centres kept), so the result is exact to one pixel.

    Parameters
    ----------
    response : (B, 1, r, r) tensor

    Returns
    -------
    (B, 2) float32 tensor
        x, y.
    """
    size = (response.shape[-1] - 1) * STRIDE + 1
    fine = F.interpolate(response.float(), (size, size), mode="bicubic", align_corners=True)
    best = fine.flatten(1).argmax(1)
    return torch.stack((best % size, best // size), 1).float() - (size - 1) / 2


@torch.inference_mode()
def validate(learner: Learner, batches: Iterable[PairBatch], group: Group) -> Scores:
    """Score the weights that would be published now, on this process's share of the validation pairs."""
    network = learner.published()
    loss_sum = error_sum = count = 0.0
    for batch in batches:
        batch = move(batch, learner.device)
        with learner.autocast():
            response = learner.respond(network, batch).float()
        loss = learner.loss(response, labels(batch, response.shape[-1], learner.label))
        error = (peak_offsets(response) - batch.offset).norm(dim=1)
        pairs = len(batch.offset)
        loss_sum += loss.item() * pairs
        error_sum += error.sum().item()
        count += pairs
    loss_sum, error_sum, count = group.sum((loss_sum, error_sum, count))
    return Scores(loss=loss_sum / count, centre_error=error_sum / count, pairs=int(count))
