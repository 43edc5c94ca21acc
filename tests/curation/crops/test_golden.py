"""Golden bytes: what recipe 1 makes of a fixed tree.

If this fails without `recipe` having been raised, the code makes other crops than those that people keep, and
DVC would not notice: the stage depends on the recipe's number, not on the code. Either undo the change, or
raise `recipe` in `CropConfig` and params.yaml and record the new digests here. The imdb's form has its own
number, `SCHEMA`, which a change of its bytes must raise.

Recorded on x86-64, and the same with OpenCV 4.10, 4.13 and 5.0; there its bicubic resize is Intel's, which on
other processors it is not: single values differ by one. The crops equal the plain ones everywhere.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import numpy as np
import pytest

from curation.crops.crop_config import CropConfig
from curation.crops.shards import ShardReader, data_offsets
from curation.documents.annotated_tracks import write_tracks
from curation.imdb import ImdbConfig, build_imdb, split_file
from curation.imdb.columns import SCHEMA
from tests.curation.crops.crop_trees import ONE, SUBSET, crop_tree, documents, jpeg
from tests.curation.trees import frame_xml, object_xml, video_folders

RECIPE = 1
IMDB_SCHEMA = 1

GOLDEN = {
    "frame 0": "2b370edd6634649fb19ece20aff3306c",
    "shard": "4c3de6e482614b4d3c7e3f1e04efd411",
    "crop index": "ba6ce48911888b5ae4928d9181885ed8",
    "imdb": "b50ff736767fe6efa2f82dccb757cc47",
    "crop of track 0": "cba6afa2040ac512660a182767322870",
    "crop of track 3": "3e5bfa4026863246f89beff9043fe60a",
    "crop of track 12": "ab3590063f667e6003e2e2f799db8312",
    "crop of track 14": "8cb418fe400a09c71a105fafadf6499a",
}

VIDEO = "ILSVRC2015_val_00000000"
SIZE = (200, 120)
TRACKS = {
    0: (60, 30, 119, 79),
    3: (0, 0, 19, 29),  # top left corner
    12: (199, 119, 199, 119),  # one pixel, bottom right
    14: (0, 0, 199, 119),  # the whole image
}


def pattern(number: int) -> np.ndarray:
    """A picture from whole-number arithmetic alone."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    waves = [(x * (3 + c) + y * (5 - c) + 40 * number) % 256 for c in range(3)]
    blocks = ((x // 16 + y // 12) % 2 * 90)[..., None]
    return ((np.stack(waves, axis=2) // 2 + blocks) % 256).astype(np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("golden")
    images, annotations = video_folders(folder / "tree", SUBSET, VIDEO)
    for number in range(3):
        (images / f"{number:06d}.JPEG").write_bytes(jpeg(pattern(number)))
        xml = frame_xml([object_xml(track, box) for track, box in TRACKS.items()], size=SIZE)
        (annotations / f"{number:06d}.xml").write_bytes(xml)
    crop_tree(folder / "tree", folder / "crops" / SUBSET, folder / "store")
    _, document, _ = documents(folder / "tree")
    write_tracks(folder / "annotations/e.json", document)
    build_imdb(
        folder / "annotations", folder / "crops", [SUBSET], ImdbConfig(val_fraction=0), folder / "imdb", ONE
    )
    shard = folder / "crops" / SUBSET / f"{VIDEO}.tar"
    made = {"frame 0": (images / "000000.JPEG").read_bytes(), "shard": shard.read_bytes()}
    made["crop index"] = (folder / "crops" / SUBSET / "index.json").read_bytes()
    made["imdb"] = split_file(folder / "imdb", "train").read_bytes()
    return made | crops(shard)


def crops(shard: Path) -> dict[str, bytes]:
    """The crops of the first frame, found by stepping through the shard."""
    reader, found, sizes = ShardReader(shard), {}, []
    for track in TRACKS:
        header = shard.read_bytes()[sum(512 + -(-size // 512) * 512 for size in sizes) :][:512]
        sizes.append(int(header[124:135], 8))
        found[f"crop of track {track}"] = reader.read(int(data_offsets(sizes)[-1]), sizes[-1])
    return found


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason=f"recorded on x86-64, this is {platform.machine()}"
)
@pytest.mark.parametrize("what", GOLDEN)
def test_bytes_are_those_of_the_recipe(made: dict[str, bytes], what: str) -> None:
    found = hashlib.blake2b(made[what], digest_size=16).hexdigest()
    assert found == GOLDEN[what], f"{what} changed; see the docstring of this file"


def test_recipe_and_schema_are_those_that_were_recorded() -> None:
    assert CropConfig().recipe == RECIPE, "record the new digests, then set RECIPE"
    assert SCHEMA == IMDB_SCHEMA, "record the new digest, then set IMDB_SCHEMA"
