"""Sides of the images that a Siamese network takes, and of its maps. No torch here: parameters are checked by it.

The smallest image of the published trunk is its receptive field, 87 px; of fixed features it is 67 px, which give
the exemplar's 7 cells.
"""

from __future__ import annotations

from curation.errors import InputError
from training.network.network_config import TRUNKS, NetworkConfig

STRIDE = 8
"""Pixels of the search region per cell of the response map."""

RECEPTIVE_FIELD = 87
"""Side in pixels of the region that one feature cell of the published trunk sees; it is also its smallest input."""

EXEMPLAR_CELLS = 7
"""Side of the exemplar's middle that is compared on fixed features, cells: 56 of 127 px, where the target's mean side
is 64 px."""

BORDER = 2
"""Cells of fixed features that are dropped at each edge."""

STEP = 16
"""Sides of the input of fixed features are a multiple of this and one pixel, so that the middles of image and maps are
one."""


def embedding_size(pixels: int) -> int:
    """Side of the published trunk's map of a square image: 127 -> 6, 239 -> 20, 255 -> 22.

    Raises
    ------
    InputError
        If the image is smaller than the receptive field, 87 px.
    """
    if pixels < RECEPTIVE_FIELD:
        raise InputError(
            f"an image of {pixels} px is smaller than the network's receptive field of {RECEPTIVE_FIELD} px",
            do="Use larger exemplar and search sizes",
        )
    side = (pixels - 11) // 2 + 1  # conv 11/2
    side = (side - 3) // 2 + 1  # pool 3/2
    side = side - 4  # conv 5/1
    side = (side - 3) // 2 + 1  # pool 3/2
    return side - 6  # three conv 3/1


def padded_side(pixels: int) -> int:
    """Side to which an image is padded for fixed features: 127 -> 129, 239 -> 241, 255 -> 257."""
    return STEP * -(-(pixels - 1) // STEP) + 1


def kept_cells(pixels: int) -> int:
    """Side of the map of fixed features of a square image: 67 -> 7, 127 -> 13, 239 -> 27, 255 -> 29.

    Raises
    ------
    InputError
        If the image is too small for the exemplar's cells, or has no middle pixel.
    """
    cells = (padded_side(pixels) - 1) // STRIDE + 1 - 2 * BORDER
    if pixels % 2 == 0 or cells < EXEMPLAR_CELLS:
        raise InputError(
            f"an image of {pixels} px does not suit a trunk of fixed features: it needs an odd side, of at least 67 px",
            do="Use other exemplar and search sizes, or train.network.trunk=alexnet",
        )
    return cells


def response_size(exemplar: int, search: int, config: NetworkConfig | None = None) -> int:
    """Side of the response map, cells, for exemplar and search sizes in pixels: (127, 255) -> 17.

    Raises
    ------
    InputError
        If a side does not suit the trunk, or the search region is the smaller one.
    """
    if search < exemplar:
        raise InputError(
            f"search region of {search} px is smaller than the exemplar of {exemplar} px",
            do="Make the search size the larger one",
        )
    if config and TRUNKS[config.trunk].backbone:
        kept_cells(exemplar)  # it must suit
        return kept_cells(search) - EXEMPLAR_CELLS + 1
    return embedding_size(search) - embedding_size(exemplar) + 1
