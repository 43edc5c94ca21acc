"""Which dataset the pipeline runs on, and the folder that holds each part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from curation.errors import InputError
from curation.layouts.layout import LAYOUTS
from curation.videos.dataset import Dataset, open_dataset
from pipelines.settings import Settings, root_setting
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import is_path, load_listing, packaged_names

Subset = Literal["a", "b", "c", "d", "e"]


def _benchmark(name: str) -> str:
    if name in packaged_names():
        return name
    path = Path(name)
    if not is_path(name) or path.is_absolute() or ".." in path.parts:
        known = ", ".join(map(repr, packaged_names()))
        raise ValueError(
            f"expected {known}, or the path of your own list inside the project, `lists/mine.json`"
        )
    if not path.is_file():
        raise ValueError("there is no such file")
    load_listing(name)
    return name


BenchmarkName = Annotated[str, AfterValidator(_benchmark)]
"""A packaged list, or the path of one's own: DVC follows it, so it lies inside the project."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class DatasetConfig:
    """The dataset, named by what the manifest stage waits for.

    `vid` and `sequences` are either an output of the sample stage (the built-in dataset: a folder, which
    is then the root) or a profile file in `pipelines/profiles/`, which says that the data are outside
    the project, where the runtime settings say. DVC follows the same two values, so a pipeline on real
    data does not wait for the built-in dataset. `layout` says how the training videos lie in their root.
    """

    built_in: tuple[Literal["vid", "sequences"], ...] = ("vid", "sequences")
    vid: str = "data/sample/vid"
    layout: Annotated[str, AfterValidator(LAYOUTS.check)] = "vid"
    sequences: str = "data/sample/sequences"
    subsets: Annotated[tuple[Subset, ...], Field(min_length=1)] = ("a", "b", "c", "d", "e")
    benchmarks: tuple[BenchmarkName, ...] = ("otb2013", "otb2015", "tc128", "uav123", "vot2016")

    def __post_init__(self) -> None:
        own = [load_listing(name).benchmark for name in self.benchmarks if is_path(name)]
        if double := [name for name in own if own.count(name) > 1]:
            raise ValueError(f"two lists of your own are called {double[0]}")
        for part in ("vid", "sequences"):
            if built_in(getattr(self, part)) != (part in self.built_in):
                among = "among" if part in self.built_in else "not among"
                raise ValueError(
                    f"dataset.{part} = {getattr(self, part)}, but {part} is {among} dataset.built_in"
                )


def built_in(source: str) -> bool:
    """Whether `dataset.vid` or `dataset.sequences` names the built-in dataset, not a profile file."""
    return Path(source).suffix not in (".yaml", ".yml")


def vid_root(config: DatasetConfig, settings: Settings) -> Path | None:
    """Folder that holds `Data/VID` and `Annotations/VID`, or None where none is set (a pulled clone)."""
    if built_in(config.vid):
        return Path(config.vid)
    return Path(settings.vid_root).expanduser() if settings.vid_root else None


def sequence_roots(config: DatasetConfig, settings: Settings, benchmark: str) -> tuple[Path, ...]:
    """Folders in which a benchmark's sequences are looked for; empty where none is set.

    Those of one's own whole list are where the setting says, or else where the list does: it is never built in.
    """
    listing = load_listing(benchmark)
    if listing.setting:
        return (Path(config.sequences),) if built_in(config.sequences) else settings.benchmark_roots(listing)
    return settings.benchmark_roots(listing) or (Path(benchmark).parent / listing.root,)


def needed_vid_root(config: DatasetConfig, settings: Settings) -> Path:
    """As `vid_root`, for stages that cannot do without.

    Raises
    ------
    InputError
        If the data are outside and no root is set, or the root does not exist.
    """
    root = vid_root(config, settings)
    if root is None:
        raise InputError(
            f"params.yaml says the training videos are outside the project (dataset.vid = {config.vid}), "
            "but no vid_root is set",
            do="Run: python -m pipelines settings --set vid_root=/path/to/ILSVRC2015",
            reason="missing root",
        )
    if not root.is_dir():
        raise InputError(
            f"dataset root {root} does not exist",
            do="Run: python -m pipelines settings --set vid_root=/path/to/ILSVRC2015",
            reason="missing root",
        )
    return root


def open_videos(config: DatasetConfig, settings: Settings) -> Dataset:
    """The training videos; raises `InputError` as `needed_vid_root` and `curation.videos.dataset.open_dataset`."""
    return open_dataset(needed_vid_root(config, settings), config.layout)


def needed_sequence_roots(config: DatasetConfig, settings: Settings, benchmark: str) -> tuple[Path, ...]:
    """As `sequence_roots`, for stages that cannot do without; raises `InputError` as `needed_vid_root`."""
    roots = sequence_roots(config, settings, benchmark)
    setting = root_setting(load_listing(benchmark))
    cure = f"Run: python -m pipelines settings --set {setting}=/path"
    if not roots:
        raise InputError(
            f"the sequences of {benchmark} are outside the project, but no {setting} is set",
            do=f"{cure}, or drop {benchmark} from dataset.benchmarks",
            reason="missing root",
        )
    for root in roots:
        if not root.is_dir():
            raise InputError(f"sequence root {root} does not exist", do=cure, reason="missing root")
    return roots


def open_benchmark(config: DatasetConfig, settings: Settings, name: str) -> Benchmark:
    """A benchmark with its images, for stages; raises `InputError` as `needed_sequence_roots` and `load_benchmark`."""
    return load_benchmark(name, needed_sequence_roots(config, settings, name))
