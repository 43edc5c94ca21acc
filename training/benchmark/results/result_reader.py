"""Find, read and check all result files of one tracker on one benchmark, in any format."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import FARTHEST, unusable
from training.benchmark.problems import Collected
from training.benchmark.results.formats.format_table import readers
from training.benchmark.results.formats.segments import Segment
from training.benchmark.results.matches import keys_of, likely_benchmark, match_files, result_files, strangers
from training.benchmark.results.remarks import left_aside, odd_regions, odd_rows
from training.benchmark.results.result_folders import find_results, find_tracker
from training.benchmark.scores.one_pass import fit_length, is_filled_up, rules_for
from training.benchmark.scores.protocols import Protocol
from training.benchmark.scores.vot_scores import check_lengths
from training.benchmark.sequences.sequence import Benchmark, Sequence
from training.benchmark.sequences.sequence_list import load_listing, name_key, packaged_names
from training.benchmark.trajectory import Trajectory, find_runs, read_trajectory, run_number

MEND = "Correct these files or remove them; a score without them is marked partial"


@dataclass(frozen=True, eq=False)
class TrackerResults:
    """Results of one tracker.

    Attributes
    ----------
    boxes : dict of (N, 4) float64
        By sequence name, `x y w h` in the benchmark's file coordinates (OPE).
    again : list of such dicts
        Further runs, over the same sequences: the mean over all of them counts.
    runs : dict of list of Trajectory
        By sequence name (VOT).
    missing : list of str
        Sequences of the benchmark without a result.
    notes : list of str
        Remarks that change no score by themselves: boxes without size or all NaN, files that were left aside.
    """

    boxes: dict[str, Array] = field(default_factory=dict)
    again: list[dict[str, Array]] = field(default_factory=list)
    runs: dict[str, list[Trajectory]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_segments(path: Path) -> list[Segment]:
    """All runs in a file (`.mat` and `.json` may hold many, for TRE and SRE).

    Raises
    ------
    InputError
        If the file is not of the form that its ending promises, or a row is not a box.
    """
    segments = readers()[path.suffix.lower()](path)
    for segment in segments:
        for boxes in (segment.boxes, *segment.again):
            _check_numbers(path, boxes)
    return segments


def _check_numbers(path: Path, boxes: Array) -> None:
    """Raise `InputError` for a row of numbers that no protocol has a rule for: lost boxes are NaN throughout."""
    if boxes.size and np.abs(boxes).max() <= FARTHEST:  # and no NaN: nearly all files
        return
    lost = np.isnan(boxes)
    bad = (lost.any(axis=1) & ~lost.all(axis=1)) | unusable(boxes)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{path.name}, line {row + 1}: {boxes[row].tolist()} is not a box ({int(bad.sum())} such rows)",
            do=f"Write four numbers of at most {FARTHEST:,.0f} pixels, or NaN four times for a lost target",
            reason="bad row",
        )


def _one_run(path: Path) -> Segment:
    segments = read_segments(path)
    if len(segments) != 1:
        raise InputError(
            f"{path} holds {len(segments)} runs (TRE or SRE)", do="Score them as such", reason="bad format"
        )
    return segments[0]


def read_results(
    results_dir: Path, tracker: str, benchmark: Benchmark, protocol: str | Protocol = "matlab"
) -> TrackerResults:
    """Read and check all results of a tracker.

    Parameters
    ----------
    results_dir : Path
        See `result_folders.find_results`.
    tracker : str
    benchmark : Benchmark
    protocol : str or Protocol
        Decides how long a result must be.

    Raises
    ------
    InputError
        Listing every problem of the folder at once: rows that are not four numbers, results of the wrong
        length (both are named), misspelt names; or none at all of this benchmark.
    """
    rules = rules_for(protocol, benchmark)
    if benchmark.kind == "vot":
        return _read_vot(_vot_folder(results_dir, tracker, benchmark), benchmark)
    where = f"results of {tracker} in {results_dir}"
    runs = find_results(results_dir, tracker, benchmark)
    first, *others = (_read_run(where, paths, benchmark, rules) for paths in runs)
    if odd := [
        number for number, run in enumerate(others, start=2) if run.boxes.keys() != first.boxes.keys()
    ]:
        raise InputError(
            f"{where}: run {odd[0]} of {len(runs)} has other sequences than the first",
            do="Give complete runs, or name one of them",
            reason="missing results",
        )
    return replace(first, again=[*first.again, *(run.boxes for run in others)])


def _read_run(where: str, paths: list[Path], benchmark: Benchmark, rules: Protocol) -> TrackerResults:
    matched = match_files(paths, benchmark)
    check_benchmark(where, paths, matched.files, benchmark)
    boxes: dict[str, Array] = {}
    again: dict[str, tuple[Array, ...]] = {}
    problems = Collected()
    for sequence in benchmark.sequences:
        if sequence.name in matched.files:
            path = matched.files[sequence.name]
            with problems.catching():
                found = _one_run(path)
                boxes[sequence.name], again[sequence.name] = found.boxes, found.again
                fit_length(path.name, boxes[sequence.name], sequence, rules)
    misspelt, unknown = strangers(matched.others, matched.files, benchmark)
    for line in matched.doubles:
        problems.add(line, reason="several files")
    for line in misspelt:
        problems.add(line, reason="misspelt name")
    counts = {len(more) for more in again.values()}
    if len(counts) > 1:
        problems.add(
            f"its files hold from {min(counts) + 1} to {max(counts) + 1} repetitions", reason="repetitions"
        )
    if problems.problems:
        problems.check(where, do=_other_edition(boxes, benchmark) or MEND)
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in boxes]
    notes = [*odd_rows(boxes), *left_aside(unknown)]
    if rules.short:
        notes += [
            f"{s.name}: {len(boxes[s.name])} of {len(s)} rows; the rest counts as lost"
            for s in benchmark.sequences
            if len(boxes.get(s.name, s.annotation)) < len(s)
        ]
    notes += [
        f"{sequence.name}: its first {len(sequence.lead_in)} rows are the ground truth and were left out"
        for sequence in benchmark.sequences
        if not rules.whole and sequence.name in boxes and is_filled_up(boxes[sequence.name], sequence)
    ]
    if rules.whole:
        notes += [_trimmed(sequence) for sequence in benchmark.sequences if sequence.trimmed]
    repetitions = [{name: more[n] for name, more in again.items()} for n in range(max(counts, default=0))]
    return TrackerResults(boxes=boxes, again=repetitions, missing=missing, notes=notes)


def _other_edition(boxes: Mapping[str, Array], benchmark: Benchmark) -> str:
    """The cure if most results have the lengths of another list with the same names (UAV123 at 10 frames/s)."""
    for name in packaged_names():
        rows = {entry.name: entry.rows for entry in load_listing(name).sequences}
        fit = sum(len(found) == rows.get(sequence) for sequence, found in boxes.items())
        if name != benchmark.name and 2 * fit > len(boxes) and 2 * fit > len(rows):
            return f"They have the lengths of {load_listing(name).title}: name the benchmark {name}"
    return ""


def _trimmed(sequence: Sequence) -> str:
    return (
        f"{sequence.name}: its annotation lacks the {sequence.trimmed} rows before frame "
        f"{sequence.first_frame}, which this protocol evaluates too"
    )


def check_benchmark(where: str, paths: Items[Path], files: Mapping[str, Path], benchmark: Benchmark) -> None:
    """Raise `InputError` if no file belongs to this benchmark, or more belong to one that shares most of `files`."""
    found = len(files)
    if found == len(paths) and found:
        return
    guess = likely_benchmark(paths)
    ours = {name_key(path.stem) for path in files.values()}
    foreign = (
        guess is not None
        and len(guess[2]) > found
        and 2 * len(guess[2] & ours) > found
        and guess[0][:3] != benchmark.name[:3]
    )
    if found and not foreign:
        return
    belong = "none belongs" if not found else "only 1 belongs" if found == 1 else f"only {found} belong"
    some = f"of {len(paths)} files {belong} to {benchmark.title}"
    like = f"; they look like results of {guess[1]}" if guess is not None else ""
    if not paths:
        some = "there are no files"
    raise InputError(
        f"{where}: {some}{like}", do="Name the right folder or benchmark", reason="foreign results"
    )


def _vot_folder(results_dir: Path, tracker: str, benchmark: Benchmark) -> Path:
    folder = find_tracker(results_dir, tracker, benchmark)
    return folder if isinstance(folder, Path) else results_dir / tracker


def _read_vot(folder: Path, benchmark: Benchmark, experiment: str = "baseline") -> TrackerResults:
    runs: dict[str, list[Trajectory]] = {}
    problems = Collected()
    found = find_runs(folder / experiment)
    for sequence in benchmark.sequences:
        paths = [path for key in keys_of(sequence) for path in found.pop(key, ())]
        with problems.catching():
            if paths and sequence.anchors and experiment == "baseline":
                runs[sequence.name] = _from_anchors(sequence, paths)
            elif paths:
                trajectories = [read_trajectory(path) for path in paths]
                check_lengths(sequence, trajectories)
                runs[sequence.name] = trajectories
    others = {
        path if path.parent.name == experiment else path.parent: key for key, (path, *_) in found.items()
    }
    misspelt, unknown = strangers(others, runs, benchmark)
    for line in misspelt:
        problems.add(line, reason="misspelt name")
    problems.check(f"{experiment} results of {folder.name} in {folder.parent}", do=MEND)
    if not runs:
        raise _no_vot_results(folder, benchmark, experiment)
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in runs]
    notes = [*odd_regions(benchmark.sequences, runs), *left_aside(unknown)]
    return TrackerResults(runs=runs, missing=missing, notes=notes)


def _from_anchors(sequence: Sequence, paths: Items[Path]) -> list[Trajectory]:
    """The runs of the multistart experiment, one an anchor, in the order of the anchors."""
    found = {run_number(path): path for path in paths}
    lacking = [anchor.frame for anchor in sequence.anchors if anchor.frame not in found]
    if lacking:
        raise InputError(
            f"{sequence.name} lacks {len(lacking)} of {len(sequence.anchors)} runs, the first from its anchor in "
            f"frame {lacking[0] + 1}: {paths[0].parent / f'{sequence.name}_{lacking[0]:08d}.txt'}",
            do="Run the tracker to the end; supervised results are of other years",
            reason="missing runs",
        )
    runs = []
    for anchor in sequence.anchors:
        run, frames = read_trajectory(found[anchor.frame]), len(anchor.rows(len(sequence)))
        if len(run) != frames:
            way = "backwards" if anchor.backwards else "forwards"
            raise InputError(
                f"{found[anchor.frame]}: {len(run)} rows, but {frames} frames {way} from frame {anchor.frame + 1}",
                do="Give the complete result: nothing is cut or filled up silently",
                reason="wrong length",
            )
        runs.append(run)
    return runs


def _no_vot_results(folder: Path, benchmark: Benchmark, experiment: str) -> InputError:
    do = f"Expected {folder.name}/{experiment}/<sequence>/<sequence>_001.txt"
    if (guess := likely_benchmark(result_files(folder))) is not None:
        do = f"Its files look like results of {guess[1]}"
    return InputError(
        f"{folder} holds no {experiment} result of {benchmark.title}", do=do, reason="foreign results"
    )


def read_unsupervised(results_dir: Path, tracker: str, benchmark: Benchmark) -> TrackerResults | None:
    """Runs without restarts (`<tracker>/unsupervised/`), or None if the tracker has none."""
    folder = _vot_folder(results_dir, tracker, benchmark)
    return _read_vot(folder, benchmark, "unsupervised") if (folder / "unsupervised").is_dir() else None


def has_baseline(results_dir: Path, tracker: str, benchmark: Benchmark) -> bool:
    """Whether a tracker has a folder of supervised runs (`<tracker>/baseline/`)."""
    folder = _vot_folder(results_dir, tracker, benchmark)
    return (folder / "baseline").is_dir()
