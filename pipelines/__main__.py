"""`python -m pipelines <stage or tool> ...`: every stage runs alone as it does under DVC.

Bad input, a full disk or memory, and limits of the system end in one line on standard error and exit status 1;
Ctrl-C in status 130. An error of the program keeps its traceback.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import NoReturn, TextIO, cast

from pipelines.missing import told_if_missing

with told_if_missing():
    from curation.errors import Ended, InputError, printable
    from curation.rows import nearest
    from pipelines.commands import BY_NAME, STAGES, overview
    from pipelines.failures import explain
    from pipelines.terminal import PrintableFormatter, PrintableStream

log = logging.getLogger("pipelines")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run one stage or tool, and return the exit status."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for package in ("curation", "training", "pipelines"):
        logging.getLogger(package).setLevel(logging.INFO)
    try:
        module, options = _parse(list(sys.argv[1:] if arguments is None else arguments))
        with redirect_stdout(cast(TextIO, PrintableStream(sys.stdout))):
            if options.stage and not getattr(module, "by_hand", _never)(options):
                from pipelines.guard import guarded

                with guarded(options.stage, options) as run:
                    module.run(options, run)
            else:
                module.run(options)
    except InputError as error:
        log.error("error: %s", error)
        return 1
    except Ended as end:
        log.error("ended: %s; what was finished is kept; run again to go on", end)
        return 143
    except KeyboardInterrupt:
        log.error("interrupted: what was finished is kept; run again to go on")
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        log.error("error: %s", explained)
        return 1
    return 0


def _never(_options: argparse.Namespace) -> bool:
    """A stage that is never run by hand."""
    return False


class _Parser(argparse.ArgumentParser):
    """A parser that leaves control characters out of its error messages."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parse(words: list[str]) -> tuple[ModuleType, argparse.Namespace]:
    """The module and the options of the command at the start of `words`; argparse may end the program."""
    program = "dslt" if Path(sys.argv[0]).stem == "dslt" else "python -m pipelines"
    parser = _Parser(formatter_class=argparse.RawDescriptionHelpFormatter)
    if not words or words[0] not in BY_NAME:
        parser.prog = program
        parser.usage = f"{program} COMMAND [options]"
        parser.description = f"Run one command. Its options: {program} COMMAND --help\n\n{overview()}"
        parser.add_argument("--version", action="version", version=_version())
        parser.parse_known_args([word for word in words if word.startswith("-")])
        if not words:
            parser.print_help(sys.stderr)
            parser.exit(2)
        near = nearest(words[0], BY_NAME)
        meant = f"Did you mean {near!r}? " if near else ""
        parser.exit(2, f"error: there is no command {words[0]!r}. {meant}All commands: {program} --help\n")
    command = BY_NAME[words[0]]
    parser.prog = f"{program} {command.name}"
    command.fill(parser)
    parser.set_defaults(stage=words[0] if words[0] in STAGES else None)
    rest = _joined(words[1:])
    intermixed = parser.get_default("intermixed")
    options = parser.parse_intermixed_args(rest) if intermixed else parser.parse_args(rest)
    return import_module(command.module), options


def _version() -> str:
    """Version of the installed package, in the words of `--version`."""
    try:
        return f"dslt-pipeline {metadata.version('dslt-pipeline')}"
    except metadata.PackageNotFoundError:
        return "dslt-pipeline, not installed: it runs from its folder"


def _joined(words: list[str]) -> list[str]:
    """`--box -5,3,20,20` as `--box=-5,3,20,20`: argparse takes a word that begins with a minus for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].startswith("--") and re.match(r"-[\d.]+,", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


if __name__ == "__main__":
    sys.exit(main())
