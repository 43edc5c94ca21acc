"""The quality stage: numbers as JSON, pictures as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.crops.crop_index import NOTHING, check_shards, load_crop_index
from curation.crops.shards import SUFFIX, ShardFolder
from curation.cures import remake
from curation.documents.annotated_tracks import Tracks, read_tracks
from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import read_json, write_bytes
from curation.layouts.vid_layout import SUBSETS
from curation.parallel import Workers, run_in_order
from curation.quality.extremes import Sighting, choose, strangest
from curation.quality.histograms import histograms
from curation.quality.measures import MEASURES, Instances, at_border, flatten, measure, search_window
from curation.quality.quality_config import QualityConfig
from curation.quality.sheets import Tile, sheet, strips

QUANTILES = {"min": 0.0, "p01": 0.01, "p05": 0.05, "median": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def report_quality(
    annotations_dir: Path,
    crops_dir: Path,
    subsets: Sequence[str],
    config: QualityConfig,
    pictures: Path,
    workers: Workers,
    *,
    skip_reports: Mapping[str, Path] | None = None,
    listed: Callable[[Iterable[str]], Mapping[str, Sequence[str]]] = lambda _: {},
) -> Fields:
    """Measure the boxes and crops of all subsets and draw the pictures.

    Writes into `pictures`: `crops_<subset>.jpg`, `distributions.png` (a line a subset), `strange_tracks.jpg` (of all),
    and `strange_<subset>.jpg` of each that is not one of VID's: among others a small one would never be seen.

    Parameters
    ----------
    annotations_dir, crops_dir : Path
        Folders that hold `<subset>.json` and `<subset>/`, as the annotate and crop stages write them.
    skip_reports : mapping, optional
        Name -> report file of a stage that skips, such as `"annotate a"` -> `reports/annotate/a.json`. Files
        that are not there are left out.
    listed : callable
        From names of videos to those of them that a list of test videos names, by the list.

    Returns
    -------
    dict
        `subsets` (counts of each), `distributions` (of each measure of `MEASURES`, over all subsets),
        `strange_tracks` (what is wrong with each, in words), `skipped` (items by reason, of each report), `tested`
        (of each part that has some: its videos that are called as those of a list of test videos, and those whose first
        frame is that of a test sequence).
        The same for any number of workers.

    Raises
    ------
    InputError
        If a document, an index or a shard is missing or damaged.
    """
    skipped = _skipped(skip_reports or {})
    results = run_in_order(
        partial(_examine, annotations_dir=annotations_dir, crops_dir=crops_dir, config=config),
        list(subsets),
        workers=workers,
        label="quality",
        unit="subset",
    )
    counts: dict[str, Fields] = {}
    values: dict[str, dict[str, NDArray[np.float64]]] = {}
    strips_of: dict[Sighting, list[Tile]] = {}
    tested: dict[str, Fields] = {}
    for subset, result in zip(subsets, results, strict=True):
        counts[subset] = result.counts
        values[subset] = {name: array[~np.isnan(array)] for name, array in result.measures.items()}
        strips_of.update(result.strips)
        if found := _tested(listed(result.videos), (skip_reports or {}).get(f"annotate {subset}")):
            tested[subset] = found
        write_bytes(pictures / f"crops_{subset}.jpg", result.sheet)
        if subset not in SUBSETS:
            write_bytes(pictures / f"strange_{subset}.jpg", _strange(result.strips, config)[1])
    chosen, picture = _strange(strips_of, config)
    write_bytes(pictures / "strange_tracks.jpg", picture)
    write_bytes(pictures / "distributions.png", histograms(values))
    return {
        "subsets": counts,
        "distributions": {
            name: {"meaning": meaning, **_describe(np.concatenate([v[name] for v in values.values()]))}
            for name, meaning in MEASURES.items()
        },
        "strange_tracks": [sighting.record() for sighting in chosen],
        "skipped": skipped,
        "tested": tested,
    }


def _strange(
    strips_of: Mapping[Sighting, Sequence[Tile]], config: QualityConfig
) -> tuple[list[Sighting], bytes]:
    """The strangest tracks, and their picture."""
    chosen = choose(list(strips_of), config.strange_tracks)
    rows = [(f"{n}. {sighting.message()}", strips_of[sighting]) for n, sighting in enumerate(chosen, start=1)]
    return chosen, strips(rows, columns=config.strip_frames, side=config.tile)


def _tested(named: Mapping[str, Sequence[str]], annotate_report: Path | None) -> Fields:
    """A part's videos that are in a test set, as `report_quality` gives them."""
    there = annotate_report is not None and annotate_report.is_file()
    same = (
        read_json(annotate_report, made_by="annotate").get("first_frame_of", {})
        if annotate_report and there
        else {}
    )
    return {**({"called": dict(named)} if named else {}), **({"first_frame_of": same} if same else {})}


@dataclass(frozen=True)
class _SubsetResult:
    videos: list[str]
    counts: Fields
    measures: dict[str, NDArray[np.float64]]
    strips: dict[Sighting, list[Tile]]
    sheet: bytes


def _examine(subset: str, *, annotations_dir: Path, crops_dir: Path, config: QualityConfig) -> _SubsetResult:
    tracks = read_tracks(annotations_dir / f"{subset}.json")
    instances = flatten(tracks)
    crops = _Crops(crops_dir, subset)
    measures = measure(instances, crops.config)
    sightings = strangest(instances, measures, config.strange_tracks)
    strips_of = {s: [crops.tile(instances, at, s) for at in _around(instances, s, config)] for s in sightings}
    evenly = np.linspace(0, len(instances.frame) - 1, min(config.sheet_crops, len(instances.frame)))
    tiles = [crops.tile(instances, int(at)) for at in np.unique(np.rint(evenly))]
    return _SubsetResult(
        videos=list(tracks.videos),
        counts=_count(tracks, instances, crops),
        measures=measures,
        strips=strips_of,
        sheet=sheet(tiles, columns=config.sheet_columns, side=config.tile),
    )


class _Crops:
    """The crops of one subset, found by video, frame and track."""

    def __init__(self, crops_dir: Path, subset: str) -> None:
        index = load_crop_index(crops_dir / subset)
        self.config = index.crop
        self.videos = index.videos
        check_shards(crops_dir / subset, {name: one.bytes for name, one in self.videos.items()})
        self._subset = subset
        self._shards = ShardFolder(crops_dir)
        self._found: dict[str, dict[tuple[int, int], tuple[int, int]]] = {}

    def tile(self, instances: Instances, at: int, sighting: Sighting | None = None) -> Tile:
        """The tile of one instance; `sighting` marks its moment."""
        video, track = instances.tracks[instances.track[at]]
        frame = int(instances.frame[at])
        short = video.rpartition("_")[2]
        return Tile(
            jpeg=self._read(video.partition("/")[2], frame, track),
            box=instances.boxes[at],
            window=search_window(instances.boxes[at], self.config),
            caption=f"{frame}" if sighting else f"{short} {frame}-{track}",
            occluded=bool(instances.occluded[at]),
            marked=sighting is not None and at == sighting.instance,
        )

    def _read(self, name: str, frame: int, track: int) -> bytes | None:
        place = self._index(name).get((frame, track))
        if place is None:
            return None
        shard = f"{self._subset}/{name}{SUFFIX}"
        return self._shards.read(shard, *place, shard_size=self.videos[name].bytes)

    def _index(self, name: str) -> dict[tuple[int, int], tuple[int, int]]:
        if name not in self._found:
            entry = self.videos.get(name, NOTHING)
            places = zip(entry.offsets.tolist(), entry.size.tolist(), strict=True)
            self._found[name] = dict(zip(entry.crops, places, strict=True))
        return self._found[name]


def _around(instances: Instances, sighting: Sighting, config: QualityConfig) -> range:
    """Indices of the track's instances around the moment, at most `strip_frames` of them."""
    track = instances.track[sighting.instance]
    first, end = (int(np.searchsorted(instances.track, track, side)) for side in ("left", "right"))
    start = min(sighting.instance - config.strip_frames // 2, end - config.strip_frames)
    start = max(start, first)
    return range(start, min(start + config.strip_frames, end))


def _count(tracks: Tracks, instances: Instances, crops: _Crops) -> Fields:
    videos = tracks.videos.values()
    boxes = len(instances.frame)
    with_object = sum(len(np.unique(video.frame)) for video in videos)
    frames = sum(len(video.frames) for video in videos)
    cropped = sum(len(entry.frame) for entry in crops.videos.values())
    return {
        "videos": len(videos),
        "frames": frames,
        "frames_without_object": frames - with_object,
        "tracks": len(instances.tracks),
        "boxes": boxes,
        "boxes_without_crop": boxes - cropped,
        "occluded": _share(instances.occluded),
        "generated": _share(instances.generated),
        "at_border": _share(at_border(instances)),
    }


def _share(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 4) if len(flags) else 0.0


def _describe(values: NDArray[np.float64]) -> dict[str, float]:
    if not len(values):
        return {"count": 0}
    found = np.quantile(values, list(QUANTILES.values()))
    rounded = {name: round(float(value), 4) for name, value in zip(QUANTILES, found, strict=True)}
    return {"count": len(values), "mean": round(float(values.mean()), 4), **rounded}


def _skipped(reports: Mapping[str, Path]) -> Fields:
    """Skipped items by reason, of each report that is there and together."""
    together: Counter[str] = Counter()
    each: dict[str, Mapping[str, int]] = {}
    for name, path in reports.items():
        if not path.is_file():
            continue
        stage = name.replace(" ", "@")  # "annotate a": the stage of one subset
        report = read_json(path, made_by=stage)
        report = report.get("skipped", report) if isinstance(report.get("skipped"), dict) else report
        if "by_reason" not in report:
            raise InputError(f"{path} does not count what was skipped", do=f"Run: {remake(stage)}")
        together.update(report["by_reason"])
        each[name] = report["by_reason"]
    return {"by_reason": dict(sorted(together.items())), "by_stage": each}
