"""Trains the head: a loss on its responses, by autograd, and Adam steps on kernel and bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import torch
from torch import Tensor
from torch.optim.adam import adam

from training.losses import bound
from training.tracking.online.head import Head
from training.tracking.online.online_config import LearnConfig


class Learner:
    """Adam on one head.

    Parameters
    ----------
    head : Head
        Its kernel is drawn anew.
    config : LearnConfig
    generator : torch.Generator
        Source of the kernel and of the order of samples.
    """

    def __init__(self, head: Head, config: LearnConfig, generator: torch.Generator) -> None:
        self.head = head
        self.config = config
        self._generator = generator
        self._turn = 0
        self._loss = bound(config.loss, asdict(config))
        drawn = torch.randn(head.weight.shape, generator=generator) * config.init_std
        head.weight = drawn.to(head.weight.device)
        self._adam = Adam([head.weight, head.bias])

    def teach_first(self, spectra: Tensor, labels: Tensor) -> None:
        """Learn the target from samples of the first frame: (N, frequencies, C) and (N, h, w)."""
        config = self.config
        for step in range(config.first_steps):
            late = step >= 0.7 * config.first_steps
            rate = config.first_rate * (0.3 if late else 1.0)
            others = torch.randperm(len(labels) - 1, generator=self._generator)[: config.first_batch - 1] + 1
            chosen = torch.cat([torch.zeros(1, dtype=torch.long), others])
            self._step(spectra[chosen], labels[chosen], rate)

    def update(self, spectra: Tensor, labels: Tensor) -> None:
        """A few steps on the memory, (N, frequencies, C) and (N, h, w), each on the next part of it."""
        parts = -(-len(labels) // self.config.update_batch)
        for _ in range(self.config.update_steps):
            part, self._turn = self._turn % parts, self._turn + 1
            chosen = slice(len(labels) * part // parts, len(labels) * (part + 1) // parts)
            self._step(spectra[chosen], labels[chosen], self.config.update_rate)

    def _step(self, spectra: Tensor, labels: Tensor, rate: float) -> None:
        with torch.enable_grad():
            response = self.head.respond(spectra).detach().requires_grad_()  # (N, h, w)
            loss = self._loss(response, labels, reduction="sum") / len(labels)
            (slope,) = torch.autograd.grad(loss, response)
        self._adam.step(self.head.gradient(spectra, slope), rate)


class Adam:
    """Adam (Kingma and Ba, 2015) in torch's fused form, with torch's constants; it changes the tensors in place.

    `torch.optim.Adam` computes the same numbers, but imports torch's compiler first, which takes longer than the
    whole first frame.

    Parameters
    ----------
    tensors : list of float32 tensors
    """

    def __init__(self, tensors: list[Tensor]) -> None:
        self._tensors = tensors
        self._means, self._squares = ([torch.zeros_like(tensor) for tensor in tensors] for _ in range(2))
        self._steps = [torch.zeros((), device=tensor.device) for tensor in tensors]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], rate: float) -> None:
        """Go one step of that learning rate against the gradients."""
        adam(
            self._tensors,
            list(gradients),
            self._means,
            self._squares,
            [],
            self._steps,
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
