from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from training.batches.batch import PairBatch
from training.losses import build_loss
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.trainer.configuration import PrecisionConfig
from training.trainer.distributed import Group
from training.trainer.learner import Learner
from training.trainer.loop import TrainConfig

Make = Callable[..., Learner]


@pytest.fixture
def batch() -> PairBatch:
    random = torch.Generator().manual_seed(0)
    return PairBatch(
        exemplar=torch.randint(0, 256, (4, 95, 95, 3), dtype=torch.uint8, generator=random),
        search=torch.randint(0, 256, (4, 111, 111, 3), dtype=torch.uint8, generator=random),
        offset=torch.zeros(4, 2),
        colour=torch.tensor([0.0, 1.0, 1.0]).expand(4, 2, 3),
        instances=torch.zeros(4, 2, dtype=torch.int64),
    )


@pytest.fixture
def make() -> Make:
    def learner(*, ema: float = 0.0, precision: PrecisionConfig | None = None, **optimiser: Any) -> Learner:
        torch.manual_seed(0)
        config = TrainConfig()
        return Learner(
            SiameseNetwork(NetworkConfig(width=0.05)),
            build_loss(config.loss),
            label=config.label,
            optimiser=replace(config.optimiser, **optimiser),
            precision=precision or config.precision,
            ema=ema,
            group=Group(),
            device=torch.device("cpu"),
        )

    return learner


def stored(state: dict[str, Any]) -> dict[str, Any]:
    """As a checkpoint keeps it."""
    stream = io.BytesIO()
    torch.save(state, stream)
    stream.seek(0)
    found: dict[str, Any] = torch.load(stream, weights_only=True)
    return found


def weights(learner: Learner) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in learner.network.parameters() if p.requires_grad])


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_steps_lower_the_loss_of_a_repeated_batch(make: Make, batch: PairBatch, name: str) -> None:
    learner = make(name=name)
    losses = [learner.step(batch, 0.01)[0].item() for _ in range(15)]
    assert losses[-1] < 0.95 * losses[0]


def test_sgd_step_by_hand(make: Make, batch: PairBatch) -> None:
    learner = make(name="sgd", momentum=0.9, weight_decay=0.1)
    before = weights(learner)
    learner.step(batch, 0.5)
    gradient = torch.cat([p.grad.flatten() for p in learner.network.parameters() if p.grad is not None])
    torch.testing.assert_close(weights(learner), before - 0.5 * (gradient + 0.1 * before))


def test_the_reported_norm_is_that_of_the_gradient(make: Make, batch: PairBatch) -> None:
    learner = make()
    _, norm = learner.step(batch, 0.0)
    gradient = torch.cat([p.grad.flatten() for p in learner.network.parameters() if p.grad is not None])
    torch.testing.assert_close(norm, gradient.norm())


def test_clipping(make: Make, batch: PairBatch) -> None:
    free, clipped = make(name="sgd", weight_decay=0.0), make(name="sgd", weight_decay=0.0, clip=1e-3)
    before = weights(free)
    _, norm = free.step(batch, 1.0)
    _, same_norm = clipped.step(batch, 1.0)
    assert norm == same_norm
    assert norm > 1e-3
    torch.testing.assert_close((weights(clipped) - before).norm(), torch.tensor(1e-3), rtol=1e-2, atol=0)


def test_average(make: Make, batch: PairBatch) -> None:
    learner = make(ema=0.9)
    expected = {name: value.clone() for name, value in learner.network.state_dict().items()}
    for _ in range(3):
        learner.step(batch, 0.01)
        for name, value in learner.network.state_dict().items():
            expected[name] = (
                0.9 * expected[name] + 0.1 * value if value.is_floating_point() else value.clone()
            )
    found = learner.published().state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    assert not torch.equal(found["features.0.weight"], learner.network.state_dict()["features.0.weight"])


def test_published_is_a_copy_ready_for_use(make: Make, batch: PairBatch) -> None:
    learner = make()
    learner.step(batch, 0.01)
    published = learner.published()
    assert not published.training
    assert all(
        torch.equal(a, b) for a, b in zip(published.parameters(), learner.network.parameters(), strict=True)
    )
    learner.step(batch, 0.01)
    assert not torch.equal(published.features[0].weight, learner.network.features[0].weight)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_restored_learner_goes_on_bit_for_bit(make: Make, batch: PairBatch, name: str, ema: float) -> None:
    first, second = make(name=name, ema=ema), make(name=name, ema=ema)
    for _ in range(2):
        first.step(batch, 0.01)
    second.restore(stored(first.state()))
    for _ in range(2):
        first.step(batch, 0.02)
        second.step(batch, 0.02)
    assert torch.equal(weights(first), weights(second))
    states = (learner.published().state_dict() for learner in (first, second))
    assert all(torch.equal(a, b) for a, b in zip(*(state.values() for state in states), strict=True))


def test_bf16_and_memory_formats_agree_with_plain_float32(make: Make, batch: PairBatch) -> None:
    plain = make(precision=PrecisionConfig(channels_last=False)).step(batch, 0.0)[0]
    last = make(precision=PrecisionConfig(channels_last=True)).step(batch, 0.0)[0]
    bf16 = make(precision=PrecisionConfig(amp=True)).step(batch, 0.0)[0]
    assert bf16.dtype == torch.float32
    torch.testing.assert_close(last, plain, rtol=1e-5, atol=0)
    torch.testing.assert_close(bf16, plain, rtol=3e-2, atol=0)
    assert bf16 != plain


def test_momentum_reaches_the_optimiser(make: Make) -> None:
    assert make(name="sgd", momentum=0.7).optimiser.param_groups[0]["momentum"] == 0.7
    assert make(name="adamw", momentum=0.7).optimiser.param_groups[0]["betas"][0] == 0.7
