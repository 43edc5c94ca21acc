"""Pages: every link inside the project leads somewhere, every command they show exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.commands import STAGES, TOOLS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for folder in (".", "curation", "training", "pipelines", "tests")
    for page in (ROOT / folder).glob("**/*.md")
    if not {".venv", "node_modules"} & set(page.parts)
)


@pytest.mark.parametrize("page", sorted(set(PAGES)), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for command in re.findall(r"python -m pipelines ([a-z]+)", text):
        assert command in STAGES + TOOLS, f"{page.name} shows python -m pipelines {command}"
