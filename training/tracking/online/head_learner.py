"""Trains the head: a loss on its responses, by autograd, and Adam steps on kernel and bias."""

from __future__ import annotations

from dataclasses import asdict

import torch
from torch import Tensor

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
        self._adam = torch.optim.Adam([head.weight, head.bias], lr=config.first_rate, fused=True)

    def teach_first(self, spectra: Tensor, labels: Tensor) -> None:
        """Learn the target from samples of the first frame: (N, frequencies, C) and (N, h, w)."""
        config = self.config
        for step in range(config.first_steps):
            late = step >= 0.7 * config.first_steps
            self._rate(config.first_rate * (0.3 if late else 1.0))
            others = torch.randperm(len(labels) - 1, generator=self._generator)[: config.first_batch - 1] + 1
            chosen = torch.cat([torch.zeros(1, dtype=torch.long), others])
            self._step(spectra[chosen], labels[chosen])

    def update(self, spectra: Tensor, labels: Tensor) -> None:
        """A few steps on the memory, each on the next part of it."""
        self._rate(self.config.update_rate)
        parts = -(-len(labels) // self.config.update_batch)
        for _ in range(self.config.update_steps):
            part, self._turn = self._turn % parts, self._turn + 1
            chosen = slice(len(labels) * part // parts, len(labels) * (part + 1) // parts)
            self._step(spectra[chosen], labels[chosen])

    def _rate(self, rate: float) -> None:
        for group in self._adam.param_groups:
            group["lr"] = rate

    def _step(self, spectra: Tensor, labels: Tensor) -> None:
        with torch.enable_grad():
            response = self.head.respond(spectra).detach().requires_grad_()  # (N, h, w)
            loss = self._loss(response, labels, reduction="sum") / len(labels)
            (slope,) = torch.autograd.grad(loss, response)
        self.head.weight.grad, self.head.bias.grad = self.head.gradient(spectra, slope)
        self._adam.step()
