"""What the head learns: the label, by every loss; the same for the same seed; nothing from no steps."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from training.losses import REGRESSION
from training.tracking.online.gaussians import gaussian
from training.tracking.online.head import Head
from training.tracking.online.head_learner import Adam, Learner
from training.tracking.online.online_config import LearnConfig


def taught(config, seed=0):
    """A learner after the first frame of a scene in which channel 0 marks the target; response and label."""
    head = Head(2, (5, 5), (17, 17), device=torch.device("cpu"))
    label = gaussian(head.size, (1.0, -2.0), (1.2, 1.2))
    generator = torch.Generator().manual_seed(3)
    features = 0.1 * torch.randn((4, 2, 17, 17), generator=generator)
    features[:, 0, 9, 6] += 3.0
    spectra, labels = head.spectra(features), label.expand(4, -1, -1)
    learner = Learner(head, config, torch.Generator().manual_seed(seed))
    learner.teach_first(spectra, labels)
    return learner, spectra, labels


QUICK = {"first_steps": 150, "first_rate": 5e-3, "first_batch": 4}


@pytest.mark.parametrize("loss", REGRESSION)
def test_every_loss_teaches_where_the_target_is(loss):
    learner, spectra, labels = taught(LearnConfig(loss=loss, **QUICK))
    response = learner.head.respond(spectra)[0]
    assert int(response.argmax()) == int(labels[0].argmax())
    assert float(response.max()) > 0.4
    assert float((response - labels[0]).abs().mean()) < 0.1


def test_a_run_repeats_for_a_seed_whose_order_only_matters_where_samples_are_left_out():
    def weight(batch, seed):
        config = LearnConfig(first_steps=5, first_rate=5e-3, first_batch=batch, init_std=0.0)
        return taught(config, seed)[0].head.weight

    assert torch.equal(weight(2, 1), weight(2, 1))
    assert not torch.allclose(weight(2, 1), weight(2, 2), atol=1e-4)
    torch.testing.assert_close(weight(4, 1), weight(4, 2), atol=1e-5, rtol=1e-3)


def test_updates_learn_and_none_leave_the_head_alone():
    learner, spectra, labels = taught(LearnConfig(update_rate=5e-3, update_steps=3, **QUICK))
    moved = labels.roll(2, dims=2)
    before = (learner.head.respond(spectra) - moved).abs().mean()
    for _ in range(10):
        learner.update(spectra, moved)
    assert (learner.head.respond(spectra) - moved).abs().mean() < before
    still, spectra, labels = taught(LearnConfig(update_steps=0, **QUICK))
    weight = still.head.weight.clone()
    still.update(spectra, labels)
    assert torch.equal(still.head.weight, weight)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (4, [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]]),
        (9, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 1, 2]]),
    ],
)
def test_a_memory_over_the_batch_is_learnt_from_in_parts_in_turn(samples, expected, monkeypatch):
    learner, _, _ = taught(LearnConfig(update_steps=2, update_batch=4, **QUICK))
    seen = []
    monkeypatch.setattr(
        learner,
        "_step",
        lambda spectra, labels, _rate: seen.append(
            (spectra[:, 0, 0].real.tolist(), labels[:, 0, 0].tolist())
        ),
    )
    numbers = torch.arange(samples, dtype=torch.float32)
    for _ in range(2):
        learner.update(numbers[:, None, None].to(torch.complex64), numbers[:, None, None])
    assert seen == [(part, part) for part in expected]


def test_adam_computes_what_torchs_does_to_the_last_bit():
    generator = torch.Generator().manual_seed(5)
    mine = [torch.randn((4, 3, 3), generator=generator), torch.zeros(())]
    theirs = [value.clone().requires_grad_() for value in mine]
    adam, reference = Adam(mine), torch.optim.Adam(theirs, lr=1.0, fused=True)
    for step in range(30):
        slopes = [torch.randn(value.shape, generator=generator) * 10.0 ** (step % 5 - 2) for value in mine]
        rate = 1e-3 if step < 20 else 3e-4
        adam.step(slopes, rate)
        for value, slope in zip(theirs, slopes, strict=True):
            value.grad = slope
        reference.param_groups[0]["lr"] = rate
        reference.step()
        assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


def test_the_first_frame_imports_no_compiler():
    """It takes longer to import than the first frame to learn."""
    code = (
        "import sys, torch; from training.tracking.online.head_learner import Adam; "
        "Adam([torch.zeros(2)]).step([torch.ones(2)], 0.1); sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
