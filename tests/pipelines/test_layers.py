"""How the code is laid out: imports point one way, without circles; each name stands once; tests mirror the tree.

pipelines -> training -> curation. Torch stays out of the data plane. Only pipelines reads params.yaml and runs DVC; the
libraries name stages and parameters, and take the words of a cure from `curation.cures`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "curation": {"curation"},
    "training": {"training", "curation"},
    "pipelines": {"pipelines", "training", "curation"},
}
MODULES = sorted(file for package in ALLOWED for file in (ROOT / package).rglob("*.py"))
LIBRARY = [file for file in MODULES if file.relative_to(ROOT).parts[0] != "pipelines"]

OF_NO_MODULE = {
    "tests/curation/classic/test_exchange",
    "tests/curation/crops/test_golden",
    "tests/curation/sample/test_rich",
    "tests/curation/test_changed_files",
    "tests/training/batches/test_foreign_crops",
    "tests/training/benchmark/report/test_in_browser",
    "tests/training/benchmark/report/test_style",
    "tests/training/benchmark/test_peers",
    "tests/training/benchmark/test_published",
    "tests/training/losses/test_losses",
    "tests/training/test_gpu",
    "tests/training/test_threads",
    "tests/training/tracking/test_golden",
}
"""Tests of several modules together, beside those modules."""


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


def name_of(file: Path) -> str:
    """Dotted name of a module or, of an `__init__.py`, of its package."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def names(files: Iterable[Path]) -> dict[str, Path]:
    return {name_of(file): file for file in files}


def arrows(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which of the modules each one imports. A name out of a package's `__init__` counts as the package."""
    found: dict[str, set[str]] = {}
    for name, file in modules.items():
        wanted = imported(file)
        deepest = {
            w
            for w in wanted
            if w in modules and not any(v.startswith(f"{w}.") for v in wanted & set(modules))
        }
        found[name] = deepest - {name}
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes of one circle, the first again at the end; empty where there is none."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, ())):
            if found := walk(following, [*path, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node, []))), [])


def room(name: str, packages: set[str]) -> str:
    """The folder that a module is in; a module beside folders stands for itself."""
    parent = name if name in packages else name.rpartition(".")[0]
    return name if any(other.startswith(f"{parent}.") for other in packages) else parent


def rooms(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """`arrows` between folders."""
    packages = {name for name, file in modules.items() if file.name == "__init__.py"}
    found: dict[str, set[str]] = {}
    for name, wanted in arrows(modules).items():
        found.setdefault(room(name, packages), set()).update(room(other, packages) for other in wanted)
    return {name: wanted - {name} for name, wanted in found.items()}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_one_way(file: Path) -> None:
    package = file.relative_to(ROOT).parts[0]
    others = {name.split(".")[0] for name in imported(file)} & set(ALLOWED)
    assert others <= ALLOWED[package]


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circle(arrows(names(MODULES))) == []


def test_no_folder_imports_itself_by_way_of_others() -> None:
    assert circle(rooms(names(LIBRARY))) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_a_module_beside_folders_stands_for_itself() -> None:
    packages = {"p", "p.inner", "q"}
    assert [room(name, packages) for name in ("p.inner.a", "p.b", "q.c", "q")] == ["p.inner", "p.b", "q", "q"]


def test_no_name_stands_twice() -> None:
    """So that a name of a file says which one is meant."""
    stems = Counter(name.rpartition(".")[2] for name in names(LIBRARY))
    assert [name for name, count in stems.items() if count > 1] == []


@pytest.mark.parametrize(
    "file",
    [
        f
        for f in LIBRARY
        if f.is_relative_to(ROOT / "curation") or f.is_relative_to(ROOT / "training/benchmark")
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_no_torch_in_the_data_plane(file: Path) -> None:
    assert not any(name.split(".")[0] == "torch" for name in imported(file))


def spoken(code: str) -> list[tuple[int, str]]:
    """Line and text of every piece of a string that is no docstring; of f-strings, the fixed pieces."""
    tree = ast.parse(code)
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]


COMMANDS = re.compile(r"\bdvc\b|\bparams\.yaml\b")


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_libraries_leave_commands_and_parameter_files_to_the_shells(file: Path) -> None:
    if file != ROOT / "curation/cures.py":
        named = [
            f"{line}: {text}"
            for line, text in spoken(file.read_text(encoding="utf-8"))
            if COMMANDS.search(text)
        ]
        assert not named, "take the words from curation.cures"


@pytest.mark.parametrize(
    "code",
    [
        'do = "Run: dvc repro crop"',
        'do = f"raise {key} in params.yaml, then run {x}"',
        'do = "Mend it, " "or: dvc pull"',
        'subprocess.run(["dvc", "repro"])',
    ],
)
def test_a_command_is_found_wherever_it_stands(code: str) -> None:
    assert any(COMMANDS.search(text) for _, text in spoken(code))


def test_docstrings_may_speak_of_dvc() -> None:
    assert spoken('"""For DVC."""\nx = 1\n"""As DVC does."""\n') == []


def test_tests_mirror_the_tree() -> None:
    """A test lies where its module lies, and is named for it: `test_<module>.py`, or `test_<module>_<what>.py`."""
    there = names(MODULES)
    astray = []
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        place = file.relative_to(ROOT / "tests").parent
        package, subject = ".".join(place.parts), file.stem.removeprefix("test_")
        if place.parts[:1] not in (("curation",), ("training",)) and package != "pipelines.checks":
            continue
        words = subject.split("_")
        tested = any(f"{package}.{'_'.join(words[:n])}" in there for n in range(1, len(words) + 1))
        if not tested and str(file.relative_to(ROOT).with_suffix("")) not in OF_NO_MODULE:
            astray.append(str(file.relative_to(ROOT)))
    assert astray == []
    assert all((ROOT / f"{name}.py").is_file() for name in OF_NO_MODULE)


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
