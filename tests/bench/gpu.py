"""What a GPU does during calls: its kernels and copies, and how long each takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch


def wait(device: torch.device) -> None:
    """Until the device has done its work, if it is a GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
