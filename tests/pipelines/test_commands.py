"""The command line itself: the table of commands, help, version, slips, and the console script."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pipelines.__main__ import main
from pipelines.commands import COMMANDS, STAGES, Command

ROOT = Path(__file__).parents[2]


def ended(*words: str) -> int | str | None:
    """The exit status of a command line that argparse ends."""
    with pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code


def test_the_table_holds_every_module_that_is_a_command() -> None:
    shells = {
        file.stem for file in (ROOT / "pipelines").glob("*.py") if "\ndef run(options" in file.read_text()
    }
    tools = {file.stem for file in (ROOT / "pipelines/tools").glob("*.py")} - {"__init__"}
    assert {command.name for command in COMMANDS} == shells | tools
    assert set(STAGES) == shells


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_summary_is_one_sentence(command: Command) -> None:
    assert command.summary == (import_module(command.module).__doc__ or "").splitlines()[0]
    assert command.summary.endswith(".")
    assert len(command.summary) < 120


HELPS = """
import contextlib, io, sys
from pipelines.__main__ import main
from pipelines.commands import COMMANDS
loaded = set()
for command in COMMANDS:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as out:
        main([command.name, "--help"])
    assert command.summary in " ".join(out.getvalue().split()), command.name
    slow = {name for name in sys.argv[1:] if name in sys.modules} - loaded
    print(*(f"{command.name} loads {name}" for name in sorted(slow)))
    loaded |= slow
"""
SLOW = ("torch", "cv2", "scipy", "joblib", "matplotlib", "av", "dvc", "distributed")


def test_every_help_is_there_at_once() -> None:
    """Showing one imports none of the packages that take long: torch alone takes seconds."""
    done = subprocess.run(
        [sys.executable, "-c", HELPS, *SLOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_help_shows_every_command_under_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    blocks = capsys.readouterr().out.split("\n\n")
    for command in COMMANDS:
        [block] = [block for block in blocks if block.startswith(f"{command.group}:")]
        assert f"  {command.name} " in block
        assert command.summary in block


def test_no_command_at_all_shows_the_same_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended() == 2
    assert "stages, in the order of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"), [("trian", "train"), ("folow", "follow"), ("evalute", "evaluate")]
)
def test_a_mistyped_command_gets_a_suggestion(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(typed, "otb2015") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert f"no command {typed!r}. Did you mean {meant!r}?" in line


def test_a_strange_word_gets_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("xyzzy") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "Did you mean" not in line
    assert "--help" in line


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert project()["version"] in capsys.readouterr().out


def test_the_console_script_is_the_same_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module, _, name = project()["scripts"]["dslt"].partition(":")
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/dslt", "profile", "--help"])
    with pytest.raises(SystemExit) as end:
        getattr(import_module(module), name)()
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage: dslt profile ")


def test_a_box_may_begin_with_a_minus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """argparse takes a word that begins with a minus for an option."""
    monkeypatch.chdir(tmp_path)
    assert main(["follow", "nowhere.mp4", "--box", "-5,180,29,26"]) == 1
    assert "expected one argument" not in caplog.text
    assert "nowhere.mp4" in caplog.text


def project() -> dict[str, Any]:
    content: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return content
