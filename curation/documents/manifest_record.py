"""The manifest's record of the files of a subset or benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import orjson

from curation.digests.contents import Entry
from curation.documents.document import Fields, number, read_document, text

SCHEMA = 1
"""Version of the document's form."""


_KEYS = {"vid": ("subset", "videos", "layout"), "sequences": ("benchmark", "sequences", "list")}
"""Kind -> what its name, its entries and its source are called in the document."""


@dataclass(frozen=True)
class Manifest:
    """The manifest of one subset or benchmark.

    The file is `{"schema": 1, "kind": "vid", "subset": "a", "videos": {name: {"frames", "bytes", "images",
    "annotations"}}}`, or `{"schema": 1, "kind": "sequences", "benchmark": .., "sequences": ..}`.

    Parameters
    ----------
    kind : {"vid", "sequences"}
    name : str
        Of the subset, or of the benchmark.
    entries : mapping
        One a video or sequence, by name.
    source : str, optional
        Digest of what else decides what the files say: the code of one's own layout (`layout`), the file of one's own
        benchmark (`list`).
    code : mapping
        Digests of code of one's own that the benchmark's trackers are made of, by name.
    tested : mapping
        Of a part: its videos whose first frame is that of a benchmark's sequence, and which: `otb2015/Basketball`.
    """

    kind: Literal["vid", "sequences"]
    name: str
    entries: Mapping[str, Entry]
    source: str | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    tested: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The file's content."""
        name, entries, source = _KEYS[self.kind]
        document = {
            "schema": SCHEMA,
            "kind": self.kind,
            name: self.name,
            entries: {key: asdict(entry) for key, entry in self.entries.items()},
            **({source: self.source} if self.source else {}),
            **({"code": self.code} if self.code else {}),
            **({"tested": self.tested} if self.tested else {}),
        }
        option = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(document, option=option)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest back; raises `InputError` as `documents.read_document`."""
    return read_document(path, _manifest, what="a manifest", schema=SCHEMA, made_by="manifest")


def _manifest(document: Fields) -> Manifest:
    name, entries, source = _KEYS[document["kind"]]
    return Manifest(
        document["kind"],
        text(document, name),
        {
            key: Entry(
                number(entry, "frames"),
                number(entry, "bytes"),
                text(entry, "images"),
                text(entry, "annotations"),
            )
            for key, entry in document[entries].items()
        },
        document.get(source),
        *({name: text(document[key], name) for name in document.get(key, {})} for key in ("code", "tested")),
    )
