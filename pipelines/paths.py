"""The paths of every stage, relative to the project's root. dvc.yaml has the same."""

from pathlib import Path

DATA = Path("data")
SAMPLE = DATA / "sample"
MANIFEST = DATA / "manifest"
ANNOTATIONS = DATA / "annotations"
CROPS = DATA / "crops"
IMDB = DATA / "imdb"
RESULTS = DATA / "results"
TIMES = DATA / "times"

IMPORTED = DATA / "imported"
"""Other trackers' result files, `<benchmark>/<tracker>/...`, put there by the user."""

STORE = DATA / ".store"
"""Finished shards and results by content, which outlive a killed run (not an output of any stage)."""
STATE = DATA / ".state"
"""What the manifest stage remembers of file times (not an output of any stage)."""

MODELS = Path("models")
WEIGHTS = MODELS / "siamese.safetensors"
ORIGIN = WEIGHTS.with_suffix(".json")
"""What the weights were made on; not an output of any stage, as it differs where the weights do not."""
CHECKPOINTS = MODELS / "checkpoints"

REPORTS = Path("reports")
SCORES = REPORTS / "score" / "scores.json"
PAGE = REPORTS / "index.html"
LOCK = Path("dvc.lock")


def manifest(name: str) -> Path:
    """Manifest of a subset (`a`..`e`) or of a benchmark."""
    return MANIFEST / f"{name}.json"


def tracks(subset: str) -> Path:
    return ANNOTATIONS / f"{subset}.json"


def report(stage: str, item: str) -> Path:
    """Small JSON report of a stage's run; git stores it, not the cache."""
    return REPORTS / stage / f"{item}.json"
