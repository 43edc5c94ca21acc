"""Settings of the track stage: the section `track` of params.yaml."""

from __future__ import annotations

from pydantic import Field

from curation.config import STRICT, parameters
from training.backbones.backbone_config import BackboneConfig
from training.tracking.baselines import TemplateConfig
from training.tracking.online.online_config import OnlineConfig
from training.tracking.roster import Choice
from training.tracking.siamese_config import SiameseConfig


@parameters(frozen=True, kw_only=True, config=STRICT)
class TrackConfig:
    """Settings of the track stage.

    Parameters
    ----------
    recipe : int
        Number of the trackers' rules; raised when their boxes change for the same settings.
    trackers : tuple of str or dict
        Who takes part: `siamese` (the trained network), `online` (a regression learnt in every sequence),
        `untrained` (the Siamese network with fresh weights), `template` (normalised cross-correlation with
        the first frame), `still` (the first box); or one's own (`roster.Choice`).
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

    recipe: int = Field(default=6, ge=1)
    trackers: tuple[Choice, ...] = ("siamese", "untrained", "template", "still")
    untrained_seed: int = 0
    siamese: SiameseConfig = Field(default_factory=SiameseConfig)
    backbone: BackboneConfig = Field(default_factory=BackboneConfig)
    online: OnlineConfig = Field(default_factory=OnlineConfig)
    online_seeds: int = Field(default=1, ge=1)
    template: TemplateConfig = Field(default_factory=TemplateConfig)
