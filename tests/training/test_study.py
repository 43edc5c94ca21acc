from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from training.loop import Inputs, Runtime, TrainConfig
from training.study import StudyConfig, loss_study, summarise
from training.weights import load_weights

CPU = Runtime(device="cpu", threads=1)


def test_every_loss_with_every_seed(inputs: Inputs, small: TrainConfig, tmp_path: Path) -> None:
    study = StudyConfig(losses=("l2", "shrinkage"), seeds=2, learning_rates={"l2": 0.004})
    config = replace(small, epochs=1, picture_every=0, seed=7)
    seen = []

    def evaluate(weights: Path) -> float:
        seen.append(load_weights(weights)[1]["parameters"])
        return 0.1 * len(seen)

    report = loss_study(study, config, inputs, tmp_path, runtime=CPU, evaluate=evaluate)
    assert [(row["loss"], row["seed"], row["learning_rate"]) for row in report["rows"]] == [
        ("l2", 7, 0.004),
        ("l2", 8, 0.004),
        ("shrinkage", 7, config.optimiser.learning_rate),
        ("shrinkage", 8, config.optimiser.learning_rate),
    ]
    assert [(p["loss"]["name"], p["seed"]) for p in seen] == [
        (row["loss"], row["seed"]) for row in report["rows"]
    ]
    assert [entry["auc_mean"] for entry in report["summary"]] == pytest.approx([0.15, 0.35])
    assert report["rows"][0]["centre_error"] != report["rows"][1]["centre_error"]
    assert cv2.imread(str(tmp_path / "study.png")) is not None
    again = loss_study(study, config, inputs, tmp_path, runtime=CPU)
    assert [row["centre_error"] for row in again["rows"]] == [row["centre_error"] for row in report["rows"]]
    assert again["summary"][0]["auc_mean"] is None


def test_mean_and_spread_by_hand() -> None:
    rows = [{"centre_error": value, "auc": None} for value in (1.0, 2.0, 6.0)]
    found = summarise("l2", rows)
    assert found["centre_error_mean"] == 3
    assert found["centre_error_spread"] == pytest.approx(7**0.5)
    assert found["auc_mean"] is found["auc_spread"] is None
    assert summarise("l2", rows[:1])["centre_error_spread"] == 0


def test_a_study_is_read_strictly() -> None:
    kind = TypeAdapter(StudyConfig)
    assert len(kind.validate_json(b"{}").losses) == 8
    for losses in (["l2", "l2"], [], ["hinge"]):
        with pytest.raises(ValidationError):
            kind.validate_json(orjson.dumps({"losses": losses}))
