from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from curation.errors import InputError
from tests.training.trainer.test_loop import CPU, spec_of
from tests.waiting import HUNG
from training.network.siamese_network import SiameseNetwork
from training.trainer.distributed import GlobalBatchNorm2d, Group, join
from training.trainer.loop import Inputs, Outputs, TrainConfig, train


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def run_group(spec: str, size: int = 2) -> list[subprocess.CompletedProcess[str]]:
    """Processes as torchrun would start them, but each with its own output and status, and none stopped by
    it.
    """
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(size),
        "TORCHELASTIC_RUN_ID": "test",
        "OMP_NUM_THREADS": "1",
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.job", spec],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    ended = []
    for process in running:
        output, errors = process.communicate(timeout=HUNG)
        ended.append(subprocess.CompletedProcess([], process.returncode, output, errors))
    return ended


def curves(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as stream:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]


def test_two_processes_follow_the_curves_of_one(inputs: Inputs, outputs: Outputs, small: TrainConfig) -> None:
    config = replace(small, epochs=3, ema=0.5, validation_pairs=8)
    train(config, inputs, outputs, CPU)
    together = outputs.weights.parent / "together"
    ended = run_group(spec_of(inputs, together, config))
    assert [process.returncode for process in ended] == [0, 0], ended
    assert "epoch 3 of 3" in ended[0].stderr
    assert "epoch" not in ended[1].stderr
    for one, two in zip(
        curves(outputs.records / "curves.csv"), curves(together / "records" / "curves.csv"), strict=True
    ):
        assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)
        assert two["validation_loss"] == pytest.approx(one["validation_loss"], abs=1e-4)
        assert two["gradient_norm"] == pytest.approx(one["gradient_norm"], rel=1e-2)
        assert two["learning_rate"] == one["learning_rate"]


def test_a_dead_rank_ends_the_job_and_one_process_goes_on_from_its_checkpoint(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    spec = spec_of(inputs, outputs.weights.parent, small, die={"1": 4})
    survivor, dead = run_group(spec)
    assert dead.returncode == -signal.SIGKILL
    assert survivor.returncode == 1
    last = survivor.stderr.strip().splitlines()[-1]
    assert last.startswith("rank 0 of 2: another process of this job has ended (")
    assert last.endswith(
        "). See that process's own message; then run again: training goes on from its last checkpoint"
    )
    assert "third_party" not in last, "a place in torch's source tells users nothing"
    outputs = replace(outputs, checkpoints=outputs.weights.parent / "checkpoints")
    with caplog.at_level("INFO"):
        train(small, inputs, outputs, CPU)
    assert "going on from step 3 of 6" in caplog.text


def test_a_batch_that_cannot_be_shared(inputs: Inputs, outputs: Outputs, small: TrainConfig) -> None:
    with pytest.raises(InputError, match=r"train.batch = 4 cannot be shared equally by 3 processes"):
        train(small, inputs, outputs, CPU, Group(rank=0, size=3))


def test_alone() -> None:
    with join(torch.device("cpu")) as group:
        assert group == Group()
        assert group.main
        assert group.sum([1.0, 2.5]) == [1.0, 2.5]
        assert group.share(b"x") == b"x"
        network = group.synchronise(SiameseNetwork())
        assert not any(isinstance(module, GlobalBatchNorm2d) for module in network.modules())
        assert group.parallel(network, torch.device("cpu")) is network


def test_global_batch_norm_is_batch_norm_for_a_group_of_one() -> None:
    torch.manual_seed(0)
    plain, ours = nn.BatchNorm2d(3), GlobalBatchNorm2d(3)
    values = 5 + 3 * torch.randn(4, 3, 5, 5)
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        results = []
        for norm in (plain, ours):
            leaf = values.clone().requires_grad_()
            result = norm(leaf)
            (result**3).sum().backward()
            results.append((result, leaf.grad, norm.weight.grad, norm.running_mean, norm.running_var))
        for expected, found in zip(*results, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(ours.eval()(values), plain.eval()(values))
    finally:
        torch.distributed.destroy_process_group()
