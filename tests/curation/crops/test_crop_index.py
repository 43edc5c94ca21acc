"""The crop index survives its file, and one that is not whole is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import FILE, load_crop_index, save_crop_index
from curation.errors import InputError
from tests.curation.crops.crop_trees import SUBSET, crop_tree, write_pictures


@pytest.fixture(params=[False, True], ids=["search crops", "exemplars too"])
def crops(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """What the crop stage writes."""
    root = write_pictures(tmp_path / "tree", 2)
    config = CropConfig(exemplar_crops=request.param)
    crop_tree(root, tmp_path / "crops" / SUBSET, tmp_path / "store", config=config)
    return tmp_path / "crops" / SUBSET


def test_what_is_written_is_what_was_read(crops: Path, tmp_path: Path) -> None:
    save_crop_index(tmp_path / "again", load_crop_index(crops))
    assert (tmp_path / "again" / FILE).read_bytes() == (crops / FILE).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": [1]}, "differ in length"),
        ({"frame": ["0"] * 6}, "other than whole numbers"),
        ({"bytes": -1}, "bytes is -1"),
        ({"track": None}, "NoneType"),
    ],
)
def test_a_column_that_is_not_of_the_form_is_named(crops: Path, change: dict[str, Any], message: str) -> None:
    document = orjson.loads((crops / FILE).read_bytes())
    next(iter(document["videos"].values())).update(change)
    (crops / FILE).write_bytes(orjson.dumps(document))
    with pytest.raises(InputError, match=rf"index\.json is not whole as a crop index: .*{message}"):
        load_crop_index(crops)


@pytest.mark.parametrize("crop", [{"search_size": "255"}, {"colour": 1}, [], None])
def test_parameters_that_are_none_of_the_crop_stage_are_refused(crops: Path, crop: Any) -> None:
    document = orjson.loads((crops / FILE).read_bytes())
    (crops / FILE).write_bytes(orjson.dumps({**document, "crop": crop}))
    with pytest.raises(InputError, match="not whole as a crop index"):
        load_crop_index(crops)
