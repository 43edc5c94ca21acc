"""The trackers that the track stage knows by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import orjson
import torch
from pydantic import Field, TypeAdapter

from curation.errors import STRICT, InputError, parameters
from curation.files import digest
from curation.outside import read_outside
from training.networks import SiameseNetwork
from training.tracking.baselines import StillTracker, TemplateConfig, TemplateTracker
from training.tracking.folding import for_inference
from training.tracking.interface import Tracker
from training.tracking.online.choice import BackboneConfig, choose_backbone, needed_file
from training.tracking.online.tracker import OnlineConfig, OnlineTracker
from training.tracking.online.weight_files import sha256_of
from training.tracking.run import Contender
from training.tracking.siamese import SiameseConfig, SiameseTracker
from training.weights import LIMIT, TRAIN, load_weights

TrackerName = Literal["siamese", "online", "untrained", "template", "still"]


@parameters(frozen=True, kw_only=True, config=STRICT)
class TrackConfig:
    """Settings of the track stage.

    Parameters
    ----------
    recipe : int
        Number of the trackers' rules; raised when their boxes change for the same settings.
    trackers : tuple of str
        Who takes part: `siamese` (the trained network), `online` (a regression learnt in every sequence),
        `untrained` (the Siamese network with fresh weights), `template` (normalised cross-correlation with
        the first frame), `still` (the first box).
    untrained_seed : int
        Seed of the untrained network's weights.
    siamese : SiameseConfig
        Settings of both Siamese trackers.
    backbone : BackboneConfig
        Features of the online tracker.
    online : OnlineConfig
        Settings of the online tracker.
    online_seeds : int
        Runs of it, with seeds `online.seed`, `online.seed` + 1, ...: one result folder each, `online` alone
        or `online-<seed>` of several.
    template : TemplateConfig
        Settings of template matching.
    """

    recipe: int = Field(default=5, ge=1)
    trackers: tuple[TrackerName, ...] = ("siamese", "untrained", "template", "still")
    untrained_seed: int = 0
    siamese: SiameseConfig = Field(default_factory=SiameseConfig)
    backbone: BackboneConfig = Field(default_factory=BackboneConfig)
    online: OnlineConfig = Field(default_factory=OnlineConfig)
    online_seeds: int = Field(default=1, ge=1)
    template: TemplateConfig = Field(default_factory=TemplateConfig)


def contenders(
    config: TrackConfig, *, weights: Path, backbone: Path | None = None, device: str = "cpu"
) -> list[Contender]:
    """The configured trackers.

    Parameters
    ----------
    config : TrackConfig
        Which, and their settings.
    weights : Path
        The trained Siamese network, a file of `training.weights.save_weights`.
    backbone : Path, optional
        The file of weights that `config.backbone` needs, if it needs one.
    device : str
        Where networks run; on another device than the CPU boxes may differ in the last digits.

    Raises
    ------
    InputError
        If a file of weights is needed and missing or damaged.
    """
    made = []
    make: Callable[[], Tracker]
    for name in config.trackers:
        if name == "online":
            made += _online_contenders(config, weights, backbone, device)
            continue
        if name == "siamese":
            parts: list[Any] = [config.siamese, _file_digest(weights)]
            make = partial(_siamese, config.siamese, weights, device)
        elif name == "untrained":
            network = load_weights(weights)[0].config
            parts = [config.siamese, network, config.untrained_seed]
            make = partial(_untrained, config, weights, device)
        elif name == "template":
            parts = [config.template]
            make = partial(TemplateTracker, config.template)
        else:
            parts = []
            make = StillTracker
        made.append(Contender(name, make, _identity(config, name, parts)))
    return made


def _online_contenders(config: TrackConfig, weights: Path, file: Path | None, device: str) -> list[Contender]:
    seeds = range(config.online.seed, config.online.seed + config.online_seeds)
    forms = {
        "online" if len(seeds) == 1 else f"online-{seed}": replace(config.online, seed=seed) for seed in seeds
    }
    return online_contenders(config, forms, weights=weights, backbone=file, device=device)


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
    content = _file_digest(weights) if chosen.name == "siamese" else sha256_of(needed_file(chosen, backbone))
    choose_backbone(chosen, trained=weights, file=backbone, device=device)  # its errors come before any work
    return [
        Contender(
            name,
            partial(_online, online, chosen, weights, backbone, device),
            _identity(config, "online", [online, chosen.name, chosen.convention, chosen.precision, content]),
        )
        for name, online in forms.items()
    ]


def _identity(config: TrackConfig, name: str, parts: list[Any]) -> str:
    return digest(_canonical([config.recipe, name, *parts]))


def _online(
    config: OnlineConfig, backbone: BackboneConfig, weights: Path, file: Path | None, device: str
) -> Tracker:
    return OnlineTracker(choose_backbone(backbone, trained=weights, file=file, device=device), config)


def _siamese(config: SiameseConfig, weights: Path, device: str) -> Tracker:
    return SiameseTracker(for_inference(load_weights(weights)[0]).to(device), config, device=device)


def _untrained(config: TrackConfig, weights: Path, device: str) -> Tracker:
    with torch.random.fork_rng(devices=[]):
        network_config = load_weights(weights)[0].config
        torch.manual_seed(config.untrained_seed)
        network = SiameseNetwork(network_config)
    return SiameseTracker(for_inference(network).to(device), config.siamese, device=device)


def _file_digest(path: Path) -> str:
    try:
        return digest(read_outside(path, limit=LIMIT, kind="a weights file", do=TRAIN))
    except FileNotFoundError:
        raise InputError(f"{path} is missing", do="Run: dvc repro train", reason="missing file") from None


def _canonical(parts: list[Any]) -> bytes:
    return orjson.dumps(TypeAdapter(list[Any]).dump_python(parts, mode="json"), option=orjson.OPT_SORT_KEYS)
