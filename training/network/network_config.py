"""Size and form of the Siamese network: `train.network` in params.yaml; the names of its layers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from curation.config import STRICT, parameters

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "bias")
"""Names of the layers: convolutions, each with the normalisation behind it, and the bias of the response."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class NetworkConfig:
    """Size and form of `SiameseNetwork`.

    Parameters
    ----------
    width : float
        Factor on all channel counts, 1 for the published network.
    norm : {"batch", "none"}
        Normalisation after the first four convolutions.
    gain : float
        Factor on the correlation at width 1, where 9,216 products are summed; the published 1e-3. At other
        widths it is divided by the share of products left, so that responses keep their size.
    train_gain : bool
        Learn the gain as well; published: fixed (learning rate 0).
    """

    width: float = Field(default=0.25, gt=0, le=4)
    norm: Literal["batch", "none"] = "batch"
    gain: float = Field(default=1e-3, gt=0)
    train_gain: bool = False
