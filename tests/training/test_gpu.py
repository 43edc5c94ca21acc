"""What a GPU computes is what a CPU computes, up to rounding; skipped where there is no GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import moving_target, overlap
from tests.training.trainer.test_distributed import curves, run_group
from tests.training.trainer.test_loop import CPU, spec_of
from training.backbones.backbone import Precision
from training.backbones.convention import CAFFE
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet
from training.backbones.vgg16 import Vgg16
from training.network.inference import for_inference
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.tracking.interface import Tracker
from training.tracking.online.online_config import OnlineConfig, RegionConfig
from training.tracking.online.tracker import OnlineTracker
from training.tracking.siamese import SiameseTracker
from training.trainer.configuration import PrecisionConfig
from training.trainer.loop import Inputs, Outputs, TrainConfig, train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

GPU = replace(CPU, device="cuda")


def follow(tracker: Tracker, frames: list[np.ndarray], box: np.ndarray) -> np.ndarray:
    tracker.init(frames[0], box)
    return np.array([box, *(tracker.update(frame) for frame in frames[1:])])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_online_tracker_follows(precision: Precision) -> None:
    frames, truth = moving_target(10, velocity=(4.0, -2.0), start=(60.0, 90.0))
    weights = random_weights("squeezenet")
    there, here = (
        follow(
            OnlineTracker(SqueezeNet(weights, CAFFE_SQUEEZENET, device=device, precision=precision)),
            frames,
            truth[0],
        )
        for device in ("cuda", "cpu")
    )
    assert min(map(overlap, there, truth)) > 0.7
    assert min(map(overlap, there, here)) > 0.85


def test_the_online_tracker_follows_on_the_backbone_of_the_paper() -> None:
    frames, truth = moving_target(10, velocity=(4.0, -2.0), start=(60.0, 90.0))
    config = OnlineConfig(region=RegionConfig(target_cells=16.0, max_cells=79))
    backbone = Vgg16(random_weights("vgg16"), CAFFE, device="cuda", precision="bfloat16")
    boxes = follow(OnlineTracker(backbone, config), frames, truth[0])
    assert min(map(overlap, boxes, truth)) > 0.6


def test_a_tracker_with_the_same_seed_finds_the_same_boxes() -> None:
    frames, truth = moving_target(6)
    backbone = SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET, device="cuda")
    first, second = (follow(OnlineTracker(backbone), frames, truth[0]) for _ in range(2))
    np.testing.assert_allclose(first, second, atol=0.1)


def test_the_siamese_tracker_finds_what_it_finds_on_a_cpu() -> None:
    torch.manual_seed(0)
    network = for_inference(SiameseNetwork(NetworkConfig(width=0.5)).eval())
    frames, truth = moving_target(8)
    here = follow(SiameseTracker(network), frames, truth[0])
    there = follow(SiameseTracker(network.to("cuda"), device="cuda"), frames, truth[0])
    assert min(map(overlap, there, here)) > 0.9


@pytest.mark.parametrize("amp", [False, True])
def test_a_training_run_follows_the_curves_of_a_cpu(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, tmp_path: Path, amp: bool
) -> None:
    train(small, inputs, outputs, CPU)
    there = Outputs(
        weights=tmp_path / "there" / "w", records=tmp_path / "there" / "r", checkpoints=tmp_path / "c"
    )
    train(replace(small, precision=PrecisionConfig(amp=amp)), inputs, there, GPU)
    for one, two in zip(
        curves(outputs.records / "curves.csv"), curves(there.records / "curves.csv"), strict=True
    ):
        assert two["loss"] == pytest.approx(one["loss"], rel=0.02)
        assert two["validation_loss"] == pytest.approx(one["validation_loss"], rel=0.02)


def test_nccl_connects_a_group_of_one(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, tmp_path: Path
) -> None:
    train(small, inputs, outputs, GPU)
    [ended] = run_group(spec_of(inputs, tmp_path / "together", small, device="cuda"), size=1)
    assert ended.returncode == 0, ended.stderr
    for one, two in zip(
        curves(outputs.records / "curves.csv"),
        curves(tmp_path / "together" / "records" / "curves.csv"),
        strict=True,
    ):
        assert two["loss"] == pytest.approx(one["loss"], rel=0.02)
