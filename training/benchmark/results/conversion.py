"""Results converted from any format to any other."""

from __future__ import annotations

from pathlib import Path

from training.benchmark.results.result_reader import read_results, read_unsupervised
from training.benchmark.results.result_writer import check_format, file_boxes, write_files, write_runs
from training.benchmark.scores.one_pass import is_filled_up
from training.benchmark.sequences.sequence import Benchmark


def convert(
    results_dir: Path,
    tracker: str,
    benchmark: Benchmark,
    out: Path,
    form: str,
    *,
    rename: str | None = None,
    protocol: str = "matlab",
) -> list[Path]:
    """Read a tracker's results in whatever format they are and write them in another.

    Parameters
    ----------
    results_dir, tracker : Path, str
        As for `result_reader.read_results`.
    benchmark : Benchmark
    out : Path
    form : str
        A key of `format_table.FORMATS`, or one's own.
    rename : str or None
        Another name for the tracker.
    protocol : str
        Decides which lengths are right (Tiger1: 349 rows, under got10k 354).

    Returns
    -------
    list of Path
        The files written.
    """
    check_format(form, benchmark)
    results = read_results(results_dir, tracker, benchmark, protocol)
    name = rename or tracker.replace("/", "_")
    if benchmark.kind == "vot":
        kinds = {"baseline": results, "unsupervised": read_unsupervised(results_dir, tracker, benchmark)}
        return [
            path
            for kind, found in kinds.items()
            for sequence in benchmark.sequences
            if found is not None and sequence.name in found.runs
            for path in write_runs(
                out, name, benchmark, sequence, found.runs[sequence.name], form=form, experiment=kind
            )
        ]
    boxes = {
        sequence: rows[len(sequence.lead_in) :] if is_filled_up(rows, sequence) else rows
        for sequence in benchmark.sequences
        if (rows := results.boxes.get(sequence.name)) is not None
    }
    files = [file_boxes(name, benchmark, sequence, rows, form=form) for sequence, rows in boxes.items()]
    return [write_files(out, contents) for contents in files]  # once all of them can be written
