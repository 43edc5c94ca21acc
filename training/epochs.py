"""The curves of a training run: one row for each epoch, for the report and `dvc plots`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from curation.cures import remake
from curation.errors import InputError
from curation.files import write_bytes

CURVES = "curves.csv"
"""One row an epoch; the same bytes for the same run on the same kind of machine."""

PICTURE_COLUMNS = ("exemplar", "search region (cross: target)", "label", "response")
"""What is side by side in the pictures of a run (`records.write_picture`); a row is a pair."""


@dataclass(frozen=True)
class EpochRow:
    """One epoch.

    Parameters
    ----------
    epoch : int
        Counts from 1.
    loss : float
        Mean over the epoch's steps.
    learning_rate : float
        Of its last step.
    gradient_norm : float
        Mean over its steps, before clipping.
    validation_loss, centre_error : float or None
        After it, on the validation pairs; `centre_error` in pixels of the search image. None where validation is off.
    """

    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float
    validation_loss: float | None
    centre_error: float | None


NAMES = tuple(field.name for field in fields(EpochRow))
"""Columns of the file, in their order."""


def write_curves(file: Path, rows: Sequence[EpochRow]) -> None:
    """Write all epochs so far."""
    lines = [",".join(NAMES)]
    lines += [",".join("" if value is None else repr(value) for value in astuple(row)) for row in rows]
    write_bytes(file, ("\n".join(lines) + "\n").encode())


def read_curves(file: Path) -> list[EpochRow]:
    """Read what `write_curves` wrote; no rows where there is no file.

    Raises
    ------
    InputError
        If the columns or the numbers are others.
    """
    if not file.is_file():
        return []
    try:
        head, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
        if tuple(head) != NAMES:
            raise ValueError(f"columns {', '.join(head)}")
        return [_row(row) for row in rows]
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{file} does not hold the curves of a training ({error})",
            do=f"Run: {remake()} --force train",
            reason="damaged file",
        ) from None


def _row(texts: Sequence[str]) -> EpochRow:
    epoch, loss, rate, norm, *checked = texts
    validation_loss, centre_error = (float(text) if text else None for text in checked)
    return EpochRow(int(epoch), float(loss), float(rate), float(norm), validation_loss, centre_error)
