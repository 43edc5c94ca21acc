"""Which dataset the pipeline runs on, and the folder that holds each part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from curation.errors import STRICT, InputError, parameters
from pipelines.settings import Settings, root_name

Subset = Literal["a", "b", "c", "d", "e"]
BenchmarkName = Literal["otb2013", "otb50", "otb2015", "tc128", "uav123", "vot2016"]


@parameters(frozen=True, kw_only=True, config=STRICT)
class DatasetConfig:
    """The dataset, named by what the manifest stage waits for.

    `vid` and `sequences` are either an output of the sample stage (the built-in dataset: a folder, which
    is then the root) or a profile file in `pipelines/profiles/`, which says that the data stand outside
    the project, where the runtime settings say. DVC follows the same two values, so a pipeline on real
    data does not wait for the built-in dataset.
    """

    built_in: tuple[Literal["vid", "sequences"], ...] = ("vid", "sequences")
    vid: str = "data/sample/vid"
    sequences: str = "data/sample/sequences"
    subsets: Annotated[tuple[Subset, ...], Field(min_length=1)] = ("a", "b", "c", "d", "e")
    benchmarks: tuple[BenchmarkName, ...] = ("otb2013", "otb2015", "tc128", "uav123", "vot2016")

    def __post_init__(self) -> None:
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
    """Folders in which a benchmark's sequences are looked for; empty where none is set."""
    if built_in(config.sequences):
        return (Path(config.sequences),)
    return settings.benchmark_roots(benchmark)


def needed_vid_root(config: DatasetConfig, settings: Settings) -> Path:
    """As `vid_root`, for stages that cannot do without.

    Raises
    ------
    InputError
        If the data stand outside and no root is set, or the root does not exist.
    """
    root = vid_root(config, settings)
    if root is None:
        raise InputError(
            f"params.yaml says the training videos stand outside the project (dataset.vid = {config.vid}), "
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


def needed_sequence_roots(config: DatasetConfig, settings: Settings, benchmark: str) -> tuple[Path, ...]:
    """As `sequence_roots`, for stages that cannot do without; raises `InputError` as `needed_vid_root`."""
    if not built_in(config.sequences):
        settings.needed_roots(benchmark)
    roots = sequence_roots(config, settings, benchmark)
    for root in roots:
        if not root.is_dir():
            raise InputError(
                f"sequence root {root} does not exist",
                do=f"Run: python -m pipelines settings --set {root_name(benchmark)}=/path",
                reason="missing root",
            )
    return roots
