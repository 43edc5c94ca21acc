"""Evidence to check crops and outcomes: raw data, and outputs that store their parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from safetensors import SafetensorError, safe_open

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import FILE as CROP_INDEX
from curation.crops.crop_subset import video_tasks
from curation.documents.annotated_tracks import read_tracks
from curation.documents.manifest_record import load_manifest
from curation.errors import InputError
from curation.parallel import Workers
from pipelines import parameters, paths, settings, sources
from pipelines.checks.contradiction import Proof
from pipelines.checks.outcomes import find_outcomes
from pipelines.checks.store import Curated, check_store


def curated(project: Path) -> Iterator[Curated]:
    """The subsets whose crops can be cut again here: those with raw data, manifest and annotations."""
    config = parameters.load("dataset")
    for subset in config.subsets:
        try:
            dataset = sources.open_part(config, settings.load(), subset)
            annotations = read_tracks(paths.tracks(subset))
            manifest = load_manifest(paths.manifest(subset))
            tasks = partial(video_tasks, dataset, subset, annotations, manifest, state=paths.STATE)
            tasks(parameters.load("crop"))
        except InputError:
            continue
        yield Curated(
            subset,
            tasks,
            tuple(_configurations(project, subset)),
            paths.STORE / "crops" / subset,
            paths.CROPS / subset,
        )


def wrong_crops(subsets: Sequence[str], workers: Workers) -> list[str]:
    """Faults in a sample of the stored crops of some subsets, one line each."""
    looked_at = [one for one in curated(Path()) if one.name in subsets]
    found = check_store(Path(), looked_at, PROOFS, workers=workers)
    return [f"{one.message}. {one.cure}" for one in found if one.status == "fail"]


def _configurations(project: Path, subset: str) -> Iterator[CropConfig]:
    """The configurations in params.yaml and in records: returning to one finds its shards in the store."""
    yield parameters.load("crop")
    for outcome in find_outcomes(project, [f"crop@{subset}"]):
        try:
            yield CropConfig(**outcome.parameters["crop"])
        except (KeyError, TypeError, ValueError):  # of another version
            continue


def _crop_parameters(path: Path) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(path.read_bytes())["crop"]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _train_parameters(path: Path) -> Mapping[str, Any] | None:
    try:
        with safe_open(path, framework="np") as weights:
            found = json.loads((weights.metadata() or {})["dslt"])["metadata"]["parameters"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


PROOFS = (
    Proof("crop", "crop", CROP_INDEX, _crop_parameters),
    Proof("train", "train", paths.WEIGHTS.name, _train_parameters),
)
