"""The environment of a training: revision of the code, versions of packages, processor."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import numpy as np

from curation.documents.document import Fields
from curation.images.codec import codec

CODE = ("curation", "training", "pipelines")
"""Folders whose last commit is the revision: another README is not another revision."""


def environment() -> Fields:
    """The parts of the environment that affect the result, in words; JSON-able."""
    import torch  # here, not above: `training` has something to set before torch is loaded

    return {
        "revision": revision(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),  # a plain text: a checkpoint, which holds it, is read without code
        "numpy": np.__version__,
        "pictures": codec(),
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def revision(folder: Path = Path()) -> str:
    """The last commit that touched the code of the project in `folder`.

    Ends in `-dirty` where a file of the code that git knows has changes; `unknown: ` and the reason where git
    is missing, or does not say.
    """
    try:
        commit = _git(folder, "log", "-1", "--format=%H")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except OSError as error:
        return f"unknown: git cannot be run ({error.strerror})"
    except _RefusedError as error:
        return f"unknown: {error}"
    if not commit:
        return "unknown: no commit holds the code"
    return f"{commit}-dirty" if changes else commit


class _RefusedError(Exception):
    """git's error, in one line."""


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "--no-optional-locks", *words, "--", *CODE],
        cwd=folder,
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip() or f"git ended with status {done.returncode}"
        raise _RefusedError(said.splitlines()[0])
    return done.stdout.strip()


def machine() -> str:
    """Processor, number of cores and GPUs, in words: `Intel(R) Xeon(R) Processor, 2 cores`."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ", ".join([_processor(), f"{cores} core{'s' if cores != 1 else ''}", *_gpus()])


def _gpus() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def _processor() -> str:
    """The processor's name as Linux gives it, else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
