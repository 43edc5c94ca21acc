"""The imdb stage: join annotations with existing crops, split into train and val, write both files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from curation.crops.crop_config import CropConfig
from curation.cures import remake
from curation.errors import InputError
from curation.files import replacing, writing
from curation.imdb.columns import Header, file_parts
from curation.imdb.imdb_config import SPLITS, ImdbConfig, split_file
from curation.imdb.statistics import Statistics
from curation.imdb.subset_index import LeftOut, SubsetResult, index_subset, lines_file
from curation.parallel import Workers, run_in_order

log = logging.getLogger(__name__)

BYTES_A_SECOND = 50e6
"""Of the annotated tracks that one process indexes in a second, about."""


def build_imdb(
    annotations_dir: Path,
    crops_dir: Path,
    subsets: Sequence[str],
    config: ImdbConfig,
    out: Path,
    workers: Workers,
) -> dict[str, Any]:
    """Write `imdb_video_train.json` and `imdb_video_val.json` into `out`, in parallel over subsets.

    Parameters
    ----------
    annotations_dir, crops_dir : Path
        Folders that hold `<subset>.json` and `<subset>/index.json`.

    Returns
    -------
    dict
        Statistics for the stage's report: of each split, and of what was left out and why.

    Raises
    ------
    InputError
        If a file is missing or damaged, a shard is not as long as indexed, the subsets were cropped in different
        ways, crops are there that no annotation knows, or one of the splits would be empty.
    """
    files = [annotations_dir / f"{subset}.json" for subset in subsets]
    size = sum(file.stat().st_size for file in files if file.is_file())
    with _temporary(out) as lines:
        return _build(
            run_in_order(
                partial(
                    index_subset,
                    annotations_dir=annotations_dir,
                    crops_dir=crops_dir,
                    config=config,
                    lines=lines,
                ),
                list(subsets),
                workers=workers.worth(size / BYTES_A_SECOND),
                label="imdb",
                unit="subset",
            ),
            subsets,
            config,
            lines,
            out,
        )


@contextmanager
def _temporary(out: Path) -> Iterator[Path]:
    """A folder for the encoded videos, which wait there for the counts in the header."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".lines.", suffix=".part", dir=out) as folder:
            yield Path(folder)


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        with file.open("rb") as stream:
            yield from (line[:-1] for line in stream)


def _build(
    results: Iterator[SubsetResult], subsets: Sequence[str], config: ImdbConfig, lines: Path, out: Path
) -> dict[str, Any]:
    statistics = {split: Statistics() for split in SPLITS}
    left_out = LeftOut()
    crop: CropConfig | None = None
    still: list[str] = []
    named: dict[str, str] = {}
    for subset, result in zip(subsets, results, strict=True):
        if crop is not None and result.crop != crop:
            raise InputError(
                f"subset {subset} was cropped with {result.crop}, but subset {subsets[0]} with {crop}",
                do=f"Run: {remake('crop')}",
                reason="mixed crops",
            )
        crop = result.crop
        still += [subset] if result.still else []
        _check_part(subset, result, named)
        for split in SPLITS:
            statistics[split].merge(result.statistics[split])
        left_out.merge(result.left_out)
    _refuse_empty(config, statistics)
    assert crop is not None  # there is a subset
    for split in SPLITS:
        header = Header(split, crop, asdict(config), statistics[split].counts(), tuple(still))
        with replacing(split_file(out, split)) as stream:
            for part in file_parts(header, _lines([lines_file(lines, subset, split) for subset in subsets])):
                stream.write(part)
    return {
        **{split: statistics[split].report() for split in SPLITS},
        "left_out": asdict(left_out),
    }


def _check_part(subset: str, result: SubsetResult, named: dict[str, str]) -> None:
    """Refuse an empty part; warn if two parts have a video of one name."""
    if not any(one.counts().videos for one in result.statistics.values()):
        raise InputError(
            f"part {subset} has no track to list: {len(result.names):,} videos, {result.left_out}",
            do=f"Look at reports/annotate/{subset}.json and reports/crop/{subset}.json, or take {subset} out of "
            "dataset.subsets",
            reason="empty part",
        )
    doubled = [name for name in result.names if named.setdefault(name, subset) != subset]
    if doubled:
        log.warning(
            "note: part %s has %d videos whose names part %s has too, the first %s: if they are the same, leave them "
            "out of one (dataset.parts.%s.leave_out)",
            subset,
            len(doubled),
            named[doubled[0]],
            doubled[0],
            subset,
        )


def _refuse_empty(config: ImdbConfig, statistics: dict[str, Statistics]) -> None:
    for split, share in (("train", 1 - config.val_fraction), ("val", config.val_fraction)):
        if share > 0 and not statistics[split].counts().tracks:
            raise InputError(
                f"the {split} split has no track (imdb.split_by = {config.split_by}, "
                f"imdb.val_fraction = {config.val_fraction:g})",
                do=_cure(split, config),
                reason="empty split",
            )


def _cure(split: str, config: ImdbConfig) -> str:
    change = "Raise" if split == "val" else "Lower"
    if config.split_by == "video":
        return f"With few videos, set imdb.split_by to time; or {change.lower()} imdb.val_fraction"
    return (
        f"No track has {config.min_track_length} crops (imdb.min_track_length) in its share. "
        f"{change} imdb.val_fraction (0.5 halves every video), or add longer videos"
    )
