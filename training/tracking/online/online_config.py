"""Settings of the online tracker: `track.online` in params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from curation.config import STRICT, parameters
from training.losses import RegressionLoss


@parameters(frozen=True, kw_only=True, config=STRICT)
class RegionConfig:
    """Size of the region of interest.

    Parameters
    ----------
    target_cells : float
        Mean side sqrt(w h) of the target in feature cells; the frame is rescaled to that.
    padding : float
        Region beyond the target, both sides together, in mean sides of the target; paper: 4 heights and 8 widths.
    max_cells : int
        Longest side of the region, cells.
    """

    target_cells: float = Field(default=8.0, ge=3, le=40)
    padding: float = Field(default=3.5, ge=0.5, le=10)
    max_cells: int = Field(default=39, ge=9, le=255)


@parameters(frozen=True, kw_only=True, config=STRICT)
class ReductionConfig:
    """Reduction and fusion of the two depths.

    Parameters
    ----------
    channels : int
        Channels kept per depth; paper: 128 learnt ones. Principal components of the first region do better
        than learnt ones (TRACKING.md) and need no training.
    shallow, deep : float
        Weights of the two depths in the fused features (residual fusion); paper: 0.8 and 0.2.
    residual : {"both", "features", "none"}
        Residual connections: `both` (paper) fuses the depths' features, and adds the response of the deep ones
        to that of the fused ones; `features` leaves the second response out; `none` has the deep ones alone.
    """

    channels: int = Field(default=32, ge=1, le=512)
    shallow: float = Field(default=0.8, ge=0, le=1)
    deep: float = Field(default=0.2, ge=0, le=1)
    residual: Literal["both", "features", "none"] = "both"


@parameters(frozen=True, kw_only=True, config=STRICT)
class AugmentConfig:
    """First-frame samples.

    Parameters
    ----------
    samples : int
        How many, the unchanged region included.
    shift : float
        Largest shift of the target from the middle, in sides of the response map.
    scale : float
        Largest change of size.
    angle : float
        Largest rotation, radians.
    mirror, blur : float
        Shares of samples that are mirrored and blurred, evenly spaced.
    """

    samples: int = Field(default=12, ge=1)
    shift: float = Field(default=0.25, ge=0, le=0.5)
    scale: float = Field(default=0.03, ge=0, lt=1)
    angle: float = Field(default=0.1, ge=0)
    mirror: float = Field(default=0.5, ge=0, le=1)
    blur: float = Field(default=0.3333, ge=0, le=1)


@parameters(frozen=True, kw_only=True, config=STRICT)
class LearnConfig:
    """How the head is trained.

    Parameters
    ----------
    loss : str
        A key of `training.losses.REGRESSION`, or one's own; the paper's is `shrinkage` (weighted by exp(Y)).
    speed, localisation : float
        a and c of the shrinkage losses; paper: 10 and 0.2.
    init_std : float
        Standard deviation of the kernel at the start; paper: 1e-7.
    first_steps : int
        Steps on the first frame; paper: at most 100.
    first_rate : float
        Their learning rate; times 0.3 in the last 30 % of them. It suits 64 channels and a kernel of 81 cells, and is
        not changed for others.
    first_batch : int
        Samples per step, the unchanged first region always among them. With all samples in every step, the
        order in which they are drawn does not matter.
    update_steps : int
        Steps on the memory after an accepted frame; paper: 2 per sample.
    update_batch : int
        Samples in such a step, at most: a larger memory is taken in equal parts, one a step in turn.
    update_rate : float
        Their learning rate.
    """

    loss: RegressionLoss = "shrinkage"
    speed: float = Field(default=10.0, gt=0)
    localisation: float = Field(default=0.2, ge=0)
    init_std: float = Field(default=1e-7, ge=0)
    first_steps: int = Field(default=80, ge=1)
    first_rate: float = Field(default=4e-4, gt=0)
    first_batch: int = Field(default=12, ge=1)
    update_steps: int = Field(default=2, ge=0)
    update_batch: int = Field(default=11, ge=1)
    update_rate: float = Field(default=1e-4, gt=0)


@parameters(frozen=True, kw_only=True, config=STRICT)
class ScaleConfig:
    """Scale search.

    Parameters
    ----------
    step : float
        Factor between neighbouring sizes; paper: 1.03, whose difference in response is less than its noise.
    penalty : float
        Factor on the outer sizes' peaks; study: 0.985, for three images and half the step.
    damping : float
        Share of the found change that is taken over; paper: 0.6.
    gate : float
        Response peak over which the size is searched at all; paper: 0.35.
    every : int
        Frames from one search to the next; 2 halves what the search costs.
    """

    step: float = Field(default=1.06, gt=1, le=1.5)
    penalty: float = Field(default=1.0, gt=0, le=1)
    damping: float = Field(default=0.6, ge=0, le=1)
    gate: float = Field(default=0.35, ge=0)
    every: int = Field(default=1, ge=1)


@parameters(frozen=True, kw_only=True, config=STRICT)
class RedetectionConfig:
    """Search of the whole frame for a target that was lost.

    Parameters
    ----------
    after : int
        Frames in a row whose peak is under `doubt` of the usual one, after which the target is looked for elsewhere;
        0: never.
    parts : int
        Further search regions that are looked at in such a frame.
    share : float
        The target is where two heads, the learning one and that of the first frame, both answer with more than
        this share of what they usually answer to it.
    least : float
        The first frame's head confirms nothing if it usually answers less than this to the target.
    """

    after: int = Field(default=10, ge=0)
    parts: int = Field(default=2, ge=1)
    share: float = Field(default=0.6, gt=0)
    least: float = Field(default=0.15, gt=0)


@parameters(frozen=True, kw_only=True, config=STRICT)
class RefineConfig:
    """Correction of the given box by a trained box head.

    Parameters
    ----------
    share : float
        Share of the correction that is taken over; 0: none is made.
    recent : int
        Frames back to the second template; the first is of the first frame, and counts twice.
    weights : str
        File of the box head; empty: the one that comes with the project for the backbone.
    """

    share: float = Field(default=0.0, ge=0, le=1)
    recent: int = Field(default=30, ge=1)
    weights: str = ""


@parameters(frozen=True, kw_only=True, config=STRICT)
class StripConfig:
    """Search of the first box for a strip of still background.

    Parameters
    ----------
    frames : int
        Frames after the first in which it is looked for; 0: none. Until then they are kept, copied.
    """

    frames: int = Field(default=0, ge=0)


@parameters(frozen=True, kw_only=True, config=STRICT)
class OnlineConfig:
    """Settings of `OnlineTracker`.

    Parameters
    ----------
    seed : int
        Of everything random.
    label_sigma : float
        Width of the label, in `axis_scale` cells; paper: 0.08 of the kernel.
    prior_sigma : float
        Width of the motion prior, in `axis_scale` cells; paper: 0.65 of the kernel.
    update_gate : float
        The head learns from a frame only if its response peak is over this.
    doubt : float
        Nor does it learn if the peak is not over this share of the median peak of the last `tracker.PEAKS` frames:
        something probably covers the target.
    hidden : float
        If the peak is below this share of that median, the target counts as hidden: its place and size are kept.
    memory : int
        Recent samples kept; paper: 7.
    kept : int
        First-frame samples that are never dropped.
    """

    seed: int = 0
    label_sigma: float = Field(default=0.10, gt=0)
    prior_sigma: float = Field(default=1.0, gt=0)
    update_gate: float = Field(default=0.2, ge=0)
    doubt: float = Field(default=0.5, ge=0, lt=1)
    hidden: float = Field(default=0.3, ge=0, lt=1)
    memory: int = Field(default=40, ge=1)
    kept: int = Field(default=3, ge=1)
    region: RegionConfig = Field(default_factory=RegionConfig)
    reduction: ReductionConfig = Field(default_factory=ReductionConfig)
    augment: AugmentConfig = Field(default_factory=AugmentConfig)
    learn: LearnConfig = Field(default_factory=LearnConfig)
    scale: ScaleConfig = Field(default_factory=ScaleConfig)
    redetection: RedetectionConfig = Field(default_factory=RedetectionConfig)
    refine: RefineConfig = Field(default_factory=RefineConfig)
    strip: StripConfig = Field(default_factory=StripConfig)
