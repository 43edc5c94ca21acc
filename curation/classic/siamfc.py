"""SiamFC-PyTorch's folders: one of crops a video, and a pickle beside them that is never opened.

    <video>/<frame>.<track:02d>.x.jpg
    meta_data.pkl

`meta_data.pkl` lists for each video the frames of each track, which the names of the crops say too; so those are read,
and no pickle is. Boxes stand in neither, so an imdb of such a tree has none: training needs only that the object is in
the middle of its crop. `bin/create_dataset.py` puts the crop's middle up to a pixel and a half of the frame off it.
"""

from __future__ import annotations

from pathlib import Path

from curation.classic.layout import parse_bare_file, plain_name
from curation.classic.listing import Listing, foreign, listing
from curation.errors import InputError, Skipped
from curation.imdb.imdb_config import SPLITS, is_val
from curation.layouts.layout_table import folder_names

PART = "imported"
"""Where videos go that no part is named for."""
ENCODE = "Encode it as JPEG, or remove it"


def read_folders(tree: Path, _indices: Path, part: str, val_fraction: float, skipped: Skipped) -> Listing:
    """What lies in the folders, split by a hash of the videos' names; parameters as of `pysot.read_index`.

    Raises
    ------
    InputError
        If no folder holds a crop.
    """
    found = Listing({split: {} for split in SPLITS}, boxed=False)
    for name in sorted(folder_names(tree)):
        files = sorted((tree / name).iterdir())
        names = [crop for file in files if (crop := parse_bare_file(file.name))]
        for file in files:
            if file.suffix != ".jpg" and parse_bare_file(f"{file.stem}.jpg"):
                skipped.total += 1
                skipped.add(
                    InputError(f"{file} is no JPEG file, as crops are", do=ENCODE, reason="not a JPEG")
                )
        rows = [(crop.track, crop.frame, [0, 0, 0, 0]) for crop in names if crop.kind == "x"]
        skipped.total += len(rows)
        if rows:
            if not plain_name(name):
                raise foreign(
                    f"{tree / name} has a name that is not plain", "Rename it: letters, digits and _ . + -"
                )
            split = "val" if is_val(name, val_fraction) else "train"
            found.splits[split][part or PART, name] = listing(name, rows)
    if not any(found.splits.values()):
        raise foreign(
            f"{tree} has no folder with crops named <frame>.<track>.x.jpg",
            "Name the folder that SiamFC-PyTorch's create_dataset.py filled, which holds meta_data.pkl",
        )
    return found
