from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from curation.errors import InputError
from training.network.weights import load_weights
from training.studies.loss_study import MEASURES, StudyConfig, best_rate, loss_study, study_table
from training.studies.outcome import summarise
from training.trainer.loop import Inputs, Runtime, TrainConfig

CPU = Runtime(device="cpu", threads=1)


@pytest.fixture
def short(small: TrainConfig) -> TrainConfig:
    return replace(small, epochs=1, picture_every=0, seed=7)


def test_every_loss_at_its_best_rate_with_every_seed(
    inputs: Inputs, short: TrainConfig, tmp_path: Path
) -> None:
    study = StudyConfig(losses=("l2", "shrinkage"), seeds=2, rates=(1e-9, 0.004))
    seen = []

    def evaluate(weights: Path) -> float:
        seen.append(load_weights(weights)[1]["parameters"])
        return 0.1 * len(seen)

    report = loss_study(study, short, inputs, tmp_path, runtime=CPU, evaluate=evaluate)
    tried = report["tuning"]
    assert [(row["loss"], row["learning_rate"], row["seed"]) for row in tried] == [
        (loss, rate, 9) for loss in study.losses for rate in study.rates
    ]
    chosen = {
        loss: min((r for r in tried if r["loss"] == loss), key=lambda r: r["centre_error"])["learning_rate"]
        for loss in study.losses
    }
    assert [(row["loss"], row["seed"], row["learning_rate"]) for row in report["rows"]] == [
        (loss, seed, chosen[loss]) for loss in study.losses for seed in (7, 8)
    ]
    assert [(p["loss"]["name"], p["seed"], p["optimiser"]["learning_rate"]) for p in seen] == [
        (row["loss"], row["seed"], row["learning_rate"]) for row in report["rows"]
    ]
    assert [entry["auc_mean"] for entry in report["summary"]] == pytest.approx([0.15, 0.35])
    assert report["rows"][0]["centre_error"] != report["rows"][1]["centre_error"]
    assert cv2.imread(str(tmp_path / "study.png")) is not None
    again = loss_study(study, short, inputs, tmp_path, runtime=CPU)
    assert [row["centre_error"] for row in again["rows"]] == [row["centre_error"] for row in report["rows"]]
    assert again["summary"][0]["auc_mean"] is None


def test_finished_runs_are_reused(
    inputs: Inputs, short: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = StudyConfig(losses=("l2",), seeds=1, rates=())
    first = loss_study(study, short, inputs, tmp_path, runtime=CPU)
    assert not first["tuning"]
    assert first["rows"][0]["learning_rate"] == short.optimiser.learning_rate
    monkeypatch.setattr("training.trainer.learner.Learner.step", lambda *_: pytest.fail("trained again"))
    assert loss_study(study, short, inputs, tmp_path, runtime=CPU) == first


def test_rates_are_not_chosen_without_validation(inputs: Inputs, short: TrainConfig, tmp_path: Path) -> None:
    blind = replace(short, validation_pairs=0)
    with pytest.raises(InputError, match="validation_pairs is 0"):
        loss_study(StudyConfig(losses=("l2",)), blind, inputs, tmp_path, runtime=CPU)
    with pytest.raises(InputError, match="validation_pairs is 0"):
        loss_study(StudyConfig(losses=("l2",), rates=()), blind, inputs, tmp_path, runtime=CPU)
    assert not list(tmp_path.iterdir())


def test_the_best_rate_is_the_lower_of_equals() -> None:
    rows = [{"centre_error": e, "learning_rate": r} for e, r in ((3.0, 1e-2), (2.0, 1e-3), (2.0, 1e-4))]
    assert best_rate(rows) == 1e-4


def test_mean_and_spread_by_hand() -> None:
    rows = [{"loss": "l2", "centre_error": value, "auc": None} for value in (1.0, 2.0, 6.0)]
    [found] = summarise(rows, ["loss"], MEASURES)
    assert found["centre_error_mean"] == 3
    assert found["centre_error_spread"] == pytest.approx(7**0.5)
    assert found["auc_mean"] is found["auc_spread"] is None
    assert summarise(rows[:1], ["loss"], MEASURES)[0]["centre_error_spread"] == 0
    assert (
        study_table([{"learning_rate": 0.002, **found}]).splitlines()[-1] == "| l2 | 0.002 | 3.00 ± 2.65 |  |"
    )


def test_a_study_is_read_strictly() -> None:
    kind = TypeAdapter(StudyConfig)
    assert len(kind.validate_json(b"{}").losses) == 6
    wrongs: list[dict[str, list[object]]] = [
        {"losses": ["l2", "l2"]},
        {"losses": []},
        {"losses": ["hinge"]},
        {"rates": [0.0]},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            kind.validate_json(orjson.dumps(wrong))
