"""How crops are made: the parameters of the crop stage."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from curation.config import STRICT, parameters
from curation.crops.geometry import CropGeometry


@parameters(frozen=True, kw_only=True, config=STRICT)
class CropConfig:
    """How crops are made.

    Parameters
    ----------
    recipe : int
        Version of the code that makes them. A change of code that changes bytes must raise it: the stage
        depends on this number, not on the source files, so that editing a docstring crops nothing again.
    exemplar_size, search_size : int
        Side of the exemplar and of the search crop, in pixels (SiamFC: 127 and 255; 511 is usual too).
    context : float
        Margin around the box, as a share of its width plus height (SiamFC: 0.5).
    quality : int
        JPEG quality, 1 to 100 (SiamFC-PyTorch: 90).
    exemplar_crops : bool
        Store the exemplar as a crop of its own too. Training reads the centre of the search crop instead.
    decode : {"exact", "reduced"}
        `exact` gives the published crops. `reduced` decodes JPEG frames at 1/2, 1/4 or 1/8 of their size, as the JPEG
        library can in less time, wherever that leaves every crop of the frame at least one pixel for each of its own.
        These crops show the same windows, smoother; those of other frames are the published ones.
    """

    recipe: int = Field(default=1, ge=1)
    exemplar_size: int = Field(default=127, ge=8, le=4096)
    search_size: int = Field(default=255, ge=8, le=4096)
    context: float = Field(default=0.5, ge=0, le=4)
    quality: int = Field(default=90, ge=1, le=100)
    exemplar_crops: bool = False
    decode: Literal["exact", "reduced"] = "exact"

    def __post_init__(self) -> None:
        if self.search_size < self.exemplar_size:
            raise ValueError(f"search_size {self.search_size} is under exemplar_size {self.exemplar_size}")

    def recorded(self) -> dict[str, Any]:
        """The parameters as keys and headers have them: as before there was `decode`, where that says nothing."""
        return {name: value for name, value in asdict(self).items() if (name, value) != ("decode", "exact")}

    @property
    def geometry(self) -> CropGeometry:
        """How much of a frame the crops show."""
        return CropGeometry(self.exemplar_size, self.search_size, self.context)
