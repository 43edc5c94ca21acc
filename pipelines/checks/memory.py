"""DVC's databases of digests and links, outside the project; DVC can do without them."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from pipelines.checks.finding import ask

_MALFORMED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_STATE = """
import os
from dvc.dirs import site_cache_dir
from dvc.repo import Repo
repo = Repo()
token = os.path.basename(repo.site_cache_dir)
del os.environ["DVC_SITE_CACHE_DIR"]
os.environ.update({"DVC_SITE_CACHE_DIR": given} if (given := os.environ.get("GIVEN")) else {})
print(os.path.join(site_cache_dir(repo.config["core"].get("site_cache_dir")), "repo", token))
"""
"""Has DVC say where it remembers digests, without opening what is there."""


def _folder(project: Path) -> Path | None:
    """The folder of DVC's databases for this project; None if DVC does not tell."""
    with tempfile.TemporaryDirectory() as elsewhere:
        given = {"GIVEN": os.environ.get("DVC_SITE_CACHE_DIR", ""), "DVC_SITE_CACHE_DIR": elsewhere}
        answer = ask([sys.executable, "-c", _STATE], folder=project, environment=given)
    return Path(answer.output.strip()) if answer.succeeded else None


def find_databases(project: Path) -> list[Path]:
    """The databases of the project, sorted."""
    folder = _folder(project)
    return sorted(folder.rglob("*.db")) if folder else []


def remembers_digests(database: Path) -> bool:
    """Whether DVC would trust a file's time and size, and take it for unchanged."""
    return "hashes" in database.parts


def is_broken(database: Path) -> bool:
    """Whether the database cannot be read; one in use is not broken."""
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _MALFORMED
