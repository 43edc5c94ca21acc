"""Cures in messages: how to make a stage's output again, fetch it, or change a parameter.

`curation` and `training` know stages and parameters by their names. With which command a stage is run, and in which
file a parameter stands, is spelt here and nowhere else in them.
"""

from __future__ import annotations

PARAMETERS = "params.yaml"
"""The file in which a parameter is changed."""

FETCH = "dvc pull"
"""Brings the outputs that a colleague has pushed."""

RESTORE = "dvc checkout"
"""Puts the outputs on record back from the cache."""


def remake(*stages: str) -> str:
    """The command that makes the outputs of these stages again; without stages, all outputs.

    >>> remake("crop", "imdb")
    'dvc repro crop imdb'
    """
    return " ".join(["dvc", "repro", *stages])
