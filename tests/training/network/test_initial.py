"""First weights from files: ours, and those of the two published SiamFC programs, built here as they are there."""

from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from curation.crops.geometry import SIAMFC, CropGeometry
from curation.errors import InputError
from training.network.initial import load_initial
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights

PUBLISHED = NetworkConfig(width=1.0)


def _layers(eps: float) -> list[list[nn.Module]]:
    """The five layers as both programs write them: a bias before the normalisation, ReLU before the pool."""

    def norm(channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels, eps=eps)

    def relu() -> nn.Module:
        return nn.ReLU(inplace=True)

    return [
        [nn.Conv2d(3, 96, 11, 2), norm(96), relu(), nn.MaxPool2d(3, 2)],
        [nn.Conv2d(96, 256, 5, 1, groups=2), norm(256), relu(), nn.MaxPool2d(3, 2)],
        [nn.Conv2d(256, 384, 3, 1), norm(384), relu()],
        [nn.Conv2d(384, 384, 3, 1, groups=2), norm(384), relu()],
        [nn.Conv2d(384, 256, 3, 1, groups=2)],
    ]


class StrangerZhang(nn.Module):
    """As of SiamFC-PyTorch: one sequence, and a bias of the response."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*(module for layer in _layers(1e-5) for module in layer))
        self.corr_bias = nn.Parameter(torch.tensor([-0.7]))

    def embed(self, images: Tensor) -> Tensor:
        found: Tensor = self.features(images)
        return found


class HuangLianghua(nn.Module):
    """As of siamfc-pytorch: five sequences in a backbone, and a smaller epsilon."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Module()
        for number, layer in enumerate(_layers(1e-6), start=1):
            self.backbone.add_module(f"conv{number}", nn.Sequential(*layer))

    def embed(self, images: Tensor) -> Tensor:
        for layer in self.backbone.children():
            images = layer(images)
        return images


def trained(kind: type[StrangerZhang] | type[HuangLianghua]) -> Any:
    """One of them with numbers as a training leaves them; small variances show an epsilon that differs."""
    torch.manual_seed(0)
    network = kind()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            module.running_mean = torch.randn(module.num_features)
            module.running_var = torch.rand(module.num_features) * 1e-4 + 1e-6
        elif isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=1e-3)
            nn.init.normal_(module.bias, std=1e-3)  # type: ignore[arg-type]
    return network.eval()


def loaded(path: Path, config: NetworkConfig = PUBLISHED) -> SiameseNetwork:
    network = SiameseNetwork(config)
    network.load_state_dict(load_initial(path, config, SIAMFC)[0])
    return network.eval()


@pytest.mark.parametrize("kind", [StrangerZhang, HuangLianghua])
@torch.inference_mode()
def test_a_published_network_computes_the_same_here(
    kind: type[StrangerZhang] | type[HuangLianghua], tmp_path: Path
) -> None:
    theirs = trained(kind)
    torch.save(theirs.state_dict(), tmp_path / "siamfc.pth")
    ours = loaded(tmp_path / "siamfc.pth")
    images = 255 * torch.rand(2, 3, 127, 127)
    expected = theirs.embed(images)
    torch.testing.assert_close(
        ours.embed(images), expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max())
    )
    assert float(ours.bias) == pytest.approx(-0.7 if kind is StrangerZhang else 0.0)
    assert float(ours.gain) == pytest.approx(1e-3)


@torch.inference_mode()
def test_older_files_name_layers_without_the_backbone(tmp_path: Path) -> None:
    state = trained(HuangLianghua).state_dict()
    torch.save(state, tmp_path / "new.pth")
    torch.save({name.removeprefix("backbone."): value for name, value in state.items()}, tmp_path / "old.pth")
    new, old = (loaded(tmp_path / name).state_dict() for name in ("new.pth", "old.pth"))
    assert all(torch.equal(new[name], old[name]) for name in new)


def test_ours_come_back_with_the_digest_of_their_file(tmp_path: Path) -> None:
    network = SiameseNetwork(NetworkConfig(width=0.05))
    save_weights(tmp_path / "w.safetensors", network, {"parameters": {}})
    state, sha256 = load_initial(tmp_path / "w.safetensors", network.config, SIAMFC)
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    assert sha256 == hashlib.sha256((tmp_path / "w.safetensors").read_bytes()).hexdigest()


def refused(path: Path, config: NetworkConfig, geometry: CropGeometry = SIAMFC) -> str:
    with pytest.raises(InputError) as caught:
        load_initial(path, config, geometry)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_network_of_another_form_names_what_would_fit(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", SiameseNetwork(NetworkConfig(width=0.05, norm="none")))
    said = refused(tmp_path / "w.safetensors", NetworkConfig())
    assert "width 0.05, norm none, but train.network has width 0.25, norm batch" in said
    assert "profile --set train.network.width=0.05 train.network.norm=none" in said


def test_weights_of_other_crops_are_refused_but_for_the_size_of_the_search_crop(tmp_path: Path) -> None:
    network = SiameseNetwork(NetworkConfig(width=0.05))
    pairs = {"exemplar_size": 127, "crop_size": 511, "context": 0.25}
    path = tmp_path / "w.safetensors"
    save_weights(path, network, {"parameters": {"pairs": pairs}})
    said = refused(path, network.config)
    assert "127 px with context 0.25, but the crops here have 127 px with 0.5" in said
    load_initial(path, network.config, CropGeometry(127, 255, 0.25))


def _published(**changes: Tensor | None) -> dict[str, Tensor]:
    state = OrderedDict(trained(StrangerZhang).state_dict())
    for name, value in changes.items():
        key = name.replace("__", ".")
        state.pop(key, None)
        if value is not None:
            state[key] = value
    return state


@pytest.mark.parametrize(
    ("changes", "config", "words"),
    [
        (
            {},
            NetworkConfig(),
            r"features\.0\.weight of shape \(96, 3, 11, 11\), not \(24, 3, 11, 11\).*width=1\.0",
        ),
        ({}, NetworkConfig(width=1.0, norm="none"), r"which train\.network has not|not \(|lacks"),
        ({"features__8__weight": None}, PUBLISHED, r"lacks features\.8\.weight \(384, 256, 3, 3\)"),
        ({"features__20__weight": torch.ones(3)}, PUBLISHED, r"has features\.20\.weight, which"),
        ({"features__0__weight": torch.full((96, 3, 11, 11), torch.nan)}, PUBLISHED, "not finite"),
        ({"features__1__running_var": torch.full((96,), -0.5)}, PUBLISHED, "negative variance"),
        ({"corr_bias": torch.ones(2)}, PUBLISHED, r"has bias of shape \(2,\), not \(\)"),
    ],
)
def test_a_published_file_that_does_not_fit(
    changes: dict[str, Any], config: NetworkConfig, words: str, tmp_path: Path
) -> None:
    torch.save(_published(**changes), tmp_path / "siamfc.pth")
    with pytest.raises(InputError, match=words):
        load_initial(tmp_path / "siamfc.pth", config, SIAMFC)


class _Harmful:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("harm"),))


def test_what_is_no_file_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is no file none.pth" in refused(Path("none.pth"), PUBLISHED)
    for name, content in {
        "cut.pth": b"PK\x03\x04nothing",
        "cut.safetensors": b"12345678",
        "harm.pth": pickle.dumps(_Harmful()),
        "empty.pth": b"",
    }.items():
        Path(name).write_bytes(content)
        assert name in refused(Path(name), PUBLISHED)
    torch.save({"epoch": 3, "model": {}}, "checkpoint.pth")
    assert "no dict of tensors" in refused(Path("checkpoint.pth"), PUBLISHED)
    torch.save({"fc.weight": torch.ones(2)}, "other.pth")
    assert "first names: fc.weight" in refused(Path("other.pth"), PUBLISHED)
    assert not Path("harm").exists()
