"""A portable training uses the same kernels wherever it runs; on this machine, other processors are only feigned."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from curation.errors import InputError
from tests.training.trainer.test_loop import spec_of
from training.network.weights import load_weights
from training.trainer import loop
from training.trainer.configuration import OptimiserConfig, PrecisionConfig
from training.trainer.distributed import Group
from training.trainer.learner import _build_optimiser
from training.trainer.loop import Inputs, Outputs, Runtime, TrainConfig, train
from training.trainer.rounding import PINS

if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
    pytest.skip("this processor has no AVX2", allow_module_level=True)

PORTABLE = PrecisionConfig(portable=True)


def trained(inputs: Inputs, out: Path, config: TrainConfig, **environment: str) -> tuple[bytes, str]:
    """Weights of a run in a process of its own, and what the libraries said of the kernels they used."""
    clean = {name: value for name, value in os.environ.items() if name not in (*PINS, "OMP_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.job", spec_of(inputs, out, config)],
        env=clean | {"ONEDNN_VERBOSE": "1", "MKL_VERBOSE": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (out / "weights.safetensors").read_bytes(), done.stdout


def test_a_portable_training_uses_avx2_alone_whatever_the_machine(
    inputs: Inputs, small: TrainConfig, tmp_path: Path
) -> None:
    config = replace(small, precision=PORTABLE, epochs=1, picture_every=0)
    first, said = trained(inputs, tmp_path / "first", config)
    kernels = set(re.findall(r"exec,cpu,convolution,([^,]+)", said))
    assert kernels
    assert not [kernel for kernel in kernels if re.search("avx512|avx10|amx|vnni", kernel)]
    assert set(re.findall(r"CNR:(\w+)", said)) <= {"COMPATIBLE"}
    other = {"OMP_NUM_THREADS": "3", "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    assert trained(inputs, tmp_path / "second", config, **other)[0] == first
    assert load_weights(tmp_path / "first/weights.safetensors")[1]["parameters"]["precision"]["portable"]


def test_a_training_that_is_not_portable_depends_on_the_kernels(
    inputs: Inputs, small: TrainConfig, tmp_path: Path
) -> None:
    """So there is something to pin; and its weights say nothing of what they did without."""
    config = replace(small, epochs=1, picture_every=0)
    here = trained(inputs, tmp_path / "here", config)[0]
    assert trained(inputs, tmp_path / "there", config, ONEDNN_MAX_CPU_ISA="SSE41")[0] != here
    assert "portable" not in load_weights(tmp_path / "here/weights.safetensors")[1]["parameters"]["precision"]


@pytest.mark.parametrize("portable", [True, False])
def test_square_roots_are_not_left_to_mkl(portable: bool) -> None:
    """`MKL_CBWR` does not reach them: with AVX-512 they are others than with AVX2, on the same matrices."""
    weight = torch.nn.Parameter(torch.ones(8, 8))
    weight.grad = torch.ones(8, 8)
    optimiser = _build_optimiser(OptimiserConfig(), [weight], portable=portable)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        optimiser.step()
    assert any("sqrt" in event.key for event in profile.key_averages()) != portable


def test_after_a_first_computation_it_is_too_late() -> None:
    code = (
        "import torch; torch.ones(1).exp()\n"
        "from training.trainer.rounding import pin\n"
        "from curation.errors import InputError\n"
        "try: pin()\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"ATEN_CPU_CAPABILITY": "default"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "portable needs torch's kernels for AVX2, but in this process torch uses DEFAULT. Train in"
        in done.stdout
    )


@pytest.mark.parametrize("option", ["amp", "compile"])
def test_what_depends_on_the_processor_is_refused_beside_it(option: str) -> None:
    with pytest.raises(ValidationError, match="portable is without amp and compile"):
        PrecisionConfig(portable=True, **{option: True})


@pytest.mark.parametrize(
    "group", [Group(size=2), Group(device=torch.device("meta"))], ids=["two processes", "another device"]
)
def test_anything_but_one_process_on_the_cpu_is_refused(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "pin", lambda: None)
    config = replace(small, precision=PORTABLE)
    with pytest.raises(
        InputError, match=r"portable is for one process on the CPU, not for [12] on (cpu|meta)"
    ):
        train(config, inputs, outputs, Runtime(device="cpu"), group)
