"""The trackers by name, one row each. No torch: the report reads their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator

from curation.rows import Table, is_own


@dataclass(frozen=True)
class TrackerRow:
    """A tracker that is known by name.

    Attributes
    ----------
    label : str
        What tables and pages call it.
    make : str
        `module:function` from `contenders.Given` to a list of contenders, imported where it is used.
    worth : str
        What it reached on real video (TRACKING.md); empty where that hangs on its backbone.
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
        "still": TrackerRow("still first box", "training.tracking.contenders:still"),
    },
)
"""Every tracker by name; one's own is a class, or any callable that makes a `Tracker`."""


def _check(choice: str | dict[str, dict[str, Any]]) -> str | dict[str, dict[str, Any]]:
    for name in [choice] if isinstance(choice, str) else choice:
        TRACKERS.check(name)
    if not isinstance(choice, str) and not (len(choice) == 1 and all(map(is_own, choice))):
        raise ValueError("expected one tracker of one's own, with its arguments")
    return choice


Choice = Annotated[str | dict[str, dict[str, Any]], AfterValidator(_check)]
"""A key of `TRACKERS`; one's own; or one's own with its arguments: `{path/file.py:Class: {name: value}}`."""
