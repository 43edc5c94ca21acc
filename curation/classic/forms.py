"""The forms in which others keep crops: one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from curation.classic import layout, pysot, siamfc
from curation.classic.layout import CropName
from curation.classic.listing import Listing
from curation.errors import Skipped
from curation.imdb import Imdb, split_file
from curation.rows import Table


class Writer(NamedTuple):
    """How a form is written.

    Parameters
    ----------
    crops : callable
        From the side of a search crop to the folder of all crops, below the one that is written.
    crop_file : callable
        Name of a crop's file, from frame, trackid and kind.
    index_file : callable
        Path of a split's index, from the folder and the split.
    listed : callable
        That index piece by piece, from an imdb and the parts to take.
    still : bool
        Whether its readers know tracks of one frame.
    """

    crops: Callable[[int], str]
    crop_file: Callable[[int, int, str], str]
    index_file: Callable[[Path, str], Path]
    listed: Callable[[Imdb, set[str]], Iterator[bytes]]
    still: bool


class Form(NamedTuple):
    """One way of keeping crops.

    Parameters
    ----------
    title : str
        Whose it is.
    tree : callable
        From the folder that the user names to the one that holds the videos' folders.
    read : callable
        What is listed; see `pysot.read_index`.
    parse : callable
        What the name of a crop's file says.
    measured : bool
        Whether the crops say how large they are; else the parameters do.
    writer : Writer, optional
        None where it is only read.
    """

    title: str
    tree: Callable[[Path], Path]
    read: Callable[[Path, Path, str, float, Skipped], Listing]
    parse: Callable[[str], CropName | None]
    measured: bool
    writer: Writer | None = None


FORMS: Table[Form] = Table(
    "form of crops",
    {
        "classic": Form(
            "the SiamFC and DSLT scripts",
            layout.data_folder,
            layout.read_index,
            layout.parse_crop_file,
            False,
            Writer(lambda _: layout.DATA, layout.crop_file, split_file, layout.index_parts, False),
        ),
        "pysot": Form(
            "PySOT",
            pysot.crops_folder,
            pysot.read_index,
            layout.parse_bare_file,
            True,
            Writer("crop{}".format, pysot.crop_file, pysot.index_file, pysot.index_parts, True),
        ),
        "siamfc": Form(
            "SiamFC-PyTorch", lambda folder: folder, siamfc.read_folders, layout.parse_bare_file, True
        ),
    },
)
