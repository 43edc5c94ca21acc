"""One training step (forward, loss, backward, clip, update, average), and what a checkpoint keeps of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from training.batches.batch import PairBatch
from training.batches.label_config import LabelConfig
from training.batches.network_input import images, labels
from training.losses import Loss
from training.network.siamese_network import SiameseNetwork
from training.trainer.configuration import OptimiserConfig, PrecisionConfig
from training.trainer.distributed import Group


class Learner:
    """A network, its optimiser and its running average, on one device of a group.

    Parameters
    ----------
    network : SiameseNetwork
        Trained in place.
    loss : Loss
        Of response maps and label maps.
    label, optimiser, precision
        Parameter sections.
    ema : float
        Decay per step of the running average of the weights; 0 for none.
    group : Group
        The processes that share each step.
    device : torch.device
        Where to compute.
    """

    def __init__(
        self,
        network: SiameseNetwork,
        loss: Loss,
        *,
        label: LabelConfig,
        optimiser: OptimiserConfig,
        precision: PrecisionConfig,
        ema: float,
        group: Group,
        device: torch.device,
    ) -> None:
        self.loss, self.label, self.precision, self.device = loss, label, precision, device
        self._clip, self._decay = optimiser.clip, ema
        layout = torch.channels_last if precision.channels_last else torch.contiguous_format
        self.network = group.synchronise(network).to(device)
        self.network.to(memory_format=layout)  # type: ignore[call-overload]  # torch's stubs lack it
        if precision.compile:
            self.network.compile()
        self.model = group.parallel(self.network, device)
        self._trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = _build_optimiser(optimiser, self._trained, portable=precision.portable)
        self._average = {k: v.clone() for k, v in self.network.state_dict().items()} if ema else None

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of the network's arithmetic."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision.amp)

    def step(self, batch: PairBatch, rate: float) -> tuple[Tensor, Tensor]:
        """Update the weights on one batch (already on the device).

        Returns
        -------
        two scalar tensors
            The batch's mean loss, and the norm of the gradient (over all processes) before clipping.
            Neither has been checked: a caller on a GPU chooses when to wait for them.
        """
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            response = self.respond(self.model, batch)
        loss = self.loss(response, labels(batch, response.shape[-1], self.label))
        loss.backward()
        norm = nn.utils.get_total_norm([p.grad for p in self._trained if p.grad is not None])
        if self._clip:
            nn.utils.clip_grads_with_norm_(self._trained, self._clip, norm)
        self.optimiser.step()
        self._update_average()
        return loss.detach(), norm

    def respond(self, model: nn.Module, batch: PairBatch) -> Tensor:
        """Response maps (B, 1, r, r) of a batch."""
        last = self.precision.channels_last
        response: Tensor = model(
            images(batch.exemplar, batch.colour[:, 0], channels_last=last),
            images(batch.search, batch.colour[:, 1], channels_last=last),
        )
        return response

    @torch.no_grad()
    def _update_average(self) -> None:
        if self._average is not None:
            for name, value in self.network.state_dict().items():
                average = self._average[name]
                if value.is_floating_point():
                    average.lerp_(value, 1 - self._decay)
                else:
                    average.copy_(value)

    def published(self) -> SiameseNetwork:
        """A copy of the network (of its running average, if one is kept), in evaluation mode."""
        network = copy.deepcopy(self.network)
        if self._average is not None:
            network.load_state_dict(self._average)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on: tensors, numbers, strings, and containers of them."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self._average,
            "rng": torch.get_rng_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from `state()` of a learner with the same parameters."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self._average is not None:
            for name, value in state["average"].items():
                self._average[name].copy_(value)
        torch.set_rng_state(state["rng"])


def _build_optimiser(
    config: OptimiserConfig, trained: list[nn.Parameter], *, portable: bool
) -> torch.optim.Optimizer:
    if config.name == "sgd":
        return torch.optim.SGD(
            trained, config.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
        )
    return torch.optim.AdamW(
        trained,
        config.learning_rate,
        betas=(config.momentum, 0.999),
        weight_decay=config.weight_decay,
        # The other form takes roots from MKL, which rounds them by the processor whatever it is told.
        fused=portable or None,
    )
