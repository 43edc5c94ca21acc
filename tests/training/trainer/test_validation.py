from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from training.batches.batch import PairBatch
from training.batches.labels import label_maps
from training.losses import build_loss
from training.network.siamese_network import SiameseNetwork
from training.trainer.distributed import Group
from training.trainer.learner import Learner
from training.trainer.loop import TrainConfig
from training.trainer.validation import peak_offsets, validate


def test_peaks_are_found_to_the_pixel() -> None:
    offsets = torch.tensor([[0.0, 0.0], [3.0, -13.0], [-21.0, 40.0]])
    config = TrainConfig().label
    found = peak_offsets(label_maps(17, offsets / 8, config))
    assert (found - offsets).abs().max() <= 1


def test_peaks_of_maps_of_even_size() -> None:
    response = torch.zeros(1, 1, 4, 4)
    response[0, 0, 1, 2] = 1
    assert peak_offsets(response).tolist() == [[4.0, -4.0]]


class _Oracle(SiameseNetwork):
    """Answers with the label of a target that is where the red of the search image's first pixel says."""

    def forward(self, exemplar: Tensor, search: Tensor) -> Tensor:
        offset = torch.stack((search[:, 0, 0, 0], torch.zeros(len(search))), 1)
        return label_maps(17, offset / 8, TrainConfig().label)


@pytest.fixture
def learner() -> Learner:
    config = replace(TrainConfig(), loss=replace(TrainConfig().loss, name="l2"))
    return Learner(
        _Oracle(config.network),
        build_loss(config.loss),
        label=config.label,
        optimiser=config.optimiser,
        precision=config.precision,
        ema=0.0,
        group=Group(),
        device=torch.device("cpu"),
    )


def batch(truth: list[float], answer: list[int]) -> PairBatch:
    count = len(truth)
    search = torch.zeros(count, 255, 255, 3, dtype=torch.uint8)
    search[:, 0, 0, 2] = torch.tensor(answer, dtype=torch.uint8)
    return PairBatch(
        exemplar=torch.zeros(count, 127, 127, 3, dtype=torch.uint8),
        search=search,
        offset=torch.stack((torch.tensor(truth), torch.zeros(count)), 1),
        colour=torch.tensor([0.0, 1.0, 1.0]).expand(count, 2, 3),
        instances=torch.zeros(count, 2, dtype=torch.int64),
    )


def test_a_perfect_answer_scores_zero(learner: Learner) -> None:
    scores = validate(learner, [batch([8.0, 24.0], [8, 24])], Group())
    assert scores.centre_error == 0
    assert scores.loss == pytest.approx(0, abs=1e-12)
    assert scores.pairs == 2


def test_means_are_over_pairs_not_batches(learner: Learner) -> None:
    scores = validate(learner, [batch([0.0, 0.0, 0.0], [8, 16, 24]), batch([0.0], [0])], Group())
    assert scores.centre_error == pytest.approx((8 + 16 + 24) / 4)
    assert scores.pairs == 4
    assert scores.loss > 0
