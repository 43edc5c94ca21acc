"""Trackers ready for a run: those of `roster.TRACKERS`, and the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import torch
from pydantic import TypeAdapter

from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import digest, missing
from curation.outside import read_outside
from curation.rows import is_own, load_own, own_digest
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.backbones.choice import choose_backbone, needed_file
from training.backbones.weight_files import sha256_of
from training.network.inference import for_inference
from training.network.network_config import recorded_network
from training.network.siamese_network import SiameseNetwork
from training.network.weights import LIMIT, TRAIN, crop_geometry, load_weights
from training.tracking.baselines import StillTracker, TemplateTracker
from training.tracking.interface import Tracker
from training.tracking.online.box_head_file import box_head_digest, box_head_file
from training.tracking.online.box_network import load_box_network
from training.tracking.online.online_config import OnlineConfig
from training.tracking.online.tracker import OnlineTracker
from training.tracking.own_tracker import OwnTracker
from training.tracking.roster import TRACKERS, TRAX, Own, own_tracker
from training.tracking.run.benchmark_run import Contender
from training.tracking.siamese import SiameseTracker
from training.tracking.siamese_config import SiameseConfig
from training.tracking.track_config import TrackConfig
from training.tracking.trax_tracker import TraxTracker


@dataclass(frozen=True)
class Given:
    """The parts of trackers: all settings, the trained network, the backbone's file, the device."""

    config: TrackConfig
    weights: Path
    backbone: Path | None
    device: str

    def contender(self, name: str, make: Callable[[], Tracker], *parts: Any) -> Contender:
        """A contender; its identity is a digest of recipe, name and parts."""
        return Contender(name, make, _identity(self.config, name, list(parts)))


def contenders(
    config: TrackConfig, *, weights: Path, backbone: Path | None = None, device: str = "cpu"
) -> list[Contender]:
    """The configured trackers.

    Parameters
    ----------
    config : TrackConfig
        Which, and their settings.
    weights : Path
        The trained Siamese network, a file of `training.network.weights.save_weights`.
    backbone : Path, optional
        The file of weights that `config.backbone` needs, if it needs one.
    device : str
        Where networks run; on another device than the CPU boxes may differ in the last digits.

    Raises
    ------
    InputError
        If a file of weights is needed and missing or damaged, or a tracker of one's own cannot be made.
    """
    given = Given(config, weights, backbone, device)
    made: list[Contender] = []
    for choice in config.trackers:
        if own := own_tracker(choice):
            made.append(_own(given, own))
        else:
            made += load_own(TRACKERS[str(choice)].make, "tracker")(given)
    return made


def _own(given: Given, own: Own) -> Contender:
    parts: list[Any] = [own.arguments, own.digest]
    if own.place.startswith(TRAX):
        command = own.place.removeprefix(TRAX)
        make: Callable[[], Tracker] = partial(TraxTracker, command, seconds=own.seconds, **own.arguments)
        parts.append(command)
    else:
        make = partial(OwnTracker, own.place, own.arguments, seconds=own.seconds, content=own.digest)
    try:
        make()  # its errors come before any work
    except TypeError as error:
        raise InputError(
            f"cannot make the tracker {own.place} ({error})", do="Correct its arguments"
        ) from None
    return Contender(own.name, make, _identity(given.config, own.place.rpartition(":")[2], parts))


def siamese(given: Given) -> list[Contender]:
    """The trained network."""
    config = given.config.siamese
    content = _file_digest(given.weights)
    make = partial(_siamese, config, given.weights, given.device)
    return [given.contender("siamese", make, _with_geometry(config, given.weights), content)]


def untrained(given: Given) -> list[Contender]:
    """A network of the same form with fresh weights."""
    config, network = given.config, load_weights(given.weights)[0].config
    make = partial(_siamese, config.siamese, given.weights, given.device, config.untrained_seed)
    settings = _with_geometry(config.siamese, given.weights)
    return [given.contender("untrained", make, settings, recorded_network(network), config.untrained_seed)]


def template(given: Given) -> list[Contender]:
    """Template matching."""
    config = given.config.template
    return [given.contender("template", partial(TemplateTracker, config), config)]


def still(given: Given) -> list[Contender]:
    """The first box."""
    return [given.contender("still", StillTracker)]


def online(given: Given) -> list[Contender]:
    """The online tracker, one for each seed."""
    config = given.config
    seeds = range(config.online.seed, config.online.seed + config.online_seeds)
    forms = {
        "online" if len(seeds) == 1 else f"online-{seed}": replace(config.online, seed=seed) for seed in seeds
    }
    return online_contenders(
        config, forms, weights=given.weights, backbone=given.backbone, device=given.device
    )


def online_contenders(
    config: TrackConfig,
    forms: Mapping[str, OnlineConfig],
    *,
    weights: Path,
    backbone: Path | None = None,
    device: str = "cpu",
) -> list[Contender]:
    """Online trackers of several forms on one backbone; parameters and errors as of `contenders`.

    Parameters
    ----------
    forms : mapping of str to OnlineConfig
        Name and settings of each; `config.online` is not used.
    """
    chosen = config.backbone
    trained = BACKBONES[chosen.name].trained
    content = _file_digest(weights) if trained else sha256_of(needed_file(chosen, backbone))
    made = choose_backbone(
        chosen, trained=weights, file=backbone, device=device
    )  # errors come before any work
    parts = [chosen.name, chosen.convention, chosen.precision, content]
    if is_own(chosen.name):
        parts.append(own_digest(chosen.name))
    heads = {name: box_head_file(form.refine, made.name) for name, form in forms.items()}
    digests: dict[Path | None, str] = {}
    for head in {head for head in heads.values() if head}:
        digests[head] = box_head_digest(head)
        load_box_network(head, made)
    return [
        Contender(
            name,
            partial(_online, form, chosen, weights, backbone, device, head, digests.get(head, "")),
            _identity(config, "online", [_recorded(form, digests.get(head, "")), *parts]),
        )
        for (name, form), head in zip(forms.items(), heads.values(), strict=True)
    ]


def _recorded(form: OnlineConfig, head: str) -> Fields:
    """Settings that decide an online tracker's boxes; what is off is left out, as before there was such a thing."""
    fields: dict[str, Any] = TypeAdapter(OnlineConfig).dump_python(form, mode="json")
    refine, strip = fields.pop("refine"), fields.pop("strip")
    if head:
        fields["refine"] = {**refine, "weights": head}
    if form.strip.frames:
        fields["strip"] = strip
    return fields


def _identity(config: TrackConfig, name: str, parts: list[Any]) -> str:
    return digest(_canonical([config.recipe, name, *parts]))


def _online(
    config: OnlineConfig,
    backbone: BackboneConfig,
    weights: Path,
    file: Path | None,
    device: str,
    head: Path | None,
    head_digest: str,
) -> Tracker:
    """The tracker, in whatever process; refuses a box head that is no longer the one of the tracker's identity."""
    if head and box_head_digest(head) != head_digest:
        raise InputError(f"the box head {head} has changed since this run began", do="Run it again")
    return OnlineTracker(choose_backbone(backbone, trained=weights, file=file, device=device), config)


def _with_geometry(config: SiameseConfig, weights: Path) -> Fields:
    """Everything besides the network that decides a Siamese tracker's boxes."""
    settings: Fields = TypeAdapter(SiameseConfig).dump_python(config, mode="json")
    return {**settings, **asdict(crop_geometry(load_weights(weights)[1]))}


def _siamese(config: SiameseConfig, weights: Path, device: str, seed: int | None = None) -> Tracker:
    """On the network of a file; with a seed, on one of its form with fresh weights."""
    with torch.random.fork_rng(devices=[]):  # building a network draws numbers
        network, metadata = load_weights(weights)
        if seed is not None:
            torch.manual_seed(seed)
            fresh = SiameseNetwork(network.config)
            fresh.take_trunk(network)
            network = fresh
    return SiameseTracker(
        for_inference(network).to(device), config, geometry=crop_geometry(metadata), device=device
    )


def _file_digest(path: Path) -> str:
    try:
        return digest(read_outside(path, limit=LIMIT, kind="a weights file", do=TRAIN))
    except FileNotFoundError:
        raise missing(path, "train") from None


def _canonical(parts: list[Any]) -> bytes:
    return orjson.dumps(TypeAdapter(list[Any]).dump_python(parts, mode="json"), option=orjson.OPT_SORT_KEYS)
