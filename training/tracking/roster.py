"""The trackers, one row each. No torch here: the report reads their labels."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

from curation.files import digest
from curation.rows import Table, is_own, own_digest


@dataclass(frozen=True)
class TrackerRow:
    """A tracker with a name.

    Attributes
    ----------
    label : str
        What tables and pages call it.
    make : str
        `module:function` from `contenders.Given` to a list of contenders, imported where it is used.
    worth : str
        What it reached on real video (TRACKING.md); empty where that hangs on its weights.
    """

    label: str
    make: str
    worth: str = ""


TRACKERS: Table[TrackerRow] = Table(
    "tracker",
    {
        "siamese": TrackerRow("Siamese, trained", "training.tracking.contenders:siamese"),
        "untrained": TrackerRow("Siamese, untrained", "training.tracking.contenders:untrained"),
        "online": TrackerRow("online DSLT", "training.tracking.contenders:online"),
        "template": TrackerRow(
            "template matching",
            "training.tracking.contenders:template",
            "success AUC .372, precision .494 on eight OTB targets",
        ),
        "still": TrackerRow(
            "still first box",
            "training.tracking.contenders:still",
            "success AUC .173, precision .199 on eight OTB targets",
        ),
    },
)
"""Every tracker by name; one's own is a class, or any callable that makes a `Tracker`."""


TRAX = "trax:"
"""Before a command that speaks TraX, where a tracker is named."""

PATIENCE = 30.0
"""Seconds that a tracker of one's own may take for an answer, as under the VOT toolkit."""


@dataclass(frozen=True)
class Own:
    """A user's tracker, as params.yaml and `--tracker` name it.

    Attributes
    ----------
    place : str
        `module:Class`, `path/file.py:Class`, or `trax:` and a command.
    arguments : mapping
        Given to it by keyword.
    name : str
        Folder of its results.
    seconds : float
        Most that it may take for an answer.
    """

    place: str
    arguments: Mapping[str, Any]
    name: str
    seconds: float = PATIENCE

    @property
    def digest(self) -> str:
        """Digest of the file with its class, or of the files that its command names; errors as of `own_digest`."""
        if not self.place.startswith(TRAX):
            return own_digest(self.place)
        return digest(b"\0".join(path.read_bytes() for path in _files(self.place)))


def own_tracker(choice: Choice) -> Own | None:
    """The user's tracker of an entry of `track.trackers`, or None if it names one of ours.

    Raises
    ------
    ValueError
        For an entry of another form.
    """
    given = {choice: {}} if isinstance(choice, str) else dict(choice)
    name, seconds = given.pop("as", None), given.pop("seconds", PATIENCE)
    if len(given) != 1:
        raise ValueError("expected one tracker of your own, with its arguments")
    [(place, arguments)] = given.items()
    if not place.startswith(TRAX):
        TRACKERS.check(place)
        if not is_own(place):
            if not isinstance(choice, str):
                raise ValueError(f"{place} is not a tracker of your own: its settings are in track.{place}")
            return None
    name = name or (_command_name(place) if place.startswith(TRAX) else place.rpartition(":")[2])
    if not isinstance(name, str) or not re.fullmatch(r"[\w+-][\w.+-]*", name) or name in TRACKERS:
        raise ValueError(
            f"{name!r} is not a valid name: expected letters, digits and -_.+, and no built-in name"
        )
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise ValueError(f"seconds = {seconds!r}: expected a number above 0")
    if not isinstance(arguments, dict | None):
        raise ValueError(f"arguments = {arguments!r}: expected name: value")
    return Own(place, arguments or {}, name, seconds)


def _files(command: str) -> list[Path]:
    """The files that a TraX command names, with the program if it is named by its path."""
    return [path for word in shlex.split(command.removeprefix(TRAX)) if (path := Path(word)).is_file()]


def _command_name(command: str) -> str:
    """The first file of the command, without its ending; without files, the program."""
    words = shlex.split(command.removeprefix(TRAX))
    if not words:
        raise ValueError(f"{TRAX} is followed by no command")
    return next((path.stem for path in _files(command)), Path(words[0]).stem)


def _check(choice: str | dict[str, Any]) -> str | dict[str, Any]:
    own_tracker(choice)
    return choice


Choice = Annotated[str | dict[str, Any], AfterValidator(_check)]
"""A key of `TRACKERS`; one's own; or with its arguments, another name and patience, which may be left out:
`{path/file.py:Class: {name: value}, as: name, seconds: 60}`."""
