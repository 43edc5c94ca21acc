"""Where results of benchmarks are kept: one dated file a machine, in `tests/bench/results/`."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from pipelines.environment import machine

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("torch", "opencv-python", "numpy", "dvc")


def file_name(day: datetime, described: str) -> str:
    """`2026-11-29-intel-xeon-processor-2-cores.md`."""
    plain = re.sub(r"\([^)]*\)|@.*?(?=,|$)", " ", described.lower())
    return f"{day:%Y-%m-%d}-{'-'.join(re.findall(r'[a-z0-9]+', plain))}.md"


def page(day: datetime, described: str, outputs: dict[str, str]) -> str:
    """The file's text: what ran where on what, then each benchmark's output as it was printed."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    lines = [
        f"# Benchmarks of {day:%Y-%m-%d}: {described}",
        "",
        f"Python {platform.python_version()}, {versions}; commit {_commit()}; "
        f"load when they began: {os.getloadavg()[0]:.1f}.",
    ]
    for name, output in outputs.items():
        lines += ["", f"## {name}", "", "```text", *output.strip("\n").split("\n"), "```"]
    return "\n".join(lines) + "\n"


def write(outputs: dict[str, str], *, folder: Path = FOLDER) -> Path:
    """Write the results of now and here; another run on the same day takes the file's place."""
    day, described = datetime.now(UTC), machine()
    folder.mkdir(exist_ok=True)
    path = folder / file_name(day, described)
    path.write_text(page(day, described, outputs), encoding="utf-8")
    return path


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
