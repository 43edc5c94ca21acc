"""Draw trackers' result files and the truth into a sequence: an MP4, or a strip of frames as a PNG.

    python -m pipelines draw otb2015 results/ KCF DSST --sequence Deer --root /data/OTB
    python -m pipelines draw otb2015 results/ --sequence Deer --strip 6 --start 20 --end 60
    python -m pipelines draw frames/ kcf.txt mine.txt --truth groundtruth.txt
The sequence is one of a benchmark, with any tree of results that `evaluate` reads; or a folder of frames or a video,
with result files or such a tree. Names and colours are those of the report. Frames in which a tracker has no box, or
the target is absent, say so. The file is written into the current folder, named after the sequence.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.errors import InputError, printable
from curation.rows import unknown_name
from pipelines import paths
from pipelines.benchmarks import open_benchmark

if TYPE_CHECKING:
    from training.benchmark.report.overlay import Drawn
    from training.benchmark.report.palette import Series
    from training.benchmark.results.sequence_result import SequenceResult
    from training.benchmark.sequences.sequence import Benchmark
    from training.benchmark.sequences.sequence import Sequence as One
    from training.tracking.video.source import Source

log = logging.getLogger(__name__)

FRAMES = 6
"""Frames of a strip."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(intermixed=True)
    parser.add_argument(
        "where", help="a benchmark, the path of your own list, a folder of frames, or a video"
    )
    parser.add_argument(
        "results",
        type=Path,
        help="as of evaluate; beside frames also a result file, and more of them after it",
    )
    parser.add_argument("trackers", nargs="*", help="which trackers (all), or further result files")
    parser.add_argument("--sequence", metavar="NAME", help="which of the benchmark's")
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="of a benchmark's sequences; repeated for several (those of the settings, or built in)",
    )
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="beside frames: boxes or polygons, a row a frame"
    )
    parser.add_argument(
        "--origin",
        type=int,
        choices=(0, 1),
        default=1,
        help="beside frames: the top-left pixel in these files (1, as OTB's and those of follow; VOT's have 0)",
    )
    parser.add_argument(
        "--run", type=int, default=1, metavar="NUMBER", help="which of several runs, from 1 (the first)"
    )
    parser.add_argument(
        "--strip",
        type=int,
        nargs="?",
        const=FRAMES,
        metavar="FRAMES",
        help=f"a PNG with so many frames ({FRAMES}) in place of a video",
    )
    parser.add_argument(
        "--start", default="", metavar="WHEN", help="first frame: its number from 1 on, 12.5s, or 1:30"
    )
    parser.add_argument("--end", default="", metavar="WHEN", help="last frame, likewise")
    parser.add_argument("--rate", type=float, metavar="FPS", help="frames a second (as the video, or 25)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write it (<sequence>.drawn.mp4, or .png)"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


@dataclass(frozen=True)
class Scene:
    """The frames, what trackers said of them, and the truth.

    Attributes
    ----------
    source : Source
        From the first frame to be drawn to the last one.
    results : dict of SequenceResult
        By tracker, of all frames.
    truth : Drawn or None
    length : int or None
        Frames of the whole sequence, where it is known before they are read.
    """

    source: Source
    results: dict[str, SequenceResult]
    truth: Drawn | None
    length: int | None


def run(options: argparse.Namespace) -> None:
    if options.strip is not None and not 1 <= options.strip <= 100:
        raise InputError(f"--strip {options.strip}: a strip has 1 to 100 frames", do="Give --strip 6")
    if options.rate is not None and not 1 <= options.rate <= 1000:
        raise InputError(
            f"--rate {options.rate:g}: a video has 1 to 1000 frames a second", do="Give --rate 25"
        )
    scene = _of_benchmark(options) if _is_benchmark(options.where) else _of_frames(options)
    ending = ".mp4" if options.strip is None else ".png"
    out = options.out or Path(f"{scene.source.stem}.drawn{ending}")
    _check_place(out, ending, options)
    for name, found in scene.results.items():
        if scene.length is not None and len(found.regions) != scene.length:
            rows = len(found.regions)
            log.warning("%s has %d rows for %d frames of %s", name, rows, scene.length, scene.source.name)
        if found.runs > 1:
            log.warning("%s has %d runs; this is run %d (--run)", name, found.runs, options.run)
    count = _write(out, scene, options)
    sys.stdout.write(f"{count} frames of {scene.source.name} with {', '.join(scene.results)}: {out}\n")


def _is_benchmark(where: str) -> bool:
    from training.benchmark.sequences.sequence_list import is_path, packaged_names

    if where in packaged_names() or is_path(where):
        return True
    if "://" in where or "%" in where or "*" in where or Path(where).exists():
        return False
    raise unknown_name("benchmark, and no folder of frames and no video", where, packaged_names())


def _check_place(out: Path, ending: str, options: argparse.Namespace) -> None:
    if out.suffix.lower() != ending:
        raise InputError(
            f"{out} does not end in {ending}, as {'a video' if ending == '.mp4' else 'a strip'} does",
            do=f"Name it {out.stem}{ending}"
            + ("; or give --strip for a picture" if ending == ".mp4" else ""),
        )
    if out.is_dir():
        raise InputError(f"{out} is a folder", do="Name a file: --out FILE")
    if out.exists() and Path(options.where).exists() and out.samefile(options.where):
        raise InputError(f"{out} is the video itself", do="Give another name: --out FILE")
    if out.exists() and not options.force:
        raise InputError(
            f"{out} is there already", do="Write over it with --force, or name another: --out FILE"
        )


def _of_benchmark(options: argparse.Namespace) -> Scene:
    from training.benchmark.report.overlay import of_truth

    if options.truth is not None:
        raise InputError("--truth is for frames alone: a benchmark has its own", do="Leave it out")
    benchmark = open_benchmark(argparse.Namespace(benchmark=options.where, root=options.root), images=True)
    sequence = _chosen(benchmark, options.sequence)
    rows = len(sequence)
    absent = sequence.absent if sequence.absent is not None else [False] * rows
    return Scene(
        _source(sequence, options),
        _read_tree(benchmark, sequence, options),
        of_truth(sequence.ground_truth, absent) if benchmark.given_away else None,
        rows,
    )


def _source(sequence: One, options: argparse.Namespace) -> Source:
    """The frames of a sequence with pixels as stored, which the boxes of benchmarks refer to."""
    from training.benchmark.report.pictures import read_image
    from training.tracking.video.part import DEFAULT_RATE, Part
    from training.tracking.video.source import Source

    before, end = Part(options.start, options.end).bounds(options.rate or DEFAULT_RATE)
    chosen = sequence.frames[before:end]
    if not chosen:
        raise InputError(
            f"{sequence.name} has {len(sequence)} frames, none from {before + 1} on", do="Start earlier"
        )
    stem = sequence.name.replace("/", "_")
    return Source(sequence.name, map(read_image, chosen), len(chosen), DEFAULT_RATE, stem, before + 1)


def _chosen(benchmark: Benchmark, name: str | None) -> One:
    if name in benchmark.missing:
        raise InputError(f"{name} of {benchmark.title} is not here", do="Give its folder: --root FOLDER")
    if name is not None:
        return benchmark[name]
    if len(benchmark.sequences) == 1:
        return benchmark.sequences[0]
    names = [sequence.name for sequence in benchmark.sequences]
    raise InputError(
        f"{benchmark.title} has {len(names)} sequences here",
        do=f"Name one: --sequence NAME ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})",
    )


def _of_frames(options: argparse.Namespace) -> Scene:
    import numpy as np

    from training.benchmark.report.overlay import of_truth
    from training.benchmark.sequences.sequence import Benchmark, Sequence
    from training.tracking.video.part import Part
    from training.tracking.video.source import open_source

    source = open_source(options.where, Part(options.start, options.end))
    name = options.sequence or source.stem
    if options.results.is_dir():
        lone = Sequence(name, (), np.empty((0, 4)), base=options.origin)
        results = _read_tree(Benchmark(name, name, "ope", [lone]), lone, options)
    else:
        results = _read_files([options.results, *map(Path, options.trackers)], options)
    truth = None
    if options.truth is not None:
        regions = _read_file(options.truth, options).regions
        truth = of_truth(regions, [False] * len(regions))
    whole = source.count is not None and source.exact and not options.start and not options.end
    return Scene(source, results, truth, source.count if whole else None)


def _read_tree(benchmark: Benchmark, sequence: One, options: argparse.Namespace) -> dict[str, SequenceResult]:
    """Results of the named trackers; without names of all, where those without a result are left out."""
    from training.benchmark.results.result_folders import open_results
    from training.benchmark.results.sequence_result import read_sequence_result

    folder, named = options.results, options.trackers
    trackers = named
    if not named:
        folder, trackers = open_results(folder, benchmark)
    results = {}
    for tracker in trackers:
        try:
            results[tracker] = read_sequence_result(folder, tracker, benchmark, sequence, run=options.run)
        except InputError as error:
            if named:
                raise
            log.warning("%s is left out: %s", printable(tracker), error.what)
    if not results:
        raise InputError(
            f"{folder} has no result of {sequence.name}", do="Name the folder of the trackers' folders"
        )
    return results


def _read_files(files: Sequence[Path], options: argparse.Namespace) -> dict[str, SequenceResult]:
    """Result files of one sequence, called after the files; those that are called alike, after their folders."""
    stems = [file.stem for file in files]
    names = [file.resolve().parent.name if stems.count(file.stem) > 1 else file.stem for file in files]
    if double := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"{names.count(double[0])} result files are called {double[0]}",
            do="Give files of different names",
        )
    return {name: _read_file(file, options) for name, file in zip(names, files, strict=True)}


def _read_file(file: Path, options: argparse.Namespace) -> SequenceResult:
    """A result file alone: boxes in any format, or a run of VOT, which is 0-based."""
    from training.benchmark.results.formats.format_table import readers
    from training.benchmark.results.result_reader import read_segments
    from training.benchmark.results.sequence_result import from_boxes, from_trajectory
    from training.benchmark.trajectory import read_trajectory

    ending = file.suffix.lower()
    if not file.is_file():
        raise InputError(
            f"there is no result file {file}", do="Name files of boxes, or one folder of results"
        )
    if ending not in (".bin", ".txt", *readers()):
        raise InputError(f"{file} is no result file", do=f"Known endings: {', '.join(['.bin', *readers()])}")
    if ending == ".bin" or (ending == ".txt" and _is_of_vot(file)):
        return from_trajectory(read_trajectory(file))
    segments = read_segments(file)
    if not 1 <= options.run <= len(segments):
        raise InputError(f"{file} has {len(segments)} runs", do=f"Give --run 1 to {len(segments)}")
    return from_boxes(segments[options.run - 1].boxes, options.origin, runs=len(segments))


def _is_of_vot(file: Path) -> bool:
    """Whether a text has rows of a code alone, or of polygons."""
    from training.benchmark.text_tables import parse_rows, read_text
    from training.benchmark.trajectory import WIDTHS

    return any(len(row) != 4 for row in parse_rows(read_text(file), file, widths=WIDTHS))


def drawn_series(names: Sequence[str]) -> dict[str, Series]:
    """How the report draws these trackers: with its colours for those in it, and further ones for the others."""
    from pipelines.scoring import LABELS
    from training.benchmark.report.palette import assign_series
    from training.benchmark.report.ranking import leader
    from training.benchmark.scores.score_file import load_scores

    scores = load_scores(paths.SCORES) if paths.SCORES.is_file() else {}
    known = [name for one in scores.values() for name in one.trackers]
    tracked = {path.name for path in paths.RESULTS.rglob("*") if path.is_dir()}
    imported = [name for name in known if name not in tracked]
    return assign_series(
        [*known, *names],
        leader=leader(list(scores.values())),
        labels=LABELS,
        imported=[*imported, *(name for name in names if name not in known)],
    )


def _write(out: Path, scene: Scene, options: argparse.Namespace) -> int:
    """Write the video or the strip; returns its frames."""
    from curation.files import write_bytes
    from training.benchmark.report.overlay import of_tracker, strip_picture, video_picture

    series = drawn_series(list(scene.results))
    order = sorted(scene.results, key=lambda name: series[name].index)
    drawn = [
        *([scene.truth] if scene.truth else []),
        *(of_tracker(series[name], scene.results[name].regions, scene.results[name].words) for name in order),
    ]
    frames = _frames(scene.source)
    if options.strip is None:
        return _write_video(out, frames, (video_picture, drawn), options.rate or scene.source.rate)
    import cv2

    longest = max(len(one.regions) for one in drawn)
    count = scene.source.count if scene.source.exact else None
    last = count or max(1, longest - scene.source.first + 1)
    wanted = {round(place * (last - 1) / max(1, options.strip - 1)) for place in range(options.strip)}
    chosen = [item for place, item in enumerate(frames) if place in wanted]
    if len({image.shape for image, _, _ in chosen}) != 1:
        raise InputError(f"{scene.source.name} has frames of several sizes", do="Choose some: --start, --end")
    write_bytes(out, cv2.imencode(".png", strip_picture(chosen, drawn))[1].tobytes())
    return len(chosen)


def _write_video(out: Path, frames: Iterator[Any], draw: tuple[Any, Any], rate: float) -> int:
    from training.tracking.video.progress import progress
    from training.tracking.video.writer import annotated

    picture, drawn = draw
    image, index, number = next(frames)
    first = picture(image, index, number, drawn)
    count = 1
    with annotated(out, first, rate) as video, progress(str(out), None) as bar:
        video.add(first)
        bar.step()
        for image, index, number in frames:
            video.add(picture(image, index, number, drawn))
            bar.step()
            count += 1
    return count


def _frames(source: Source) -> Iterator[tuple[Any, int, int]]:
    """Images, their 0-based rows and their numbers; the one before replaces one that cannot be read, with a warning."""
    before = None
    for number, image in enumerate(source.frames, start=source.first):
        if image is None:
            log.warning("%s: frame %d cannot be read", source.name, number)
            image = before
        before = image
        yield image, number - 1, number
    if before is None:
        raise InputError(f"{source.name} has no frames", do="Give another video", reason="bad video")
