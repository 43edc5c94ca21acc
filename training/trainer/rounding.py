"""The same rounding on every x86-64 processor: which instructions the libraries of a training may use.

Each library picks its kernels by the processor, and these add the same numbers in different orders. Pinned, all use
the kernels for AVX2, which servers and desktops have had since about 2015. Two things still change the bits: the
versions of the packages, and the number of threads.
"""

from __future__ import annotations

import os

import torch

from curation.errors import InputError

PINS = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions
    "MKL_CBWR": "COMPATIBLE",  # matrix products: the one mode that is the same on Intel and others
}
"""Environment variables that the libraries read when they first compute."""

THREADS = 1
"""Threads of a pinned training: their number decides how sums are split."""


def pin() -> None:
    """Pin the instructions of this process, and of those it starts, before it computes anything with torch.

    Raises
    ------
    InputError
        If the processor has no AVX2, or torch has computed in this process before.
    """
    os.environ.update(PINS)
    found = torch.backends.cpu.get_cpu_capability()
    if found != "AVX2":
        raise InputError(
            f"train.precision.portable needs torch's kernels for AVX2, but in this process torch uses {found}",
            do="Train in a process of its own, on an x86-64 processor with AVX2; or set it to false",
            reason="not portable",
        )
