"""The words of a cure: how a user makes a stage's output again, fetches it, or changes a parameter.

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
    """The command that makes the outputs of these stages again; without any, those of all stages.

    >>> remake("crop", "imdb")
    'dvc repro crop imdb'
    """
    return " ".join(["dvc", "repro", *stages])
