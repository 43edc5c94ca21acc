"""Train one network in several processes: gradients, batch statistics and metrics are over all of them.

`torchrun` starts the processes and describes the group in environment variables; reading them is torch's own
rendezvous, and the only thing here that depends on the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from curation.errors import InputError
from training.messages import first_line
from training.network.siamese_network import SiameseNetwork

TIMEOUT = timedelta(minutes=10)
"""How long a process waits for the others in a collective operation before it gives the job up."""


@dataclass(frozen=True)
class Group:
    """The processes of a job; alone by default.

    Parameters
    ----------
    rank : int
        Number of this process, from 0. Rank 0 writes.
    size : int
        Number of processes.
    device : torch.device, optional
        The device that this process has among those of its machine; None where it may choose.
    """

    rank: int = 0
    size: int = 1
    device: torch.device | None = None

    @property
    def main(self) -> bool:
        return self.rank == 0

    def sum(self, values: Sequence[float]) -> list[float]:
        """Sums of numbers over all processes, in double precision."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        result: list[float] = total.tolist()
        return result

    def share(self, value: bytes | None) -> bytes | None:
        """Rank 0's bytes (or None), on every process."""
        if self.size == 1:
            return value
        box: list[Any] = [value]
        dist.broadcast_object_list(box)
        shared: bytes | None = box[0]
        return shared

    def synchronise(self, network: SiameseNetwork) -> SiameseNetwork:
        """Have batch normalisation use the statistics of the whole global batch. In place."""
        if self.size > 1:
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.__class__ = GlobalBatchNorm2d
        return network

    def parallel(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Wrap a model so that its gradients are averaged over the processes."""
        if self.size == 1:
            return model
        return nn.parallel.DistributedDataParallel(
            model, device_ids=[device] if device.type == "cuda" else None
        )


class _SumOverProcesses(torch.autograd.Function):
    """All-reduce whose gradient is the all-reduce of the gradients."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        result = values.clone()
        dist.all_reduce(result)
        return result

    @staticmethod
    def backward(_context: Any, *gradients: Tensor) -> Tensor:
        result = gradients[0].contiguous().clone()
        dist.all_reduce(result)
        return result


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the batches of all processes, on any device (torch's own needs a GPU).

    Every process must hold the same number of elements. Parameters and buffers are those of `BatchNorm2d`.
    """

    def forward(self, values: Tensor) -> Tensor:  # (B, C, H, W)
        if not self.training:
            return super().forward(values)
        size = dist.get_world_size()
        count = size * values.numel() // values.shape[1]
        wide = values.float()
        mean = _SumOverProcesses.apply(wide.mean((0, 2, 3))) / size
        centred = wide - mean[:, None, None]
        variance = _SumOverProcesses.apply(centred.square().mean((0, 2, 3))) / size
        with torch.no_grad():
            momentum = self.momentum or 0.0
            for running, value in (
                (self.running_mean, mean),
                (self.running_var, variance * count / (count - 1)),
            ):
                if running is not None:
                    running.lerp_(value, momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(values.dtype)


@contextmanager
def join(device: torch.device) -> Iterator[Group]:
    """The group that `torchrun` describes while the block runs, or a group of one.

    nccl connects GPUs (one a process, by its rank on the machine), gloo anything else.

    Raises
    ------
    InputError
        If a process of the group goes away while another waits for it.
    """
    if not dist.is_torchelastic_launched():
        yield Group()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=TIMEOUT)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", dist.get_node_local_rank(fallback_rank=0))
        torch.cuda.set_device(device)
    group = Group(dist.get_rank(), dist.get_world_size(), device)
    try:
        yield group
    except RuntimeError as error:
        words = ("Connection", "gloo", "NCCL", "peer")
        if not isinstance(error, dist.DistError) and not any(word in str(error) for word in words):
            raise
        cause = re.sub(r"^\[[^]]*\] ", "", first_line(error)).partition(". ")[
            0
        ]  # gloo: [source file] what. advice
        raise InputError(
            f"rank {group.rank} of {group.size}: another process of this job has ended ({cause})",
            do="See that process's own message; then run again: training goes on from its last checkpoint",
            reason="dead rank",
        ) from error
    finally:
        dist.destroy_process_group()
