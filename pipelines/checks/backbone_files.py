"""Check that the features which the parameters name are installed, before hours of work need them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import InputError
from pipelines.checks.finding import Finding
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.network.network_config import TRUNKS

if TYPE_CHECKING:
    from training.tracking.track_config import TrackConfig
    from training.trainer.configuration import TrainConfig


def check_backbone_files(train: TrainConfig, track: TrackConfig, file: Path | None) -> list[Finding]:
    """One finding for each key of params.yaml that asks for weights from outside.

    Parameters
    ----------
    train : TrainConfig
    track : TrackConfig
    file : Path or None
        The setting `backbone_weights`.
    """
    wanted: list[tuple[str, BackboneConfig, Path | None]] = []
    if trunk := TRUNKS[train.network.trunk].backbone:
        wanted.append(("train.network.trunk", BackboneConfig(name=trunk), None))
    if "online" in track.trackers:
        wanted.append(("track.backbone", track.backbone, file))
    found = []
    if wanted:
        from training.backbones.choice import choose_backbone  # imports torch, which nothing else here needs
    for key, backbone, place in wanted:
        try:
            if not BACKBONES[backbone.name].trained:
                choose_backbone(backbone, trained=Path(), file=place)
                found.append(Finding(key, "ok", f"the weights of {backbone.name} are there"))
        except InputError as error:
            found.append(Finding(key, "fail", error.what, error.do))
    return found
