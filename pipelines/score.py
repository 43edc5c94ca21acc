"""Score the result files, ours and imported ones, and build the report.

Writes the full scores, small metrics, curves for `dvc plots show`, and reports/index.html: one file that
works offline. Result files of other trackers are read from data/imported/<benchmark>/<tracker>/.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import read_json, write_json
from curation.outside import read_outside
from curation.rows import unknown_name
from pipelines import parameters, paths, settings, sources
from pipelines.guard import Run
from pipelines.scoring import LABELS, ScoreConfig, baseline
from pipelines.yaml_values import read_yaml
from training.benchmark.problems import FolderError
from training.benchmark.report.content import Filmstrip, Picture, ReportContent
from training.benchmark.report.filmstrips import choose_filmstrips
from training.benchmark.report.page import write_report
from training.benchmark.report.series_files import write_plot_files
from training.benchmark.report.speeds import Speeds, read_speeds
from training.benchmark.results.formats.format_table import adopt_formats
from training.benchmark.results.result_folders import open_results
from training.benchmark.results.result_reader import read_results
from training.benchmark.score import score_benchmark
from training.benchmark.scores.metric_table import METRICS, Metric, adopt_metrics
from training.benchmark.scores.score_document import Scores
from training.benchmark.scores.score_file import save_scores
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import is_path, load_listing, packaged_names
from training.epochs import CURVES, PICTURE_COLUMNS, read_curves

LOCK_BYTES = 1 << 20
"""Most bytes of dvc.lock; it has 30,000."""
MEND_LOCK = "Take one side's (pipelines/TEAM.md, a conflict in dvc.lock), or: git checkout dvc.lock"

FILMED = 3
"""Imported trackers whose boxes the filmstrips show, the best ones: more would hide the target."""

Numbered = dict[str, dict[str, dict[str, dict[str, float | None]]]]
"""Benchmark, protocol (of VOT the overlap rule), tracker, number."""

log = logging.getLogger(__name__)


def run(options: argparse.Namespace, stage: Run) -> None:
    del options
    runtime = settings.load()
    dataset, config = stage.load("dataset"), stage.load("score")
    shown = parameters.FILE.read_text(encoding="utf-8")
    scores: dict[str, Scores] = {}
    opened: list[tuple[Path, Benchmark]] = []
    imported: set[str] = set()
    digests = _digests()  # what is wrong with the lock is told before the work
    adopt_formats(config.formats)
    adopt_metrics(config.metrics)
    own: list[str] = []
    _check_imported(dataset)
    for place in dataset.benchmarks:
        benchmark = sources.open_benchmark(dataset, runtime, place)
        name = benchmark.name
        if not benchmark.given_away:
            log.info("%s is scored by its server alone", benchmark.title)
            continue
        own += [name] * benchmark.own
        found = score_benchmark(benchmark, paths.RESULTS / place, protocol=config.protocol)
        if found.unsound:
            raise FolderError(
                f"results in {paths.RESULTS / place}",
                [f"{tracker}: {line}" for tracker, problems in found.unsound.items() for line in problems],
            )
        others = paths.IMPORTED / name
        if others.is_dir():
            theirs = score_benchmark(benchmark, others, protocol=config.protocol, some=False)
            for tracker, lines in theirs.unsound.items():
                log.warning("%s is left out: %s", others / tracker, "; ".join(lines))
            for tracker in theirs.trackers.keys() & found.trackers.keys():
                raise InputError(
                    f"{others / tracker} has the name of a tracker of this pipeline",
                    do="Rename the folder",
                    reason="name taken",
                )
            imported |= set(theirs.trackers)
            trackers = {**found.trackers, **theirs.trackers}
            partial = found.partial or theirs.partial
            found = replace(found, trackers=trackers, partial=partial, unsound=theirs.unsound)
        scores[name] = found
        opened.append((paths.RESULTS / place, benchmark))
        if found.partial:
            log.warning("%s is partial: %d sequences missing", name, len(found.missing))
    films = [
        film
        for folder, one in opened
        for film in _films(folder, one, config, scores[one.name].best, _best(scores[one.name], imported))
    ]
    speeds = read_speeds(paths.TIMES, scores)
    save_scores(stage.output(paths.SCORES), scores.values())
    numbers, wanted = _numbers(scores), _subjects(scores, imported)
    write_json(stage.output(paths.report("score", "numbers")), numbers)
    write_json(
        stage.output(paths.report("score", "metrics")), _small(numbers, scores, wanted, config.metrics)
    )
    write_json(stage.output(paths.report("score", "speed")), _speed(speeds, wanted))
    write_plot_files(stage.output(paths.REPORTS / "score" / "plots"), scores)
    write_report(
        stage.output(paths.PAGE),
        ReportContent(
            scores=scores,
            labels=LABELS,
            imported=sorted(imported),
            own=own,
            synthetic=sources.built_in(dataset.sequences),
            speeds=speeds,
            filmstrips=films,
            curves=read_curves(paths.REPORTS / "train" / CURVES),
            parts=_given(paths.report("train", "train")),
            training_pictures=_pictures(
                paths.REPORTS / "train" / "pictures",
                "training pairs, labels and response maps",
                PICTURE_COLUMNS,
            ),
            quality=_pictures(paths.REPORTS / "quality" / "pictures", "crops and their distributions"),
            pipeline=Path(__file__).parent / "pipeline.svg",
            parameters=shown,
            digests=digests,
        ),
    )


def _check_imported(dataset: sources.DatasetConfig) -> None:
    """Raise `InputError` for a folder of imported results that has no benchmark's name."""
    known = [
        *packaged_names(),
        *(load_listing(name).benchmark for name in dataset.benchmarks if is_path(name)),
    ]
    if paths.IMPORTED.is_dir():
        for folder in sorted(paths.IMPORTED.iterdir()):
            if folder.is_dir() and folder.name not in known:
                raise unknown_name(f"benchmark (folder {folder})", folder.name, known)


def _best(scores: Scores, imported: set[str]) -> list[str]:
    """The best of the imported trackers, whose boxes the filmstrips show beside ours."""
    known = [name for name in scores.ranked() if scores.number(name, scores.headline) is not None]
    return [name for name in known if name in imported][:FILMED]


def _films(
    folder: Path, benchmark: Benchmark, config: ScoreConfig, leader: str, imported: Sequence[str]
) -> list[Filmstrip]:
    trackers = sorted(path.name for path in folder.iterdir() if path.is_dir())
    results = {tracker: read_results(folder, tracker, benchmark) for tracker in trackers}
    if imported:
        others, _ = open_results(paths.IMPORTED / benchmark.name, benchmark)
        results |= {name: read_results(others, name, benchmark, config.protocol) for name in imported}
    return choose_filmstrips(
        benchmark,
        results,
        leader=leader,
        worst=config.filmstrips,
        best=config.filmstrips,
        frames=config.film_frames,
    )


def _numbers(scores: Mapping[str, Scores]) -> Numbered:
    """The main numbers of every tracker: scores by other rules are never compared."""
    return {
        name: {
            one.protocol: {
                tracker: {
                    metric.key: numbers[metric.key]
                    for metric in one.metrics("metrics.json")
                    if metric.key in numbers
                }
                for tracker, entry in one.trackers.items()
                for numbers in [{**(entry.free[0].values if entry.free else {}), **entry.overall.values}]
            }
        }
        for name, one in scores.items()
    }


def _given(report: Path) -> Mapping[str, Mapping[str, float]]:
    """What each part gave, of the train stage's report; nothing where there is none, or one from before it said so."""
    found: Mapping[str, Any] = read_json(report, made_by="train") if report.is_file() else {}
    return found.get("data", {}).get("parts", {})


def _subjects(scores: Mapping[str, Scores], imported: Collection[str]) -> set[str]:
    """The trackers that a run is about: those that run here, without baselines if there are others."""
    ours = {name for one in scores.values() for name in one.trackers if name not in imported}
    return {name for name in ours if not baseline(name)} or ours


def _small(
    numbers: Numbered, scores: Mapping[str, Scores], wanted: Collection[str], own: Sequence[str]
) -> Numbered:
    """Of some trackers the first number of each benchmark that anybody has, and the user's own.

    These are few enough for `dvc metrics show`.
    """
    keys = {METRICS[name].key for name in own} | {_first(one).key for one in scores.values()}
    return {
        name: {
            protocol: {
                tracker: {key: found for key, found in one.items() if key in keys}
                for tracker, one in trackers.items()
                if tracker in wanted
            }
            for protocol, trackers in protocols.items()
        }
        for name, protocols in numbers.items()
    }


def _first(scores: Scores) -> Metric:
    """The first metric that a tracker has: EAO is not known where all sequences are short."""
    metrics = scores.metrics("metrics.json")
    known = [one for one in metrics if any(scores.number(name, one) is not None for name in scores.trackers)]
    return next(iter(known), scores.headline)


def _speed(speeds: Speeds, trackers: Collection[str]) -> Fields:
    """Frames per second over all benchmarks, and the machine they were measured on."""
    rates = {name: speeds.rate(name, speeds.times) for name in sorted(trackers)}
    return {"machine": speeds.machine, "frames_per_second": rates}


def _pictures(folder: Path, what: str, columns: Sequence[str] = ()) -> list[Picture]:
    files = sorted(path for path in folder.glob("*") if path.suffix in (".png", ".jpg"))
    return [
        Picture(image=path, alt=f"{what}: {path.stem}", caption=path.stem.replace("-", " "), columns=columns)
        for path in files
    ]


def _digests() -> dict[str, str]:
    """Digests of the outputs of the stages before this one, as dvc.lock records them.

    Raises
    ------
    InputError
        If the lock is there and damaged: a report must not leave out what it was made of.
    """
    try:
        content = read_outside(paths.LOCK, limit=LOCK_BYTES, kind="DVC's lock", do=MEND_LOCK)
    except FileNotFoundError:
        return {}
    lock = read_yaml(content, str(paths.LOCK), limit=LOCK_BYTES, do=MEND_LOCK)
    if not isinstance(lock, dict):
        raise InputError(f"{paths.LOCK} is not of DVC's form", do=MEND_LOCK)
    try:
        outs = [out for stage in lock.get("stages", {}).values() for out in stage.get("outs", [])]
        found = {str(out["path"]): str(out["md5"]) for out in outs if "md5" in out}
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{paths.LOCK} is not of DVC's form ({error!r})", do=MEND_LOCK) from None
    later = ("reports/score", "reports/index", "data/times")
    return {path: digest for path, digest in found.items() if not path.startswith(later)}
