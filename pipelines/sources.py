"""The dataset of the pipeline, and the folder of each part."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from curation.errors import InputError
from curation.layouts.layout_table import LAYOUTS
from curation.layouts.vid_layout import SUBSETS
from curation.rows import unknown_name
from curation.videos.dataset import VID, Dataset, PartConfig, open_dataset
from pipelines.settings import OWN, Settings, known, root_setting
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.held_out import is_listed, list_names
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import OWN_NAME, is_path, load_listing, packaged_names

PartName = Annotated[str, Field(pattern=f"^{OWN_NAME}$")]


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
    data does not wait for the built-in dataset.

    `subsets` names the parts in use; `parts` says what those are that are not VID's a..e, which `vid` is about.
    """

    built_in: tuple[Literal["vid", "sequences"], ...] = ("vid", "sequences")
    vid: str = "data/sample/vid"
    sequences: str = "data/sample/sequences"
    subsets: Annotated[tuple[PartName, ...], Field(min_length=1)] = SUBSETS
    parts: Mapping[PartName, PartConfig] = Field(default_factory=dict)
    benchmarks: tuple[BenchmarkName, ...] = ("otb2013", "otb2015", "tc128", "uav123", "vot2016")

    def __post_init__(self) -> None:
        own = [load_listing(name).benchmark for name in self.benchmarks if is_path(name)]
        if double := [name for name in own if own.count(name) > 1]:
            raise ValueError(f"two lists of your own are called {double[0]}")
        self._check_parts()
        for part in ("vid", "sequences"):
            if built_in(getattr(self, part)) != (part in self.built_in):
                among = "among" if part in self.built_in else "not among"
                raise ValueError(
                    f"dataset.{part} = {getattr(self, part)}, but {part} is {among} dataset.built_in"
                )

    def _check_parts(self) -> None:
        for name in self.subsets:
            if name not in SUBSETS and name not in self.parts:
                there = ", ".join([*SUBSETS, *self.parts])
                raise ValueError(
                    f"there is no part {name!r} (known: {there}); dataset.parts says what one is"
                )
            if self.subsets.count(name) > 1:
                raise ValueError(f"part {name} is there twice")
            if name in self.benchmarks:
                raise ValueError(f"part {name} is called as a benchmark is: give it another name")
        places: dict[tuple[str, str, str], str] = {}
        for name in self.subsets:
            part = self.part(name)
            if not known(setting_of(name, part)):
                raise ValueError(
                    f"part {name}: there is no setting {setting_of(name, part)!r} (roots.<name> is one)"
                )
            split = part.split or (name if part.layout == "vid" else "")
            other = places.setdefault((part.layout, split, setting_of(name, part)), name)
            if other != name:
                raise ValueError(f"parts {other} and {name} are of one layout, root and split")

    def part(self, name: str) -> PartConfig:
        """The part of that name. Raises `InputError` if there is none."""
        if name in self.parts:
            return self.parts[name]
        if name not in SUBSETS:
            raise unknown_name("part of the dataset", name, [*SUBSETS, *self.parts])
        return VID


def setting_of(name: str, part: PartConfig) -> str:
    """The setting with the folder of a part's data."""
    return part.root or LAYOUTS[part.layout].setting or f"{OWN}{name.lower()}"


def built_in(source: str) -> bool:
    """Whether `dataset.vid` or `dataset.sequences` names the built-in dataset, not a profile file."""
    return Path(source).suffix not in (".yaml", ".yml")


def part_root(config: DatasetConfig, settings: Settings, name: str) -> Path | None:
    """The folder of a part's data, or None if it is not set (a pulled clone)."""
    setting = setting_of(name, config.part(name))
    if setting == "vid_root" and built_in(config.vid):
        return Path(config.vid)
    place = settings.vid_root if setting == "vid_root" else settings.roots.get(setting, "")
    return Path(place.split(os.pathsep)[0]).expanduser() if place else None


def sequence_roots(config: DatasetConfig, settings: Settings, benchmark: str) -> tuple[Path, ...]:
    """The folders to search for a benchmark's sequences; empty if none is set.

    Sequences of the user's own list are where the setting says, else where the list says: never built in.
    """
    listing = load_listing(benchmark)
    if listing.setting:
        return (Path(config.sequences),) if built_in(config.sequences) else settings.benchmark_roots(listing)
    return settings.benchmark_roots(listing) or (Path(benchmark).parent / listing.root,)


def needed_part_root(config: DatasetConfig, settings: Settings, name: str) -> Path:
    """Like `part_root`, for stages that need the folder.

    Raises
    ------
    InputError
        If the data are outside and no root is set, or the root does not exist.
    """
    root, setting = part_root(config, settings, name), setting_of(name, config.part(name))
    folder = "/path/to/ILSVRC2015" if setting == "vid_root" else "/path"
    cure = f"Run: python -m pipelines settings --set {setting}={folder}"
    if root is None:
        where = f"dataset.vid = {config.vid}" if setting == "vid_root" else f"part {name}"
        raise InputError(
            f"params.yaml says the training videos are outside the project ({where}), but no {setting} is set",
            do=cure,
            reason="missing root",
        )
    if not root.is_dir():
        raise InputError(f"dataset root {root} does not exist", do=cure, reason="missing root")
    return root


def open_part(config: DatasetConfig, settings: Settings, name: str) -> Dataset:
    """A part's videos; raises `InputError` as `needed_part_root` and `curation.videos.dataset.open_dataset`."""
    part = config.part(name)
    lists = {entry: partial(is_listed, entry) for entry in part.leave_out if entry in list_names()}
    return open_dataset(needed_part_root(config, settings, name), part, lists)


def needed_sequence_roots(config: DatasetConfig, settings: Settings, benchmark: str) -> tuple[Path, ...]:
    """Like `sequence_roots`, for stages that need the folders; raises `InputError` as `needed_part_root`."""
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
