"""A manifest survives its file, and one that is not whole is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.digests.contents import Entry
from curation.documents.manifest_record import Manifest, load_manifest
from curation.errors import InputError

ENTRY = Entry(frames=3, bytes=99, images="0a", annotations="0b")


@pytest.mark.parametrize("source", [None, "0c"])
@pytest.mark.parametrize("kind", ["vid", "sequences"])
def test_what_is_written_is_what_is_read(tmp_path: Path, kind: Any, source: str | None) -> None:
    manifest = Manifest(kind, "a", {"v": ENTRY}, source)
    (tmp_path / "a.json").write_bytes(manifest.encoded())
    assert load_manifest(tmp_path / "a.json") == manifest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": "3"}, "frames is '3', not a whole number"),
        ({"frames": True}, "frames is True"),
        ({"images": None}, "images is None, not a text"),
    ],
)
def test_an_entry_that_is_not_of_the_form_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    document = orjson.loads(Manifest("vid", "a", {"v": ENTRY}).encoded())
    document["videos"]["v"].update(change)
    (tmp_path / "a.json").write_bytes(orjson.dumps(document))
    with pytest.raises(InputError, match=rf"a\.json is not whole as a manifest: {message}"):
        load_manifest(tmp_path / "a.json")


def test_a_kind_that_is_not_known_is_damage(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"schema": 1, "kind": "songs"}')
    with pytest.raises(InputError, match="not whole as a manifest"):
        load_manifest(tmp_path / "a.json")
