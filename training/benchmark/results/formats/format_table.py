"""The result formats, one row each. A file's ending and place give its format; the name chooses what to write."""

from __future__ import annotations

from collections.abc import Iterable

from curation.rows import Table
from training.benchmark.results.formats.format_row import Format, Read
from training.benchmark.results.formats.jwlim import JWLIM
from training.benchmark.results.formats.matlab import OTB_MAT
from training.benchmark.results.formats.runs_array import NPY
from training.benchmark.results.formats.text import GOT10K, OTB, PYSOT, PYTRACKING

VOT = Format(
    "vot",
    "<tracker>/baseline/<sequence>/<sequence>_001.txt, 0-based (MATLAB and Python toolkits)",
    vot="",
)

FORMATS: Table[Format] = Table(
    "result format", {row.name: row for row in (OTB, OTB_MAT, GOT10K, PYSOT, PYTRACKING, JWLIM, NPY, VOT)}
)
"""Every format; one's own is a `Format`, named by the place of its code."""


def adopt_formats(names: Iterable[str]) -> None:
    """Add the user's formats to the table for the rest of this process.

    Raises
    ------
    InputError
        If one cannot be loaded, or has the name of another.
    """
    for name in names:
        row = FORMATS[name]
        FORMATS.adopt(row.name, row)


def readers() -> dict[str, Read]:
    """The reader of a result file, by its ending in lower case; text may also end in `.csv`."""
    rows = list(FORMATS.values())[::-1]  # the first of an ending wins
    found = {row.ending.lower(): row.read for row in rows if row.read is not None}
    return {".csv": found[OTB.ending], ".npz": found[NPY.ending], **found}
