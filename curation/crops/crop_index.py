"""`index.json` of a crop stage's output: what is in each shard.

    {"schema": 1, "subset": "a", "crop": {the parameters}, "videos": {name: {"bytes": length of the shard,
     "frame": [...], "track": [...], "size": [...], "exemplar": [...]}}}

The columns have one entry a crop, in the order of the shard: frame number, trackid, bytes of the search crop
and, only if they are made, of the exemplar crop that follows it. Offsets follow from these: `crop_offsets`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curation.crops.shards import SUFFIX, data_offsets
from curation.cures import remake
from curation.errors import InputError
from curation.files import MENDED, read_json, write_json

SCHEMA = 1
FILE = "index.json"


def save_crop_index(folder: Path, subset: str, crop: dict[str, Any], videos: dict[str, Any]) -> None:
    """Write the index; `crop` holds the parameters, `videos` the entries, which may be `orjson.Fragment`."""
    document = {"schema": SCHEMA, "subset": subset, "crop": crop, "videos": videos}
    write_json(folder / FILE, document, indent=False)


def load_crop_index(folder: Path) -> dict[str, Any]:
    """Read the index of the crops in `folder`.

    Raises
    ------
    InputError
        If it is missing, damaged or of another schema.
    """
    document = read_json(folder / FILE, made_by="crop")
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or "videos" not in document:
        raise InputError(
            f"{folder / FILE} is not a crop index of schema {SCHEMA}",
            do=f"Run: {remake('crop')}",
            reason="wrong schema",
        )
    return document


def check_shards(folder: Path, videos: dict[str, Any]) -> None:
    """Compare the lengths of the shards in `folder` with the index's `videos`; those that are missing pass.

    Raises
    ------
    InputError
        If some have another length: emptied or cut short by a power cut, or of other crops.
    """
    try:
        with os.scandir(folder) as entries:
            lengths = {entry.name: entry.stat().st_size for entry in entries}
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}", reason="unreadable file") from error
    wrong = [
        name for name in videos if lengths.get(name + SUFFIX, videos[name]["bytes"]) != videos[name]["bytes"]
    ]
    if wrong:
        first = wrong[0]
        raise InputError(
            f"{len(wrong)} of {len(videos)} shards in {folder} have another length than was indexed: the first, "
            f"{first}{SUFFIX}, has {lengths[first + SUFFIX]} bytes, not {videos[first]['bytes']}",
            do=MENDED,
            reason="foreign shard",
        )


def crop_offsets(sizes: ArrayLike, exemplar: ArrayLike | None = None) -> NDArray[np.int64]:
    """Offset in the shard of each search crop, from the index's `size` and, if there, `exemplar`."""
    if exemplar is None:
        return data_offsets(sizes)
    both = np.stack([np.asarray(sizes, np.int64), np.asarray(exemplar, np.int64)], axis=1)
    return data_offsets(both.ravel())[::2]
