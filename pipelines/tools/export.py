"""Write all tables and plots of the report as files for a paper: CSV and LaTeX, PDF and SVG.

    python -m pipelines export paper/
    python -m pipelines export paper/ --page colleague/index.html --kind latex --kind pdf
The page holds them, each behind a link that saves it; this saves all, or those of some kinds. The LaTeX needs the
package booktabs alone.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

from curation.cures import remake
from curation.errors import InputError
from curation.files import write_bytes
from curation.outside import read_outside
from pipelines import paths
from training.benchmark.report.downloads import FILE_NAME, KINDS

LIMIT = 1 << 28
"""Most bytes of a page; that of the built-in run has 5 million."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="where the files go; those of other names stay")
    parser.add_argument(
        "--page", type=Path, default=paths.PAGE, metavar="FILE", help="a report (%(default)s)"
    )
    parser.add_argument(
        "--kind",
        action="append",
        choices=[kind.lower() for kind in KINDS],
        help="only these; repeated for several",
    )


def run(options: argparse.Namespace) -> None:
    files = downloads(options.page)
    wanted = {name: found for name, (kind, found) in files.items() if kind in (options.kind or [kind])}
    for name, content in wanted.items():
        write_bytes(options.folder / name, content)
    sys.stdout.write(f"{len(wanted)} files written to {options.folder}\n")


def downloads(page: Path) -> dict[str, tuple[str, bytes]]:
    """Kind and content of each file that a report holds, by its name.

    Raises
    ------
    InputError
        If there is no such page, or it is no report, or damaged.
    """
    do = f"Run: {remake('score')}" if page == paths.PAGE else "Name a report: its index.html"
    try:
        text = read_outside(page, limit=LIMIT, kind="a report", do=do).decode("utf-8", "replace")
    except FileNotFoundError:
        raise InputError(f"there is no report {page}", do=do, reason="missing file") from None
    links = _Links()
    links.feed(text)
    if not links.found:
        raise InputError(f"{page} holds no tables or plots to save", do=do, reason="no report")
    return {name: (kind.lower(), _content(page, name, address, do)) for name, kind, address in links.found}


class _Links(HTMLParser):
    """Collects name, kind and address of the links that save a file."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {key: value or "" for key, value in attributes}
        if tag == "a" and "download" in known:
            kind = known.get("aria-label", "").partition(":")[0]
            self.found.append((known["download"], kind, known.get("href", "")))


def _content(page: Path, name: str, address: str, do: str) -> bytes:
    head, _, body = address.partition(";base64,")
    try:
        if not re.fullmatch(FILE_NAME, name) or not head.startswith("data:"):
            raise ValueError("a name or an address that our reports do not have")
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InputError(
            f"{page}: {name[:60]!r} cannot be saved ({error})", do=do, reason="damaged"
        ) from None
