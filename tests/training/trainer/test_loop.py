from __future__ import annotations

import csv
import hashlib
import json
import logging
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from curation.crops.geometry import SIAMFC, CropGeometry
from curation.errors import InputError
from tests.training.fabricate import CROP, EXEMPLAR, fabricate
from training.batches.batch import PairBatch
from training.batches.pairs import PairConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import crop_geometry, load_weights, recorded_parameters
from training.trainer import loop
from training.trainer.loop import Inputs, Outputs, Runtime, TrainConfig, train

CPU = Runtime(device="cpu", threads=1)


def products(outputs: Outputs) -> dict[str, bytes]:
    """Every file that must be the same bytes each time."""
    files = [outputs.weights, *sorted(p for p in outputs.records.rglob("*") if p.is_file())]
    return {path.name: path.read_bytes() for path in files if path.name != "speed.csv"}


def elsewhere(outputs: Outputs, name: str) -> Outputs:
    root = outputs.weights.parents[1] / name
    return Outputs(
        weights=root / "weights.safetensors", records=root / "records", checkpoints=root / "checkpoints"
    )


@pytest.fixture(scope="module")
def undisturbed(
    inputs: Inputs, small: TrainConfig, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("undisturbed")
    outputs = Outputs(weights=root / "weights.safetensors", records=root / "records", checkpoints=root / "c")
    train(small, inputs, outputs, CPU)
    return products(outputs)


def test_a_run_leaves_weights_curves_and_pictures(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, undisturbed: dict[str, bytes]
) -> None:
    report = train(small, inputs, outputs, CPU)
    assert set(products(outputs)) == {"weights.safetensors", "curves.csv", "epoch-002.png"}
    network, metadata = load_weights(outputs.weights)
    assert network.config == small.network
    assert set(metadata) == {"parameters", "imdb"}
    assert metadata["parameters"]["batch"] == 4
    assert metadata["imdb"] == report["imdb"]
    with (outputs.records / "curves.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert report["loss"] == float(rows[-1]["loss"])
    assert report["centre_error"] == float(rows[-1]["centre_error"])
    assert report["pairs"] == 24
    counts = {"videos": 4, "tracks": 8, "exemplars": 64, "missing_shards": 0}
    assert report["data"] == {**counts, "parts": {"a": {"pairs": 24, "share": 1.0, "videos": 4}}}
    assert len((outputs.records / "speed.csv").read_text().splitlines()) == 3
    json.dumps(report)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_same_bytes_for_any_number_of_workers(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, undisturbed: dict[str, bytes], workers: int
) -> None:
    train(small, inputs, outputs, replace(CPU, workers=workers))
    assert products(outputs) == undisturbed


def test_the_callers_generators_and_threads_are_left_alone(
    inputs: Inputs, outputs: Outputs, small: TrainConfig
) -> None:
    threads = torch.get_num_threads()
    torch.manual_seed(5)
    train(replace(small, epochs=1), inputs, outputs, replace(CPU, threads=threads + 1))
    assert torch.get_num_threads() == threads


def test_learning_lowers_loss_and_centre_error(inputs: Inputs, outputs: Outputs, small: TrainConfig) -> None:
    config = replace(
        small,
        network=replace(small.network, width=0.1),
        pairs=replace(small.pairs, per_epoch=64),
        augmentation=replace(small.augmentation, shift=20.0),
        batch=8,
        epochs=4,
        validation_pairs=32,
        picture_every=0,
    )
    train(config, inputs, outputs, CPU)
    with (outputs.records / "curves.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert float(rows[-1]["loss"]) < 0.9 * float(rows[0]["loss"])
    assert float(rows[-1]["centre_error"]) < float(rows[0]["centre_error"])
    assert list((outputs.records / "pictures").iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"ema": 0.5},
        {"optimiser": {"name": "sgd", "learning_rate": 0.01, "clip": 1.0}},
        {"precision": {"amp": True}},
        {"loss": {"name": "shrinkage"}, "label": {"kind": "disc"}},
        {"network": {"width": 0.05, "norm": "none", "train_gain": True}},
    ],
)
def test_options_reach_the_result(
    inputs: Inputs,
    outputs: Outputs,
    small: TrainConfig,
    undisturbed: dict[str, bytes],
    change: dict[str, object],
) -> None:
    kind = TypeAdapter(TrainConfig)
    config = kind.validate_json(orjson.dumps({**kind.dump_python(small), **change}))
    train(replace(config, validation_pairs=0, picture_every=0, epochs=1), inputs, outputs, CPU)
    assert outputs.weights.read_bytes() != undisturbed["weights.safetensors"]


def test_without_validation_its_columns_are_empty(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, tmp_path: Path
) -> None:
    config = replace(small, validation_pairs=0, epochs=1)
    report = train(config, replace(inputs, validation=tmp_path / "absent.json"), outputs, CPU)
    assert report["centre_error"] is None
    assert (outputs.records / "curves.csv").read_text().splitlines()[1].endswith(",,")


class StoppedError(Exception):
    pass


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next run end by an exception just before it takes step number `step`."""
    original = loop._Run._advance

    def advance(run: loop._Run, batch: PairBatch) -> None:
        if run.step == step:
            raise StoppedError
        original(run, batch)

    monkeypatch.setattr(loop._Run, "_advance", advance)


@pytest.mark.parametrize("step", range(1, 6))
def test_a_run_stopped_at_any_step_ends_with_the_same_bytes(
    inputs: Inputs,
    outputs: Outputs,
    small: TrainConfig,
    undisturbed: dict[str, bytes],
    step: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    every_step = replace(CPU, checkpoint_seconds=0.0)
    with pytest.MonkeyPatch.context() as patch:
        stop_at(step, patch)
        with pytest.raises(StoppedError):
            train(small, inputs, outputs, every_step)
    assert not outputs.weights.exists()
    shutil.rmtree(outputs.records, ignore_errors=True)  # as DVC does before it runs a stage
    with caplog.at_level(logging.INFO):
        train(small, inputs, outputs, replace(every_step, workers=step % 2))
    assert f"going on from step {step} of 6" in caplog.text
    assert products(outputs) == undisturbed


def test_what_it_was_made_on_stands_beside_the_weights_not_in_them(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, undisturbed: dict[str, bytes]
) -> None:
    """A run that goes on elsewhere names both places; one with nothing left to do adds none."""
    outputs = replace(outputs, origin=outputs.weights.with_name("origin.json"))
    places = [replace(CPU, environment={"revision": word}) for word in ("first", "second", "third")]
    with pytest.MonkeyPatch.context() as patch:
        stop_at(4, patch)
        with pytest.raises(StoppedError):
            train(small, inputs, outputs, places[0])
    for place in places[1:]:
        train(small, inputs, outputs, place)
    assert products(outputs) == undisturbed
    assert outputs.origin is not None
    assert json.loads(outputs.origin.read_text())["made_on"] == [
        {"revision": word, "device": "cpu", "threads": 1, "processes": 1} for word in ("first", "second")
    ]


def spec_of(inputs: Inputs, out: Path, config: TrainConfig, **changes: object) -> str:
    return orjson.dumps(
        {
            "folder": str(inputs.train.parent),
            "out": str(out),
            "config": TypeAdapter(TrainConfig).dump_python(config),
            "die": {},
            "checkpoint_seconds": 3600,
            **changes,
        }
    ).decode()


def test_killed_between_checkpoints(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, undisturbed: dict[str, bytes]
) -> None:
    """SIGKILL in the second epoch: the steps since the first one's end are done again."""
    spec = spec_of(inputs, outputs.weights.parent, small, die={"0": 4})
    killed = subprocess.run(
        [sys.executable, "-m", "tests.training.job", spec], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    outputs = replace(outputs, checkpoints=outputs.weights.parent / "checkpoints")
    train(small, inputs, outputs, CPU)
    assert products(outputs) == undisturbed


def test_a_finished_run_is_not_trained_again(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, undisturbed: dict[str, bytes]
) -> None:
    first = train(small, inputs, outputs, CPU)
    shutil.rmtree(outputs.weights.parent)
    with pytest.MonkeyPatch.context() as patch:
        stop_at(6, patch)
        assert train(small, inputs, outputs, CPU) == first
    assert products(outputs) == undisturbed


def test_other_parameters_do_not_use_the_checkpoint(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    train(replace(small, seed=1), inputs, outputs, CPU)
    other = replace(elsewhere(outputs, "other"), checkpoints=outputs.checkpoints)
    with caplog.at_level(logging.INFO):
        train(small, inputs, other, CPU)
    assert "1 checkpoint(s) of other parameters, data or code, not used" in caplog.text
    assert other.weights.read_bytes() != outputs.weights.read_bytes()


def test_divergence_is_an_early_clear_error_and_keeps_the_batch(
    inputs: Inputs, outputs: Outputs, small: TrainConfig
) -> None:
    wild = replace(
        small,
        optimiser=replace(small.optimiser, name="sgd", learning_rate=1e30),
        schedule=replace(small.schedule, name="constant"),
    )
    with pytest.raises(InputError, match=r"training diverged in epoch 1, step \d: loss .*Lower") as caught:
        train(wild, inputs, outputs, CPU)
    path = Path(str(caught.value).split("kept in ")[1].split(". Lower")[0])
    kept = torch.load(path, weights_only=True)
    assert kept["batch"]["search"].shape == (4, 143, 143, 3)
    assert kept["step"] < 3
    assert not outputs.weights.exists()
    assert not list(outputs.checkpoints.rglob("last.pt"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch": 13}, "train.pairs.per_epoch = 12 is less than one batch of 13"),
        ({"pairs": {"search_size": 90}}, "search region of 90 px is smaller than the exemplar of 95 px"),
    ],
)
def test_parameters_that_do_not_fit(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, change: dict[str, object], message: str
) -> None:
    pairs = replace(small.pairs, **change.pop("pairs", {}))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        train(replace(small, pairs=pairs, **change), inputs, outputs, CPU)  # type: ignore[arg-type]


def test_an_empty_validation_split(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, tmp_path: Path
) -> None:
    empty = fabricate(tmp_path, "val", videos=1, frames=[0])
    with pytest.raises(InputError, match=r"imdb_video_val.json: there is no pair to draw"):
        train(small, replace(inputs, validation=empty), outputs, CPU)


def test_an_unusable_device(inputs: Inputs, outputs: Outputs, small: TrainConfig) -> None:
    with pytest.raises(InputError, match="device 'abacus' is not usable here"):
        train(small, inputs, outputs, Runtime(device="abacus"))


def test_the_published_setting_is_within_the_parameters() -> None:
    published = {
        "network": {"width": 1.0},
        "loss": {"name": "focal_cross_entropy", "gamma": 2.0},
        "pairs": {"per_epoch": 53200, "search_size": 239},
        "augmentation": {"stretch": 0.05, "shift": 4.0, "flip": 0.0},
        "optimiser": {"name": "sgd", "learning_rate": 1e-2, "momentum": 0.9, "weight_decay": 5e-4},
        "schedule": {"name": "exponential", "decay": 0.8685},
        "epochs": 60,
        "batch": 8,
    }
    config = TypeAdapter(TrainConfig).validate_json(orjson.dumps(published))
    assert config.network.width == 1.0
    with pytest.raises(ValidationError, match="momentun"):
        TypeAdapter(TrainConfig).validate_json(orjson.dumps({"optimiser": {"momentun": 0.9}}))


def test_compilation_changes_rounding_only(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default backend needs a C++ compiler and a minute; the eager one takes the same way to it."""
    compiled = []

    def compile_eagerly(network: SiameseNetwork) -> None:
        compiled.append(network)
        torch.nn.Module.compile(network, backend="eager")

    monkeypatch.setattr(SiameseNetwork, "compile", compile_eagerly)
    config = replace(small, epochs=1, picture_every=0)
    plain = train(config, inputs, outputs, CPU)
    assert not compiled
    config = replace(config, precision=replace(config.precision, compile=True))
    found = train(config, inputs, elsewhere(outputs, "compiled"), CPU)
    assert len(compiled) == 1
    assert found["loss"] == pytest.approx(plain["loss"], rel=1e-4)


def test_indices_of_different_crops_are_refused(
    tmp_path: Path, inputs: Inputs, outputs: Outputs, small: TrainConfig
) -> None:
    fabricate(tmp_path, "train")
    fabricate(tmp_path, "val", header={"context": 0.25})
    mixed = Inputs(
        train=tmp_path / "imdb_video_train.json",
        validation=tmp_path / "imdb_video_val.json",
        crops=tmp_path / "crops",
    )
    with pytest.raises(InputError, match=r"context=0\.5.*context=0\.25.*dvc repro imdb"):
        train(small, mixed, outputs, CPU)


def test_weights_record_the_geometry_of_their_crops(
    inputs: Inputs, outputs: Outputs, small: TrainConfig
) -> None:
    """Under the names that weights have always had it under, so that old ones are read alike."""
    train(small, inputs, outputs, CPU)
    metadata = load_weights(outputs.weights)[1]
    pairs = metadata["parameters"]["pairs"]
    assert (pairs["exemplar_size"], pairs["crop_size"], pairs["context"]) == (EXEMPLAR, CROP, 0.5)
    assert crop_geometry(metadata) == CropGeometry(EXEMPLAR, CROP, 0.5)
    assert crop_geometry({}) == SIAMFC


@pytest.fixture
def first(inputs: Inputs, outputs: Outputs, small: TrainConfig) -> tuple[str, Outputs]:
    """Weights of a finished run, and where the next one writes."""
    train(small, inputs, outputs, CPU)
    return str(outputs.weights), elsewhere(outputs, "next")


def fine(small: TrainConfig, init: str, **changes: object) -> TrainConfig:
    return replace(small, init=init, optimiser=replace(small.optimiser, learning_rate=1e-4), **changes)


def test_a_training_begins_with_given_weights(
    inputs: Inputs, small: TrainConfig, first: tuple[str, Outputs]
) -> None:
    init, outputs = first
    begun = load_weights(Path(init))[0].state_dict()
    train(fine(small, init, freeze=("conv1", "conv3", "bias")), inputs, outputs, CPU)
    network, metadata = load_weights(outputs.weights)
    for name, value in network.state_dict().items():
        kept = name.startswith(("features.0.", "features.1.", "features.8.", "features.9.")) or name in (
            "bias",
            "gain",
        )
        assert torch.equal(value, begun[name]) is kept, name
        if not kept and value.is_floating_point() and "running" not in name:
            assert (value - begun[name]).abs().max() < 2e-3, "a few small steps away"
    assert metadata["init"] == {"sha256": hashlib.sha256(Path(init).read_bytes()).hexdigest()}
    assert metadata["parameters"]["init"] == init
    assert metadata["parameters"]["freeze"] == ["conv1", "conv3", "bias"]


def test_the_running_average_keeps_frozen_layers_to_the_bit(
    inputs: Inputs, small: TrainConfig, first: tuple[str, Outputs]
) -> None:
    init, outputs = first
    begun = load_weights(Path(init))[0].state_dict()
    train(fine(small, init, freeze=("conv1",), ema=0.9), inputs, outputs, CPU)
    state = load_weights(outputs.weights)[0].state_dict()
    frozen = [name for name in state if name.startswith(("features.0.", "features.1."))]
    assert len(frozen) == 6
    assert all(torch.equal(state[name], begun[name]) for name in frozen)


def test_fine_tuning_is_repeatable_and_resumes(
    inputs: Inputs, small: TrainConfig, first: tuple[str, Outputs]
) -> None:
    init, outputs = first
    config = fine(small, init, freeze=("conv1",))
    train(config, inputs, outputs, CPU)
    again = elsewhere(outputs, "again")
    every_step = replace(CPU, checkpoint_seconds=0.0)
    with pytest.MonkeyPatch.context() as patch:
        stop_at(4, patch)
        with pytest.raises(StoppedError):
            train(config, inputs, again, every_step)
    train(config, inputs, again, every_step)
    assert products(again) == products(outputs)


def test_other_first_weights_do_not_use_the_checkpoint(
    inputs: Inputs, small: TrainConfig, first: tuple[str, Outputs], tmp_path: Path
) -> None:
    init, outputs = first
    config = fine(small, str(tmp_path / "copy.safetensors"))
    shutil.copyfile(init, config.init)
    train(config, inputs, outputs, CPU)
    before = outputs.weights.read_bytes()
    shutil.copyfile(outputs.weights, config.init)
    train(config, inputs, outputs, CPU)
    assert outputs.weights.read_bytes() != before


def test_first_weights_of_another_form(
    inputs: Inputs, small: TrainConfig, first: tuple[str, Outputs]
) -> None:
    wider = replace(small, network=replace(small.network, width=0.1), init=first[0])
    with pytest.raises(
        InputError, match=r"width 0\.05, but train\.network has width 0\.1\. Run: .*width=0\.05"
    ):
        train(wider, inputs, first[1], CPU)
    with pytest.raises(InputError, match=r"train\.init: there is no file .*none"):
        train(replace(small, init="none.safetensors"), inputs, first[1], CPU)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"freeze": ["conv1"]}, "freeze without init would keep layers untrained"),
        ({"init": "w", "freeze": ["cnov2"]}, "no such layer; did you mean 'conv2'"),
        ({"init": "w", "freeze": ["head"]}, r"no such layer; \(layers: conv1, "),
        ({"init": "w", "freeze": ["conv1", "conv2", "conv3", "conv4", "conv5", "bias"]}, "nothing to train"),
        ({"init": "w", "freeze": "conv1"}, "valid tuple|valid array"),
    ],
)
def test_layers_that_cannot_be_frozen(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(TrainConfig).validate_json(orjson.dumps(values))


def test_both_ways_takes_two_pairs_at_a_time() -> None:
    with pytest.raises(ValidationError, match="batch must be even"):
        TrainConfig(batch=7, pairs=PairConfig(both_ways=True))


def test_both_ways_is_recorded_where_it_is_used() -> None:
    for ways in (False, True):
        config = TrainConfig(pairs=PairConfig(both_ways=ways))
        recorded = recorded_parameters(TypeAdapter(TrainConfig).dump_python(config), SIAMFC)
        assert recorded["pairs"].get("both_ways", "left out") == (ways or "left out")


@pytest.mark.parametrize("picture_every", [0, 2, 3])
def test_a_longer_run_goes_on_from_a_finished_one(
    inputs: Inputs,
    outputs: Outputs,
    small: TrainConfig,
    caplog: pytest.LogCaptureFixture,
    picture_every: int,
) -> None:
    config = replace(
        small, schedule=replace(small.schedule, name="exponential"), epochs=4, picture_every=picture_every
    )
    train(config, inputs, outputs, CPU)
    other = elsewhere(outputs, "other")
    for epochs in (1, 2):
        train(replace(config, epochs=epochs), inputs, other, CPU)
    with caplog.at_level(logging.INFO):
        caplog.clear()
        train(config, inputs, other, CPU)
    assert "going on from step 6 of 12" in caplog.text
    assert products(other) == products(outputs)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        report = train(replace(config, epochs=3), inputs, other, CPU)
    assert "going on from step 6 of 9" in caplog.text, "of two epochs, not of four"
    assert report["epochs"] == 3


def test_a_schedule_that_spreads_over_the_run_says_that_it_starts_anew(
    inputs: Inputs, outputs: Outputs, small: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    train(small, inputs, outputs, CPU)
    with caplog.at_level(logging.INFO):
        train(replace(small, epochs=3), inputs, outputs, CPU)
    assert "one_cycle spreads over all epochs, so this run of 3 does not go on from that of 2" in caplog.text
    assert "going on from step" not in caplog.text
    fresh = elsewhere(outputs, "fresh")
    train(replace(small, epochs=3), inputs, fresh, CPU)
    assert products(fresh) == products(outputs)
