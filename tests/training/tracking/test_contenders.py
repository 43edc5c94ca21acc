"""Trackers by name: built in another process, and an identity that changes with all that decides boxes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import safetensors.torch
import torch
from pydantic import TypeAdapter

from curation.errors import InputError
from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import moving_target
from training.backbones.backbone_config import BackboneConfig
from training.backbones.weight_files import sha256_of
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights
from training.tracking.baselines import StillTracker, TemplateConfig, TemplateTracker
from training.tracking.contenders import _recorded, contenders
from training.tracking.online.box_network import BoxNetwork, save_box_network
from training.tracking.online.online_config import OnlineConfig, RefineConfig, StripConfig
from training.tracking.online.tracker import OnlineTracker
from training.tracking.siamese import SiameseTracker
from training.tracking.siamese_config import SiameseConfig
from training.tracking.track_config import TrackConfig

WIDTH = 0.05
ALL = ("siamese", "online", "untrained", "template", "still")


def write_weights(path, seed=1):
    torch.manual_seed(seed)
    save_weights(path, SiameseNetwork(NetworkConfig(width=WIDTH)), {})
    return path


@pytest.fixture
def weights(tmp_path):
    return write_weights(tmp_path / "siamese.safetensors")


def identities(weights, **settings):
    config = TrackConfig(**{"trackers": ALL, **settings})
    return {c.name: c.identity for c in contenders(config, weights=weights)}


def test_every_name_makes_its_tracker_after_pickling(weights):
    config = TrackConfig(trackers=ALL)
    made = {c.name: pickle.loads(pickle.dumps(c)).make() for c in contenders(config, weights=weights)}
    kinds = {name: type(tracker) for name, tracker in made.items()}
    assert kinds == {
        "siamese": SiameseTracker,
        "online": OnlineTracker,
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
        ({"recipe": 9}, set(ALL)),
        ({"siamese": SiameseConfig(scale_step=1.05)}, {"siamese", "untrained"}),
        ({"template": TemplateConfig(reach=2.0)}, {"template"}),
        ({"untrained_seed": 3}, {"untrained"}),
        ({"online": OnlineConfig(update_gate=0.4)}, {"online"}),
        ({"online": OnlineConfig(seed=1)}, {"online"}),
        ({}, set()),
    ],
)
def test_identities_change_with_what_decides_the_boxes_only(weights, settings, changed):
    before, after = identities(weights), identities(weights, **settings)
    assert {name for name in before if before[name] != after[name]} == changed
    assert len(set(after.values())) == len(ALL)


def test_other_weights_are_other_trackers_where_they_are_used(weights, tmp_path):
    before, after = identities(weights), identities(write_weights(tmp_path / "other.safetensors", seed=2))
    assert {name for name in before if before[name] != after[name]} == {"siamese", "online"}


def test_missing_weights_say_which_stage_makes_them(tmp_path):
    with pytest.raises(InputError, match=r"missing\. Run: dvc repro train"):
        contenders(TrackConfig(), weights=tmp_path / "none.safetensors")
    assert contenders(TrackConfig(trackers=("still",)), weights=tmp_path / "none.safetensors")


def test_several_seeds_are_several_contenders(weights):
    config = TrackConfig(trackers=("online",), online_seeds=2, online=OnlineConfig(seed=7))
    first, second = contenders(config, weights=weights)
    assert (first.name, second.name) == ("online-7", "online-8")
    assert first.identity != second.identity
    [alone] = contenders(TrackConfig(trackers=("online",), online=OnlineConfig(seed=8)), weights=weights)
    assert alone.name == "online"
    assert alone.identity == second.identity


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "squeezenet.safetensors"
    safetensors.torch.save_file(random_weights("squeezenet"), path)
    return path


def online_on(file, weights, **backbone):
    config = TrackConfig(trackers=("online",), backbone=BackboneConfig(name="squeezenet", **backbone))
    [contender] = contenders(config, weights=weights, backbone=file)
    return contender


def test_a_file_of_weights_is_known_by_its_digest_wherever_it_is(weights, file, tmp_path):
    right = sha256_of(file)
    contender = online_on(file, weights, sha256=right)
    assert online_on(file, weights, sha256=right, precision="bfloat16").identity != contender.identity
    moved = file.rename(tmp_path / "moved.safetensors")
    assert online_on(moved, weights, sha256=right[:10]).identity == contender.identity
    frames, boxes = moving_target(2, shape=(120, 160))
    tracker = pickle.loads(pickle.dumps(online_on(moved, weights, sha256=right[:10]))).make()
    tracker.init(frames[0], boxes[0])
    assert np.isfinite(tracker.update(frames[1])).all()


def test_a_box_head_is_known_by_its_content_and_without_one_nothing_changes(weights, file, tmp_path):
    """Caches from before there were box heads stay good: `refine` is no part of the identity where it does nothing."""
    right, identity = sha256_of(file), {}
    plain = online_on(file, weights, sha256=right).identity
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_box_network(tmp_path / f"{seed}.safetensors", BoxNetwork(768), {"backbone": "squeezenet"})
    (tmp_path / "copy.safetensors").write_bytes((tmp_path / "0.safetensors").read_bytes())
    for name, refine in {
        "off": RefineConfig(recent=7, weights="nowhere.safetensors"),
        "on": RefineConfig(share=0.5, weights=str(tmp_path / "0.safetensors")),
        "copy": RefineConfig(share=0.5, weights=str(tmp_path / "copy.safetensors")),
        "other": RefineConfig(share=0.5, weights=str(tmp_path / "1.safetensors")),
        "more": RefineConfig(share=0.6, weights=str(tmp_path / "0.safetensors")),
    }.items():
        config = TrackConfig(
            trackers=("online",),
            backbone=BackboneConfig(name="squeezenet", sha256=right),
            online=OnlineConfig(refine=refine),
        )
        [contender] = contenders(config, weights=weights, backbone=file)
        identity[name] = contender.identity
    assert identity["off"] == plain
    assert identity["on"] == identity["copy"]
    assert len(set(identity.values())) == 4


def test_a_search_for_a_strip_is_part_of_the_identity_only_where_there_is_one(weights):
    """Caches from before it stay good."""
    config = TrackConfig(trackers=("online",))
    off = TypeAdapter(OnlineConfig).dump_python(config.online, mode="json")
    assert off.pop("strip") == {"frames": 0}
    assert off.pop("refine")["share"] == 0
    assert _recorded(config.online, None) == off
    names = (0, 20, 30)
    found = [
        identities(weights, online=OnlineConfig(strip=StripConfig(frames=frames)))["online"]
        for frames in names
    ]
    assert found[0] == identities(weights)["online"]
    assert len(set(found)) == len(names)


def test_a_box_head_that_changes_while_it_is_used_is_refused(weights, file, tmp_path):
    """Else boxes of one head would be kept under the name of another."""
    head = tmp_path / "head.safetensors"
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_box_network(head, BoxNetwork(768), {"backbone": "squeezenet"})
        if not seed:
            config = TrackConfig(
                trackers=("online",),
                backbone=BackboneConfig(name="squeezenet", sha256=sha256_of(file)),
                online=OnlineConfig(refine=RefineConfig(share=0.5, weights=str(head))),
            )
            [contender] = contenders(config, weights=weights, backbone=file)
            pickle.loads(pickle.dumps(contender)).make()
    with pytest.raises(InputError, match="has changed since this run began"):
        pickle.loads(pickle.dumps(contender)).make()


def test_a_box_head_that_is_missing_or_of_another_backbone_is_refused_before_any_work(
    weights, file, tmp_path
):
    save_box_network(tmp_path / "vgg.safetensors", BoxNetwork(768), {"backbone": "vgg16"})
    for name, words in (("vgg", "was trained on vgg16"), ("none", "there is no box head")):
        config = TrackConfig(
            trackers=("online",),
            backbone=BackboneConfig(name="squeezenet", sha256=sha256_of(file)),
            online=OnlineConfig(
                refine=RefineConfig(share=0.5, weights=str(tmp_path / f"{name}.safetensors"))
            ),
        )
        with pytest.raises(InputError, match=words):
            contenders(config, weights=weights, backbone=file)


def test_a_file_without_a_digest_or_with_another_is_refused(weights, file):
    with pytest.raises(InputError, match=rf"track\.backbone\.sha256 .* has {sha256_of(file)}"):
        online_on(file, weights)
    with pytest.raises(InputError, match="expected 00000000"):
        online_on(file, weights, sha256="00000000")
    with pytest.raises(InputError, match="settings --set backbone_weights="):
        online_on(None, weights, sha256="00000000")
