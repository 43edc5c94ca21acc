"""Records of before they were sealed: used where they tell the truth about their shard, else made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.crops.crop_config import CropConfig
from curation.crops.store import Store
from curation.errors import ErrorPolicy
from tests.curation.crops.crop_trees import SUBSET, contents, crop_tree, write_pictures

Change = Callable[[dict[str, Any]], object]


class Cropped:
    """A cropped tree of two videos whose records are unsealed, as they were once."""

    def __init__(self, folder: Path, config: CropConfig) -> None:
        self.root = write_pictures(folder / "tree", 2)
        self.out, self.store, self.config = folder / "crops", folder / "store", config
        self.crop()
        self.before = contents(self.out)
        self.records = sorted((self.store / SUBSET).glob("*.json"))
        for path in self.records:
            self.change(path, lambda record: record.update(schema=1))

    def crop(self) -> dict[str, Any]:
        shutil.rmtree(self.out, ignore_errors=True)
        policy = ErrorPolicy(policy="skip", max_skipped=0.9)
        return crop_tree(self.root, self.out, self.store, config=self.config, policy=policy)

    def change(self, path: Path, change: Change) -> None:
        content = path.read_bytes()
        record = orjson.loads(content[content.index(b"{") :])
        change(record)
        path.write_bytes(orjson.dumps(record))


@pytest.fixture(params=[False, True], ids=["search crops", "exemplars too"])
def cropped(tmp_path: Path, request: pytest.FixtureRequest) -> Cropped:
    return Cropped(tmp_path, CropConfig(exemplar_crops=request.param))


def test_true_ones_are_used_and_sealed(cropped: Cropped) -> None:
    assert cropped.crop()["reused"] == 2
    assert contents(cropped.out) == cropped.before
    assert all(path.read_bytes().startswith(b"sealed 1 ") for path in cropped.records)
    assert cropped.crop()["reused"] == 2


def test_one_that_left_frames_out_is_used(tmp_path: Path) -> None:
    cropped = Cropped(tmp_path, CropConfig())
    for image in cropped.root.glob("Data/VID/val/*0000/000001.JPEG"):
        image.write_bytes(b"\xff\xd8 no picture")
    cropped.crop()
    left_out = 0
    for path in (cropped.store / SUBSET).glob("*.json"):
        cropped.change(path, lambda record: record.update(schema=1))
        left_out += orjson.loads(path.read_bytes())["skipped"]["counts"] != {}
    assert left_out == 1
    assert cropped.crop()["reused"] == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["members"]["frame"].__setitem__(0, 1),
        lambda r: r["members"]["track"].__setitem__(0, 1),
        lambda r: r["members"]["size"].__setitem__(0, r["members"]["size"][0] + 1),
        lambda r: r["members"]["frame"].pop(),
        lambda r: [column.pop() for column in r["members"].values()],
        lambda r: r["members"].pop("size"),
        lambda r: r.pop("members"),
        lambda r: r.update(members=None),
        lambda r: r.update(frames=2),
        lambda r: r.pop("skipped"),
        lambda r: r["skipped"].update(total=5),
        lambda r: r["skipped"]["counts"].update({"missing image": 1}),
    ],
)
def test_false_ones_are_made_again(tmp_path: Path, change: Change) -> None:
    cropped = Cropped(tmp_path, CropConfig())
    cropped.change(cropped.records[0], change)
    assert cropped.crop()["reused"] == 1
    assert contents(cropped.out) == cropped.before


def test_one_that_was_copied_under_another_videos_key_is_made_again(tmp_path: Path) -> None:
    cropped = Cropped(tmp_path, CropConfig())
    one, other = (path.stem for path in cropped.records)
    for suffix in (".json", ".tar"):
        shutil.copy2(cropped.store / SUBSET / f"{one}{suffix}", cropped.store / SUBSET / f"{other}{suffix}")
    assert cropped.crop()["reused"] == 1
    assert contents(cropped.out) == cropped.before
    assert Store(cropped.store / SUBSET).find(other) is not None
