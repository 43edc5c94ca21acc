"""Trackers by name: built in another process, and an identity that changes with all that decides boxes."""

from __future__ import annotations

import pickle

import pytest
import torch

from curation.errors import InputError
from training.networks import NetworkConfig, SiameseNetwork
from training.tracking.baselines import StillTracker, TemplateConfig, TemplateTracker
from training.tracking.contenders import TrackConfig, contenders
from training.tracking.siamese import SiameseConfig, SiameseTracker
from training.weights import save_weights

WIDTH = 0.05


def write_weights(path, seed=1):
    torch.manual_seed(seed)
    save_weights(path, SiameseNetwork(NetworkConfig(width=WIDTH)), {})
    return path


@pytest.fixture
def weights(tmp_path):
    return write_weights(tmp_path / "siamese.safetensors")


def identities(weights, **settings):
    return {c.name: c.identity for c in contenders(TrackConfig(**settings), weights=weights)}


def test_every_name_makes_its_tracker_after_pickling(weights):
    made = {c.name: pickle.loads(pickle.dumps(c)).make() for c in contenders(TrackConfig(), weights=weights)}
    kinds = {name: type(tracker) for name, tracker in made.items()}
    assert kinds == {
        "siamese": SiameseTracker,
        "untrained": SiameseTracker,
        "template": TemplateTracker,
        "still": StillTracker,
    }
    trained, fresh = (made[name].network.features[0].weight for name in ("siamese", "untrained"))
    assert trained.shape == fresh.shape
    assert not torch.equal(trained, fresh)


def test_the_untrained_network_is_the_same_every_time_and_leaves_the_generator_alone(weights):
    [contender] = contenders(TrackConfig(trackers=("untrained",)), weights=weights)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second = contender.make(), contender.make()
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first.network.features[0].weight, second.network.features[0].weight)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"recipe": 2}, {"siamese", "untrained", "template", "still"}),
        ({"siamese": SiameseConfig(scale_step=1.05)}, {"siamese", "untrained"}),
        ({"template": TemplateConfig(reach=2.0)}, {"template"}),
        ({"untrained_seed": 3}, {"untrained"}),
        ({}, set()),
    ],
)
def test_identities_change_with_what_decides_the_boxes_only(weights, settings, changed):
    before, after = identities(weights), identities(weights, **settings)
    assert {name for name in before if before[name] != after[name]} == changed
    assert len(set(after.values())) == 4


def test_other_weights_are_another_siamese_tracker_only(weights, tmp_path):
    before, after = identities(weights), identities(write_weights(tmp_path / "other.safetensors", seed=2))
    assert {name for name in before if before[name] != after[name]} == {"siamese"}


def test_missing_weights_say_which_stage_makes_them(tmp_path):
    with pytest.raises(InputError, match=r"missing\. Run: dvc repro train"):
        contenders(TrackConfig(), weights=tmp_path / "none.safetensors")
    assert contenders(TrackConfig(trackers=("still",)), weights=tmp_path / "none.safetensors")
