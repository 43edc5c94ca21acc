"""The trackers that the track stage knows by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import orjson
import torch
from pydantic import Field, TypeAdapter

from curation.errors import STRICT, InputError, parameters
from curation.files import digest
from training.networks import SiameseNetwork
from training.tracking.baselines import StillTracker, TemplateConfig, TemplateTracker
from training.tracking.folding import for_inference
from training.tracking.interface import Tracker
from training.tracking.run import Contender
from training.tracking.siamese import SiameseConfig, SiameseTracker
from training.weights import load_weights

TrackerName = Literal["siamese", "untrained", "template", "still"]


@parameters(frozen=True, kw_only=True, config=STRICT)
class TrackConfig:
    """Settings of the track stage.

    Parameters
    ----------
    recipe : int
        Number of the trackers' rules; raised when their boxes change for the same settings.
    trackers : tuple of str
        Who takes part: `siamese` (the trained network), `untrained` (the same network with fresh weights),
        `template` (normalised cross-correlation with the first frame), `still` (the first box).
    untrained_seed : int
        Seed of the untrained network's weights.
    siamese : SiameseConfig
        Settings of both Siamese trackers.
    template : TemplateConfig
        Settings of template matching.
    """

    recipe: int = Field(default=1, ge=1)
    trackers: tuple[TrackerName, ...] = ("siamese", "untrained", "template", "still")
    untrained_seed: int = 0
    siamese: SiameseConfig = Field(default_factory=SiameseConfig)
    template: TemplateConfig = Field(default_factory=TemplateConfig)


def contenders(config: TrackConfig, *, weights: Path, device: str = "cpu") -> list[Contender]:
    """The configured trackers.

    Parameters
    ----------
    config : TrackConfig
        Which, and their settings.
    weights : Path
        The trained Siamese network, a file of `training.weights.save_weights`.
    device : str
        Where networks run; on another device than the CPU boxes may differ in the last digits.

    Raises
    ------
    InputError
        If the weights are needed and missing or damaged.
    """
    made = []
    make: Callable[[], Tracker]
    for name in config.trackers:
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
        made.append(Contender(name, make, digest(_canonical([config.recipe, name, *parts]))))
    return made


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
        return digest(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path} is missing", do="Run: dvc repro train", reason="missing file") from None


def _canonical(parts: list[Any]) -> bytes:
    return orjson.dumps(TypeAdapter(list[Any]).dump_python(parts, mode="json"), option=orjson.OPT_SORT_KEYS)
