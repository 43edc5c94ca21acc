"""Form of the label: `train.label` in params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from curation.config import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class LabelConfig:
    """Form of the label.

    Parameters
    ----------
    kind : {"gaussian", "disc"}
        Soft peak (DSLT) or 0/1 disc (SiamFC).
    sigma : float
        Standard deviation of the Gaussian, response cells; DSLT release: 1.5.
    radius : float
        Radius of the disc, response cells; 2 is SiamFC's 16 px. A cell exactly that far is inside.
    """

    kind: Literal["gaussian", "disc"] = "gaussian"
    sigma: float = Field(default=1.5, gt=0)
    radius: float = Field(default=2.0, ge=0)
