"""The torch device of a setting, torch's threads, and tensors on the way back from a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from curation.errors import InputError
from training.messages import first_line

CPU = Path("/proc/cpuinfo")


def pick_device(name: str) -> torch.device:
    """The torch device of a setting.

    Raises
    ------
    InputError
        If torch knows no such device, or this machine has none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device {name!r} is not usable here ({first_line(error)})",
            do="Set device = auto or cpu",
        ) from None
    return device


def multiplies_bfloat16() -> bool:
    """Whether this machine multiplies bfloat16 faster than float32: a CUDA device, or a processor with AVX-512 BF16 or
    AMX, as far as Linux tells."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        flags = CPU.read_text().partition("\nflags")[2].partition("\n")[0].split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16"} & set(flags))


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Compute on one thread: the number of threads changes the last digits of sums, and so the boxes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Underway:
    """A tensor on its way to the host: the device goes on computing; only `get` waits.

    Parameters
    ----------
    values : tensor
        On any device. What is computed after this call does not delay its arrival.
    """

    def __init__(self, values: Tensor) -> None:
        self._host = values.to("cpu", non_blocking=True)
        self._arrival: torch.cuda.Event | None = None
        if values.is_cuda:
            self._arrival = torch.cuda.Event()
            self._arrival.record()

    def get(self) -> Tensor:
        """The values, on the CPU."""
        if self._arrival is not None:
            self._arrival.synchronize()
        return self._host
