"""Imports point one way: pipelines -> training -> curation; torch stays out of the data plane; a known top level."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "curation": {"curation"},
    "training": {"training", "curation"},
    "pipelines": {"pipelines", "training", "curation"},
}
MODULES = sorted(file for package in ALLOWED for file in (ROOT / package).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """Full names of the modules a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_one_way(file: Path) -> None:
    package = file.relative_to(ROOT).parts[0]
    others = {name.split(".")[0] for name in imported(file)} & set(ALLOWED)
    assert others <= ALLOWED[package]


@pytest.mark.parametrize(
    "file",
    [
        f
        for f in MODULES
        if f.is_relative_to(ROOT / "curation") or f.is_relative_to(ROOT / "training/benchmark")
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_no_torch_in_the_data_plane(file: Path) -> None:
    assert not any(name.split(".")[0] == "torch" for name in imported(file))


def test_only_pipelines_knows_the_parameter_file() -> None:
    for file in MODULES:
        if not file.is_relative_to(ROOT / "pipelines"):
            code = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(code):
                if isinstance(node, ast.Constant) and node.value in ("params.yaml", "dvc.yaml"):
                    pytest.fail(f"{file.relative_to(ROOT)}:{node.lineno} names {node.value}")


def test_nothing_else_stands_at_the_top_level() -> None:
    """A trial of `follow` left its boxes there once, and they were committed."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    top = {Path(name).parts[0] for name in tracked.stdout.split("\0") if name}
    needed = {"LICENSE", "Makefile", "README.md", "constraints.txt", "dvc.lock", "dvc.yaml", "params.yaml"}
    folders = {"curation", "training", "pipelines", "tests", "data", "models", "reports"}
    assert {name for name in top if not name.startswith(".")} <= needed | folders | {"pyproject.toml"}


def test_the_packages_say_that_they_are_typed() -> None:
    """PEP 561: without the marker, in the installed package too, mypy ignores our annotations."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ALLOWED:
        assert (ROOT / package / "py.typed").is_file()
        assert "py.typed" in data[package]
