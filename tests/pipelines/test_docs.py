"""Pages: every link leads somewhere, every path is there, every command exists and is run by something."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
from dvc.cli import main as dvc
from dvc.cli.parser import get_main_parser

from pipelines.__main__ import main
from pipelines.commands import BY_NAME
from tests.bench.__main__ import NAMES
from tests.pipelines.documented import HERE, NOT_RUN, ROOT, commands, files, mentioned, table

PAGES = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in files(".md")}
MODULES = files(".py")
SHOWN = [(name, command) for name, text in PAGES.items() for command in commands(text)]
SAID = [(name, command) for name, text in PAGES.items() for command in mentioned(text)]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", PAGES[page]):
        if "://" in target:
            continue
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), f"{page} links to {target}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in [slug(head) for head in heads], f"{page} links to {target}{anchor}"


def slug(head: str) -> str:
    """The anchor that Markdown viewers give a heading."""
    return re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_paths_are_there(page: str) -> None:
    """Those in backticks that begin with a folder of the code; made files and patterns are not meant."""
    for path in re.findall(r"`((?:curation|training|pipelines|tests|\.ci|\.github)/[\w./-]+)`", PAGES[page]):
        assert (ROOT / path).exists(), f"{page} names {path}"


@pytest.mark.parametrize("page", PAGES)
def test_modules_are_there(page: str) -> None:
    """A module is named by its path, or by the end of it below the page's own folder; `mine.py` is the reader's."""
    folder = (ROOT / page).parent
    below = [str(file) for file in MODULES if folder in file.parents]
    for module in set(re.findall(r"`([\w/]+\.py)`", PAGES[page])) - {"mine.py", "mil.py", "path/file.py"}:
        assert (ROOT / module).is_file() or any(file.endswith(f"/{module}") for file in below), module


@pytest.mark.parametrize("page", PAGES)
def test_tests_are_there(page: str) -> None:
    there = {file.stem for file in MODULES}
    assert set(re.findall(r"`(test_\w+)`", PAGES[page])) <= there


def test_the_tables_that_contributing_names_are_there() -> None:
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", PAGES[".github/CONTRIBUTING.md"]))
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "training").rglob("*.py"))
    assert len(named) >= 4
    for name in named:
        assert re.search(rf"^{name}: Table\b", code, re.MULTILINE), f"there is no table {name}"


def test_every_command_has_a_test_or_a_reason() -> None:
    known = table()
    unknown = [(page, line) for page, line in SHOWN if line not in known and not HERE.match(line)]
    assert not unknown, "say in tests/pipelines/documented.txt which test runs these, or why none does"


def test_the_table_of_commands_names_nothing_that_is_gone() -> None:
    assert not set(table()) - {command for _, command in SHOWN}
    for run_by in set(table().values()):
        if not run_by.startswith(NOT_RUN):
            file, _, function = run_by.partition("::")
            assert f"def {function}(" in (Path(__file__).parent / file).read_text(), f"{run_by} is gone"


@pytest.mark.parametrize(
    "command", sorted({line for _, line in SHOWN if HERE.match(line) and line.startswith("python")})
)
def test_profiles_and_settings_do_what_they_are_shown_for(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    words = shlex.split(command)[3:]
    assert main(words) == 0
    out = capsys.readouterr().out
    if words[0] == "profile":
        assert "nothing changed" not in out
    else:
        for word in words[2:]:
            name, _, value = word.partition("=")
            assert re.search(rf"^{name} +{re.escape(value)} +\(\.settings\.toml\)", out, re.MULTILINE)


ONLY = {"user": "ssh", "keyfile": "ssh", "profile": "s3", "endpointurl": "s3"}
"""Options of a remote that DVC takes for one kind of remote alone."""


def test_remotes_are_set_up_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [shlex.split(line)[1:] for _, line in SHOWN if line.startswith("dvc remote ")]
    adding = [words for words in lines if words[1] == "add"]
    assert len(adding) == 3
    for number, add in enumerate(adding):
        (tmp_path / str(number)).mkdir()
        monkeypatch.chdir(tmp_path / str(number))
        kind = add[-1].partition("://")[0]
        options = [words for words in lines if words[1] == "modify" and ONLY.get(words[-2], kind) == kind]
        for words in (["init", "--quiet", "--no-scm"], add, *options):
            assert dvc(words) == 0, words


@pytest.mark.parametrize(("page", "command"), sorted(set(SHOWN)))
def test_commands_are_as_their_parsers_want_them(page: str, command: str) -> None:
    """Of our own commands and of DVC's: each line is parsed as it would be, and nothing is run."""
    words = shlex.split(re.sub(r"\s(>>|<<<|\|).*", "", command))
    match words:
        case ["python", "-m", "pipelines", name, *rest]:
            parser = parser_of(name)
            intermixed = parser.get_default("intermixed")
            parser.parse_intermixed_args(rest) if intermixed else parser.parse_args(rest)
        case ["dvc", *rest]:
            get_main_parser().parse_args(rest)
        case ["python", "-m", "tests.bench", *rest]:
            assert set(rest) - {"--record"} <= set(NAMES)
        case ["python", "-m", module, *rest] if module.startswith("tests.bench."):
            source = (ROOT / f"{module.replace('.', '/')}.py").read_text()
            for option in [word for word in rest if word.startswith("--")]:
                assert f'"{option}"' in source


@pytest.mark.parametrize(("page", "command"), sorted(set(SAID)))
def test_commands_in_the_text_exist_with_their_options(page: str, command: str) -> None:
    """There the arguments that a command needs may be left out."""
    words = shlex.split(command)
    if words[0] == "dvc":
        with pytest.raises(SystemExit) as end:
            get_main_parser().parse_args([*words[1:], "--help"])
        assert end.value.code == 0
        return
    name, *rest = words[3:] if words[0] == "python" else words[1:]
    if name not in ("--help", "--version"):
        described = parser_of(name).format_help()
        assert all(word in described for word in rest if word.startswith("--"))


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one of our commands."""
    parser = argparse.ArgumentParser()
    BY_NAME[name].fill(parser)
    return parser
