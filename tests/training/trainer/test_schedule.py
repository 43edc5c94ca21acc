from __future__ import annotations

import pytest

from training.trainer.schedule import ScheduleConfig, learning_rate


def rates(config: ScheduleConfig, *, steps: int = 10, epochs: int = 5) -> list[float]:
    return [
        learning_rate(config, 0.01, step=step, steps=steps, epochs=epochs) for step in range(steps * epochs)
    ]


def test_published_schedule() -> None:
    found = rates(ScheduleConfig(name="exponential", decay=0.8685), steps=3, epochs=60)
    assert found[:3] == [0.01] * 3
    assert found[3:6] == [pytest.approx(0.008685)] * 3
    assert found[3 * 49] == pytest.approx(1e-5, rel=0.02)


def test_one_cycle_rises_to_the_highest_rate_then_falls() -> None:
    found = rates(ScheduleConfig(warmup=0.2, final=0.05))
    top = found.index(max(found))
    assert top == 10
    assert max(found) == pytest.approx(0.01)
    assert found[:top] == sorted(found[:top])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert found[0] == pytest.approx(0.01 / 11)
    assert found[-1] == pytest.approx(0.0005)
    middle = (found[top] + found[-1]) / 2
    assert found[(top + 49) // 2] > middle > found[(top + 49) // 2 + 1]


def test_constant() -> None:
    assert set(rates(ScheduleConfig(name="constant"))) == {0.01}


def test_one_step_is_enough_for_every_schedule() -> None:
    for name in ("one_cycle", "exponential", "constant"):
        assert 0 < rates(ScheduleConfig(name=name), steps=1, epochs=1)[0] <= 0.01
