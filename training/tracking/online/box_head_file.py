"""Which file a box head is read from."""

from __future__ import annotations

from pathlib import Path

from curation.errors import InputError
from curation.files import digest
from curation.outside import read_outside
from training.tracking.online.online_config import RefineConfig

LIMIT = 16 << 20
"""Most bytes of a file."""

MAKE = "Train one: python -m pipelines box_head --out FILE"

FOLDER = Path(__file__).parent / "box_heads"
"""Box heads that come with the project, named for their backbones."""


def box_head_file(config: RefineConfig, backbone: str) -> Path | None:
    """The file of the box head; None where boxes are not refined.

    Raises
    ------
    InputError
        If there is none for the backbone.
    """
    if not config.share:
        return None
    if config.weights:
        return Path(config.weights)
    packaged = FOLDER / f"{backbone}.safetensors"
    if not packaged.is_file():
        have = ", ".join(sorted(file.stem for file in FOLDER.glob("*.safetensors")))
        raise InputError(
            f"track.online.refine: no box head comes with the project for {backbone} (there is one for: {have})",
            do=f"{MAKE}, and name it: track.online.refine.weights=FILE; or do without: track.online.refine.share=0",
            reason="missing box head",
        )
    return packaged


def box_head_digest(file: Path) -> str:
    """Digest of a file's content.

    Raises
    ------
    InputError
        If there is no such file, or it is larger than `LIMIT`.
    """
    try:
        return digest(read_outside(file, limit=LIMIT, kind="a box head", do=MAKE))
    except FileNotFoundError:
        raise InputError(f"there is no box head {file}", do=MAKE, reason="missing file") from None
