"""Check that the weights which the parameters name are there and whole, before hours of work need them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import InputError
from pipelines.checks.finding import Finding
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.network.network_config import TRUNKS
from training.tracking.online.box_head_file import box_head_digest, box_head_file

if TYPE_CHECKING:
    from training.backbones.backbone import Backbone
    from training.tracking.online.online_config import RefineConfig
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
    found: list[Finding] = []
    if trunk := TRUNKS[train.network.trunk].backbone:
        found += _check("train.network.trunk", BackboneConfig(name=trunk), None)
    if "online" in track.trackers:
        found += _check("track.backbone", track.backbone, file, refine=track.online.refine)
    return found


def _check(
    key: str, config: BackboneConfig, file: Path | None, *, refine: RefineConfig | None = None
) -> Iterator[Finding]:
    """The findings on a backbone, and on the box head beside it; of what is trained here there is none."""
    trained = BACKBONES[config.name].trained
    try:
        backbone = None
        if not trained:
            from training.backbones.choice import choose_backbone  # imports torch

            backbone = choose_backbone(config, trained=Path(), file=file)
            yield Finding(key, "ok", f"the weights of {config.name} are there")
        key = "track.online.refine"
        if refine and (head := box_head_file(refine, backbone.name if backbone else config.name)):
            _try_head(head, backbone)
            yield Finding(key, "ok", f"the box head {head.name} is there")
    except InputError as error:
        yield Finding(key, "fail", error.what, error.do)


def _try_head(head: Path, backbone: Backbone | None) -> None:
    """Raise `InputError` if a box head is not there, or, of a known backbone, not whole or another's."""
    box_head_digest(head)
    if backbone:
        from training.tracking.online.box_network import load_box_network  # imports torch

        load_box_network(head, backbone)
