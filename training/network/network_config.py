"""Size and form of the Siamese network: `train.network` in params.yaml; its trunks, and the names of their layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter

from curation.config import STRICT, parameters

TrunkName = Literal["alexnet", "efficientnet_lite0"]


class TrunkRow(NamedTuple):
    """A trunk of the Siamese network.

    Attributes
    ----------
    layers : tuple of str
        What is trained: convolutions, each with the normalisation behind it, and the bias of the response.
    backbone : str
        The row of `BACKBONES` whose fixed features it is; empty where all of it is trained.
    profile : str
        The profile with which it was measured.
    trained, untrained : str
        What the Siamese tracker reached on real video (TRAINING.md): with the profile's network, and with the features
        alone.
    """

    layers: tuple[str, ...]
    backbone: str = ""
    profile: str = ""
    trained: str = ""
    untrained: str = ""


TRUNKS: Mapping[TrunkName, TrunkRow] = {
    "alexnet": TrunkRow(("conv1", "conv2", "conv3", "conv4", "conv5", "bias")),
    "efficientnet_lite0": TrunkRow(
        ("head", "bias"),
        backbone="efficientnet_lite0",
        profile="large",
        trained="success AUC .554, precision .849 on 19 OTB targets",
        untrained="success AUC .532, precision .783 on 19 OTB targets",
    ),
}
"""Every trunk by its name in `train.network.trunk`."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class NetworkConfig:
    """Size and form of `SiameseNetwork`.

    Parameters
    ----------
    trunk : {"alexnet", "efficientnet_lite0"}
        What makes features of images: the published network, all of it trained; or fixed ImageNet features, to which a
        trained 1 x 1 convolution adds (`training.network.pretrained`).
    width : float
        Factor on all channel counts, 1 for the published network. Fixed features have their own counts, whatever it is.
    norm : {"batch", "none"}
        Normalisation after the first four convolutions. Fixed features have none, and leave it at `batch`.
    gain : float
        Factor on the correlation at width 1, where 9,216 products are summed; the published 1e-3. For other numbers of
        products it is divided by their share, so that responses keep their size. Fixed features sum 98 cosines.
    train_gain : bool
        Learn the gain as well; published: fixed (learning rate 0).
    """

    trunk: TrunkName = "alexnet"
    width: float = Field(default=0.25, gt=0, le=4)
    norm: Literal["batch", "none"] = "batch"
    gain: float = Field(default=1e-3, gt=0)
    train_gain: bool = False

    def __post_init__(self) -> None:
        if TRUNKS[self.trunk].backbone and self.norm != "batch":
            raise ValueError(
                f"norm = {self.norm} is of the trunk alexnet: with {self.trunk} leave it at batch"
            )


def recorded_network(network: NetworkConfig | Mapping[str, Any]) -> dict[str, Any]:
    """The form of a network as weights and results record it: without the trunk where it is the published one, as
    before there were others.
    """
    given = TypeAdapter(NetworkConfig).dump_python(network) if isinstance(network, NetworkConfig) else network
    return {name: value for name, value in given.items() if (name, value) != ("trunk", "alexnet")}
