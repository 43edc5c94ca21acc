from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
import safetensors.torch
import torch

from curation.crops.geometry import CropGeometry
from curation.errors import InputError
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import (
    KEY,
    LIMIT,
    LONGEST_HEADER,
    crop_geometry,
    load_weights,
    save_origin,
    save_weights,
)

METADATA = {"parameters": {"epochs": 3}, "imdb": "0123"}


@pytest.fixture
def network() -> SiameseNetwork:
    torch.manual_seed(3)
    network = SiameseNetwork(NetworkConfig(width=0.05, train_gain=True))
    network.embed(255 * torch.rand(2, 3, 95, 95))  # moves the running statistics
    return network.to(memory_format=torch.channels_last)


def test_what_is_saved_is_loaded(network: SiameseNetwork, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, network, METADATA)
    loaded, metadata = load_weights(path)
    assert metadata == METADATA
    assert loaded.config == network.config
    assert not loaded.training
    state = loaded.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("cut", "crop", "exemplar", "searched"),
    [
        (255, 255, 127, 255),
        (239, 255, 127, 255),  # as SiamFC does
        (255, 511, 127, 255),  # crops of PySOT
        (239, 511, 127, 255),
        (303, 511, 127, 303),
        (511, 511, 127, 511),
        (None, 511, 127, 511),  # what was cut is not on record
        (None, None, None, 255),
        (79, 95, 63, 95),
    ],
)
def test_as_much_is_searched_as_was_trained_on(
    cut: int | None, crop: int | None, exemplar: int | None, searched: int
) -> None:
    given = {"search_size": cut, "crop_size": crop, "exemplar_size": exemplar, "context": 0.25}
    pairs = {name: value for name, value in given.items() if value}
    geometry = crop_geometry({"parameters": {"pairs": pairs}})
    assert geometry == CropGeometry(exemplar or 127, searched, 0.25)


def test_weights_that_hold_a_revision_are_loaded(network: SiameseNetwork, tmp_path: Path) -> None:
    """Earlier versions wrote it into the file, and such files are in caches."""
    path = tmp_path / "w.safetensors"
    save_weights(path, network, METADATA | {"revision": "abcd-dirty"})
    assert load_weights(path)[1] == METADATA | {"revision": "abcd-dirty"}


def test_an_origin_names_the_weights_as_dvc_does(network: SiameseNetwork, tmp_path: Path) -> None:
    weights, origin = tmp_path / "w.safetensors", tmp_path / "w.json"
    save_weights(weights, network, METADATA)
    save_origin(origin, weights, [{"revision": "abcd"}, {"revision": "abcd", "device": "cuda"}])
    known_as = hashlib.md5(weights.read_bytes()).hexdigest()
    made_on = [{"revision": "abcd"}, {"revision": "abcd", "device": "cuda"}]
    assert json.loads(origin.read_text()) == {"schema": 1, "weights_md5": known_as, "made_on": made_on}


def test_same_content_same_bytes(network: SiameseNetwork, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    save_weights(first, network, METADATA)
    save_weights(second, network, dict(reversed(METADATA.items())))
    assert first.read_bytes() == second.read_bytes()


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_weights(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_missing_file(tmp_path: Path) -> None:
    assert "is missing. Run: dvc repro train" in refused(tmp_path / "w.safetensors")


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_cut_file(network: SiameseNetwork, tmp_path: Path, length: int) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, network)
    path.write_bytes(path.read_bytes()[:length])
    message = refused(path)
    assert "is not a whole safetensors file" in message
    assert "Copy it again; the train stage's own: python -m pipelines doctor cache --mend" in message


def test_a_flipped_bit_is_noticed(network: SiameseNetwork, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, network)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    assert "is damaged" in refused(path)


@pytest.mark.parametrize(
    ("name", "value"), [("features.0.weight", torch.nan), ("features.1.running_var", -0.5)]
)
def test_weights_that_give_no_numbers_are_refused(
    name: str, value: float, network: SiameseNetwork, tmp_path: Path
) -> None:
    """A negative variance is finite, and the normalisation by it is not."""
    network.state_dict()[name][0] = value
    save_weights(tmp_path / "w.safetensors", network)
    with pytest.raises(
        InputError, match=rf"has {name} with numbers that are not finite, or a negative variance"
    ):
        load_weights(tmp_path / "w.safetensors")


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    torch.save({"weights": torch.zeros(2)}, path)
    assert "is not a whole safetensors file" in refused(path)


def test_foreign_weights(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file({"features.0.weight": torch.zeros(2)}, path)
    assert "this project did not write" in refused(path)


@pytest.mark.parametrize(
    "header",
    [
        "no json",
        "[]",
        "{}",
        json.dumps({"network": {"width": -1}, "metadata": {}}),
        json.dumps({"network": {"depth": 50}, "metadata": {}}),
        json.dumps({"network": {"width": 0.05}, "metadata": {}}),
    ],
)
def test_a_header_that_does_not_fit(header: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file({"x": torch.zeros(2)}, path, {KEY: header})
    assert "does not describe its network" in refused(path)


@pytest.mark.parametrize(
    "header", ["[" * 10_000, '{"network": {}, "metadata": [1]}', '{"network": {}, "metadata": 3}']
)
def test_a_header_that_nests_or_holds_something_else(header: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file({"x": torch.zeros(2)}, path, {KEY: header})
    assert "does not describe its network" in refused(path)


def test_what_is_no_plain_file_or_too_large(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    os.mkfifo(path)
    assert "is not a plain file" in refused(path)
    path.unlink()
    with path.open("wb") as stream:
        stream.write((LONGEST_HEADER + 1).to_bytes(8, "little"))
        stream.truncate(LIMIT)
    assert "its header is too long" in refused(path)
    with path.open("wb") as stream:
        stream.truncate(LIMIT + 1)
    assert "more than the" in refused(path)
