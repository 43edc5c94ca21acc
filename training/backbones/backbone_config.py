"""The backbones, and which one the online tracker uses: `track.backbone` in params.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from curation.rows import Later, Table
from training.backbones.convention import ConventionName, Precision

if TYPE_CHECKING:
    from training.backbones.backbone import Backbone


BACKBONES: Table[type[Backbone]] = Table(
    "backbone",
    {
        "siamese": Later("training.tracking.online.siamese_backbone:SiameseBackbone"),
        "efficientnet_lite0": Later("training.backbones.efficientnet_lite:EfficientNetLite0"),
        "squeezenet": Later("training.backbones.squeezenet:SqueezeNet"),
        "squeezenet1_1": Later("training.backbones.squeezenet:SqueezeNet11"),
        "vgg16": Later("training.backbones.vgg16:Vgg16"),
    },
)
"""Every backbone by name; one's own is a subclass of `Backbone`, named by the place of its code."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class BackboneConfig:
    """The online tracker's features.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`, or one's own. `siamese` is the network that this pipeline trains; the others are read
        from a file, which a package brings or a setting names.
    sha256 : str
        Leading hexadecimal digits, at least 8, of the file's SHA-256: they, not the file's place, say which
        weights decide the boxes. Unused by `siamese`; without them a package's own file is meant.
    convention : {"auto", "caffe", "caffe_rgb", "torchvision"}
        What images the file's weights want; `auto`: as the names of its layers tell.
    precision : {"float32", "bfloat16"}
        Of the backbone. With bfloat16 it takes 0.6 of the time where the processor multiplies it (AVX-512 BF16, AMX,
        GPUs), and more time elsewhere.
    """

    name: Annotated[str, AfterValidator(BACKBONES.check)] = "siamese"
    sha256: str = Field(default="", pattern="^([0-9a-f]{8,64})?$")
    convention: ConventionName = "auto"
    precision: Precision = "float32"
