"""What every loss must keep: finite, differentiable, shaped and reduced alike."""

from __future__ import annotations

import pytest
import torch

from training.losses import LOSSES, REGRESSION, LossConfig, bound, build_loss


@pytest.fixture
def label() -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.rand(2, 1, 3, 3, generator=random, dtype=torch.float64)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_by_finite_differences(name: str, label: torch.Tensor) -> None:
    prediction = torch.randn(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: bound(name, {})(p, label, reduction="none"), prediction)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", LOSSES)
def test_finite_far_from_the_label(name: str, dtype: torch.dtype) -> None:
    values = [-1e4, -30.0, -1.0, -1e-4, 0.0, 1e-4, 1.0, 30.0, 1e4]
    prediction = torch.tensor(values, dtype=dtype).reshape(1, 1, 3, 3).requires_grad_()
    for level in (0.0, 0.5, 1.0):
        loss = bound(name, {})(prediction, torch.full((1, 1, 3, 3), level))
        assert loss.dtype == torch.float32
        (gradient,) = torch.autograd.grad(loss, prediction)
        assert loss.isfinite()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_computed_in_float32_under_autocast(name: str, label: torch.Tensor) -> None:
    prediction = torch.randn(2, 1, 3, 3).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        inside = bound(name, {})(prediction, label)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, bound(name, {})(prediction.float(), label.float()))


@pytest.mark.parametrize("name", LOSSES)
def test_reductions_agree(name: str, label: torch.Tensor) -> None:
    prediction = torch.randn(2, 1, 3, 3, dtype=torch.float64)
    values = bound(name, {})(prediction, label, reduction="none")
    assert values.shape == prediction.shape
    assert (values >= 0).all()
    torch.testing.assert_close(bound(name, {})(prediction, label, reduction="sum"), values.sum())
    torch.testing.assert_close(bound(name, {})(prediction, label), values.mean())
    with pytest.raises(ValueError, match="unknown reduction 'median'"):
        bound(name, {})(prediction, label, reduction="median")


@pytest.mark.parametrize("name", LOSSES)
def test_a_label_of_another_shape_is_refused(name: str, label: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        bound(name, {})(torch.zeros(2, 1, 3, 1), label)


@pytest.mark.parametrize("name", REGRESSION)
def test_regression_pulls_to_the_label_from_both_sides(name: str) -> None:
    label = torch.full((1, 1, 1, 2), 0.5)
    prediction = torch.tensor([[[[0.1, 0.9]]]], requires_grad=True)
    bound(name, {})(prediction, label).backward()
    assert prediction.grad is not None
    low, high = prediction.grad.flatten().tolist()
    assert low == pytest.approx(-high, rel=1e-5)
    assert low < 0  # the gradient of the MATLAB release lacks this sign
    assert bound(name, {})(label, label) == 0


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (LossConfig(name="shrinkage", speed=3, localisation=0.1), {"speed": 3, "localisation": 0.1}),
        (
            LossConfig(name="shrinkage_unweighted", speed=3, localisation=0.1),
            {"speed": 3, "localisation": 0.1},
        ),
        (
            LossConfig(name="shrinkage_cross_entropy", speed=3, probability=0.3),
            {"speed": 3, "probability": 0.3},
        ),
        (LossConfig(name="focal_l2", gamma=0.5), {"gamma": 0.5}),
        (LossConfig(name="focal_cross_entropy", gamma=0.5), {"gamma": 0.5}),
        (LossConfig(name="l2"), {}),
        (LossConfig(name="l3"), {}),
        (LossConfig(name="balanced_cross_entropy"), {}),
    ],
)
def test_configured_loss(config: LossConfig, expected: dict[str, float], label: torch.Tensor) -> None:
    prediction = torch.randn(2, 1, 3, 3, dtype=torch.float64)
    found = build_loss(config)(prediction, label, reduction="none")
    assert torch.equal(found, bound(config.name, {})(prediction, label, reduction="none", **expected))
    if expected:
        assert not torch.equal(found, bound(config.name, {})(prediction, label, reduction="none"))
