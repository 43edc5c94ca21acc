"""What a GPU does during calls: its kernels and copies, and how long each takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch


def wait(device: torch.device) -> None:
    """Until the device has done its work, if it is a GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def reset_peak(device: torch.device) -> None:
    """Begin to look for the most memory of tensors anew, on a GPU."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_megabytes(device: torch.device, otherwise: float) -> float:
    """Most memory of tensors on a GPU since then, MB; of another device what is given."""
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else otherwise


def kernels(turns: Sequence[Callable[[], object]], device: torch.device) -> list[tuple[str, float]]:
    """Name and seconds of every kernel and copy of those calls."""
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities, acc_events=True) as watched:
        for turn in turns:
            turn()
        wait(device)
    return [
        (event.name, event.device_time_total * 1e-6)
        for event in watched.events()
        if event.device_type == torch.autograd.DeviceType.CUDA
    ]
