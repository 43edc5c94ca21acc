"""Settings of the Siamese tracker: `track.siamese` in params.yaml."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from curation.config import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class SiameseConfig:
    """Settings of `SiameseTracker`; the defaults are those of SiamFC's release.

    Parameters
    ----------
    scales : int
        Scales searched, odd.
    scale_step : float
        Factor between neighbouring scales.
    scale_penalty : float
        Factor on the responses of all scales but the middle one.
    scale_damping : float
        Share of the found scale change that is taken over.
    upsample : int
        Factor by which the response is interpolated (bicubic) before its maximum is taken.
    window_influence : float
        Weight of the cosine window against the response, 0..1.
    min_size, max_size : float
        Limits of the target's size, in first sizes.
    pyramid : {"exemplar", "search"}
        What is rescaled to find a change of size. `search` (published) embeds the search region at every
        scale, in every frame. `exemplar` embeds the exemplar at every scale, in the first frame, and each
        search region once: the two images meet at the same ratios of scale for a third of the time.
    """

    scales: int = Field(default=3, ge=1, le=9)
    scale_step: float = Field(default=1.0375, gt=1, le=2)
    scale_penalty: float = Field(default=0.9745, gt=0, le=1)
    scale_damping: float = Field(default=0.59, ge=0, le=1)
    upsample: int = Field(default=16, ge=1, le=32)
    window_influence: float = Field(default=0.176, ge=0, le=1)
    min_size: float = Field(default=0.2, gt=0, le=1)
    max_size: float = Field(default=5.0, ge=1)
    pyramid: Literal["exemplar", "search"] = "exemplar"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.scales % 2 == 0:
            raise ValueError("scales must be odd, so that one of them is the present size")
        return self
