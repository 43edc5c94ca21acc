"""What the quality report shows: the section `quality` of params.yaml."""

from __future__ import annotations

from pydantic import Field

from curation.config import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class QualityConfig:
    """What the quality report shows.

    Parameters
    ----------
    sheet_crops : int
        Crops on the contact sheet of each subset, taken evenly over all of them.
    sheet_columns : int
        Crops in a row of a contact sheet.
    strange_tracks : int
        Tracks shown because they look wrong.
    strip_frames : int
        Frames shown of each of them, around its strangest moment.
    tile : int
        Side of a crop in the pictures, pixels.
    """

    sheet_crops: int = Field(default=60, ge=1, le=2000)
    sheet_columns: int = Field(default=10, ge=1, le=50)
    strange_tracks: int = Field(default=10, ge=0, le=200)
    strip_frames: int = Field(default=9, ge=1, le=50)
    tile: int = Field(default=128, ge=32, le=512)
