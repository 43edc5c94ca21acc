"""What torch's threads do while they wait is decided before torch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import training

ASK = (
    "import sys, {module}; import os, training; print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
)


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_sleep_unless_told_otherwise(given: str | None, expected: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in training.WAITING}
    environment |= {"OMP_WAIT_POLICY": given} if given else {}
    for module in ("training", "pipelines.__main__", "pipelines.environment"):
        done = subprocess.run(
            [sys.executable, "-c", ASK.format(module=module)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["False", expected], module
