"""A result format: a row of `format_table.FORMATS`, or the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.benchmark.arrays import Array
from training.benchmark.results.formats.segments import Segment
from training.benchmark.sequences import sequence as records

Read = Callable[[Path], list[Segment]]


@dataclass(frozen=True, eq=False)
class Result:
    """A tracker's result on one sequence.

    Attributes
    ----------
    tracker : str
    sequence : Sequence
    segments : sequence of Segment
        Its runs, in the benchmark's file coordinates: one, or all of TRE or SRE.
    folder : str
        Name of a folder of the benchmark's results (got10k's).
    evaluation : {"OPE", "TRE", "SRE"}
    seconds : (N,) float64 or None
        Time of each frame.
    """

    tracker: str
    sequence: records.Sequence
    segments: Sequence[Segment]
    folder: str = ""
    evaluation: Literal["OPE", "TRE", "SRE"] = "OPE"
    seconds: Array | None = None

    @property
    def boxes(self) -> Array:
        """(N, 4) of the only run."""
        return self.segments[0].boxes

    def name(self, toolkit: str) -> str:
        """The sequence's name in the files of a toolkit."""
        return self.sequence.names.get(toolkit, self.sequence.name)


@dataclass(frozen=True)
class Format:
    """A format of result files.

    Attributes
    ----------
    name : str
    place : str
        Where a result goes and its coordinates, for people.
    write : callable or None
        From a `Result` to the bytes of each file by its path below the output folder, the result's own last. None:
        VOT's runs alone, which `result_writer.write_runs` writes.
    read : callable or None
        From a file to its runs; None: read as other formats of the same ending are.
    ending : str
        Of its files.
    vot : str or None
        Where trackers' folders with VOT's runs lie below the output folder; `{folder}` stands for `Result.folder`.
        None: it does not hold such runs.
    """

    name: str
    place: str
    write: Callable[[Result], Mapping[str, bytes]] | None = None
    read: Read | None = None
    ending: str = ".txt"
    vot: str | None = None
