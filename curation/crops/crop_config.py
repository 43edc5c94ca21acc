"""How crops are made: the parameters of the crop stage."""

from __future__ import annotations

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
    """

    recipe: int = Field(default=1, ge=1)
    exemplar_size: int = Field(default=127, ge=8, le=4096)
    search_size: int = Field(default=255, ge=8, le=4096)
    context: float = Field(default=0.5, ge=0, le=4)
    quality: int = Field(default=90, ge=1, le=100)
    exemplar_crops: bool = False

    def __post_init__(self) -> None:
        if self.search_size < self.exemplar_size:
            raise ValueError(f"search_size {self.search_size} is under exemplar_size {self.exemplar_size}")

    @property
    def geometry(self) -> CropGeometry:
        """How much of a frame the crops show."""
        return CropGeometry(self.exemplar_size, self.search_size, self.context)
