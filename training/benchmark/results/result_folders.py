"""Find the result files of a tracker in the folders of this project and of other tools."""

from __future__ import annotations

import re
from pathlib import Path

from curation.errors import InputError, printable
from curation.rows import unknown_name
from training.benchmark.results.matches import keys_of, result_files, tracker_of
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import name_key

NO_RESULTS = ("scores_", ".", "__")
"""How folders begin that hold no results: the Python OTB toolkit's scores, hidden ones, `__MACOSX`."""

EXPERIMENTS = ("baseline", "unsupervised")
"""Folders of a tracker's VOT results: with restarts after failures, and without."""


def _bases(results_dir: Path, benchmark: Benchmark) -> list[Path]:
    """Folders that may hold trackers' folders, the most particular first."""
    inner = dict.fromkeys((*benchmark.result_folders[:1], benchmark.name, *benchmark.result_folders, "OPE"))
    homes = [results_dir, results_dir / "results"]
    bases = [home / name for home in homes for name in inner] + homes[::-1]
    return [base for base in bases if base.is_dir()]


def list_trackers(results_dir: Path, benchmark: Benchmark) -> list[str]:
    """Names of the trackers in `results_dir`, sorted: its folders and those in files' names (MATLAB).

    Raises
    ------
    InputError
        If there is no such folder.
    """
    bases = _bases(results_dir, benchmark)
    if not bases:
        raise InputError(
            f"there is no results folder {results_dir}",
            do="Name the folder that holds the trackers' folders",
            reason="missing results",
        )
    mixed = _mixed(bases[0], benchmark)
    folders = {path.name for path in _inner(bases[0]) if path not in mixed}
    return sorted(folders.union(*mixed.values())) or sorted(filter(None, _file_trackers(bases[0], benchmark)))


def _inner(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(NO_RESULTS))


def _mixed(base: Path, benchmark: Benchmark) -> dict[Path, set[str]]:
    """`base` and folders in it where MATLAB files of several trackers lie side by side, with these trackers.

    One of a tracker of theirs alone counts too, unless it is called like the tracker: packages come in parts.
    """
    names = {key for sequence in benchmark.sequences for key in keys_of(sequence)}
    found = {
        folder: {tracker_of(path, names) for path in folder.glob("*.mat")} - {None}
        for folder in (base, *_inner(base))
    }
    trackers = {folder: set(filter(None, called)) for folder, called in found.items() if "" not in called}
    several: set[str] = set().union(*(called for called in trackers.values() if _differ(called)))
    return {
        folder: called
        for folder, called in trackers.items()
        if called and called <= several and folder.name not in called
    }


def _differ(trackers: set[str]) -> bool:
    """Whether these are several; `1_KCF` and `KCF` are one, of a sequence that the benchmark calls otherwise."""
    return len(trackers) > 1 and not all(name.endswith(min(trackers, key=len)) for name in trackers)


def _file_trackers(folder: Path, benchmark: Benchmark) -> set[str]:
    """Trackers of the result files in a folder; an empty name if files are called like sequences alone."""
    names = {key for sequence in benchmark.sequences for key in keys_of(sequence)}
    found = (tracker_of(path, names) for path in result_files(folder))
    return {tracker for tracker in found if tracker is not None}


def open_results(results_dir: Path, benchmark: Benchmark) -> tuple[Path, list[str]]:
    """The folder to look in and the trackers there, where the user named only a folder.

    That is `results_dir` and all its trackers; or, if it is a tracker's own folder, the one above it and that
    tracker.

    Raises
    ------
    InputError
        If there is no such folder, or nothing in it.
    """
    trackers = list_trackers(results_dir, benchmark)
    if benchmark.kind == "vot":
        own = any((results_dir / name).is_dir() for name in EXPERIMENTS)
    else:
        own = "" in _file_trackers(results_dir, benchmark)
    if own:
        folder = results_dir.resolve()
        return folder.parent, [folder.name]
    if not trackers:
        raise InputError(
            f"{results_dir} holds no results", do="Name the folder that holds the trackers' folders"
        )
    return results_dir, trackers


def find_tracker(results_dir: Path, tracker: str, benchmark: Benchmark) -> Path | list[Path]:
    """The folder of a tracker, or its files in a folder shared with others (MATLAB).

    `<results_dir>/<tracker>/` (ours, pysot), `<dataset>/<tracker>/` (got10k), `OPE/<tracker>/` (jwlim), all three also
    below `results/`; or files `*_<tracker>.*`, there and in folders of several trackers' files.

    Raises
    ------
    InputError
        If there is none, with the nearest tracker's name; or if the name cannot be printed, and so stands in no
        table and no report.
    """
    if (shown := printable(tracker)) != tracker:
        raise InputError(
            f"the tracker {shown} in {results_dir} has a name that cannot be printed",
            do="Rename its folder, or its files",
            reason="bad name",
        )
    for base in _bases(results_dir, benchmark):
        if (base / tracker).is_dir():
            return base / tracker
        folders = dict.fromkeys((base, *_mixed(base, benchmark)))
        ending = f"_{tracker.lower()}"
        flat = [
            path for folder in folders for path in result_files(folder) if path.stem.lower().endswith(ending)
        ]
        if flat:
            return flat
    raise unknown_name(
        f"tracker with results in {results_dir}", tracker, list_trackers(results_dir, benchmark)
    )


def find_results(results_dir: Path, tracker: str, benchmark: Benchmark) -> list[list[Path]]:
    """Result files of each run of a tracker: one, or the repetitions whose mean counts.

    In its folder (`find_tracker`); in a single folder of parameters in it, or in several that are numbered,
    `<parameters>_000` and so on (pytracking); or in a folder a sequence, `<sequence>/<sequence>_001.txt` (GOT-10k).

    Raises
    ------
    InputError
        As `find_tracker`; or if the folder holds several runs that are no repetitions.
    """
    folder = find_tracker(results_dir, tracker, benchmark)
    if not isinstance(folder, Path):
        return [folder]
    if files := result_files(folder):
        return [files]
    inner = {
        path.name: found
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(NO_RESULTS) and (found := result_files(path))
    }
    keys = {key for sequence in benchmark.sequences for key in keys_of(sequence)}
    if any(name_key(name) in keys for name in inner):
        runs: dict[str, list[Path]] = {}
        for found in inner.values():
            for path in found:
                runs.setdefault(
                    path.stem.rpartition("_")[2] if path.stem != path.parent.name else "", []
                ).append(path)
        return [runs[number] for number in sorted(runs)]
    if len({re.sub(r"_\d+$", "", name) for name in inner}) > 1 or (
        len(inner) > 1 and not all(re.search(r"_\d+$", name) for name in inner)
    ):
        names = ", ".join(f"{tracker}/{name}" for name in inner)
        raise InputError(f"{folder} holds several runs: {names}", do="Name one of them", reason="ambiguous")
    return list(inner.values()) or [[]]
