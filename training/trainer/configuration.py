"""What determines a training run (`TrainConfig`), and what it reads, writes and runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from curation.config import STRICT, parameters
from curation.rows import nearest
from training.batches.augmentation import AugmentationConfig
from training.batches.label_config import LabelConfig
from training.batches.pairs import PairConfig
from training.losses import LossConfig
from training.network.network_config import TRUNKS, NetworkConfig
from training.trainer.schedule import ScheduleConfig


@parameters(frozen=True, kw_only=True, config=STRICT)
class OptimiserConfig:
    """How weights are updated.

    Parameters
    ----------
    name : {"adamw", "sgd"}
        Published: sgd.
    learning_rate : float
        The schedule's highest; published: 1e-2.
    momentum : float
        Of SGD; published: 0.9. It is also AdamW's first beta.
    weight_decay : float
        On all parameters; published: 5e-4 (SGD's, which adds it to the gradient; AdamW's is decoupled).
    clip : float
        Largest norm of the gradient over all parameters; 0 for no clipping.
    """

    name: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=2e-3, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=1e-2, ge=0)
    clip: float = Field(default=0.0, ge=0)


@parameters(frozen=True, kw_only=True, config=STRICT)
class PrecisionConfig:
    """How the arithmetic is done; each of these changes the last bits of the result.

    Parameters
    ----------
    amp : bool
        bf16 autocast in the network; losses stay in float32.
    channels_last : bool
        NHWC memory format, the faster one for convolutions on most devices.
    compile : bool
        `torch.compile` the network; worth its minute of compilation on a GPU only.
    portable : bool
        The same weights, to the bit, from every x86-64 processor with AVX2 and any number of cores
        (`training.trainer.rounding`): one process, one thread, on the CPU, without `amp` and `compile`.
    """

    amp: bool = False
    channels_last: bool = True
    compile: bool = False
    portable: bool = False

    def __post_init__(self) -> None:
        if self.portable and (self.amp or self.compile):
            raise ValueError("portable is without amp and compile, which use what the processor has")


@parameters(frozen=True, kw_only=True, config=STRICT)
class TrainConfig:
    """A training run. The defaults suit the built-in dataset; profiles/ has the published setting.

    Parameters
    ----------
    recipe : int
        Version of the training code. A change of code that changes the weights must raise it: the stage
        depends on this number, not on the source files.
    network, loss, label, pairs, augmentation, optimiser, schedule, precision
        Sections of their own.
    epochs : int
        Passes of `pairs.per_epoch` pairs; published: 60.
    batch : int
        Pairs in a step, over all processes; published: 8.
    ema : float
        Decay per step of a running average of the weights; validation and the published weights then use the
        average. 0: none.
    validation_pairs : int
        Pairs drawn from the validation imdb after each epoch, rounded up to whole batches; 0 for no
        validation.
    picture_every : int
        Epochs between pictures of pairs, labels and responses; 0 for none.
    seed : int
        Of the first weights and of every pair.
    init : str
        File of the first weights: ours, or a published SiamFC's (`training.network.initial`); random ones where empty.
    freeze : tuple of str
        Layers of the trunk, by `network_config.TRUNKS`, that keep them.
    """

    recipe: int = Field(default=2, ge=1)
    network: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    label: LabelConfig = LabelConfig()
    pairs: PairConfig = PairConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    precision: PrecisionConfig = PrecisionConfig()
    epochs: int = Field(default=4, ge=1)
    batch: int = Field(default=16, ge=1)
    ema: float = Field(default=0.0, ge=0, lt=1)
    validation_pairs: int = Field(default=128, ge=0)
    picture_every: int = Field(default=4, ge=0)
    seed: int = Field(default=0, ge=0, lt=2**63)
    init: str = ""
    freeze: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        layers = TRUNKS[self.network.trunk].layers
        for name in self.freeze:
            if name not in layers:
                near = nearest(name, layers)
                guess = f"did you mean {near!r}? " if near else ""
                raise ValueError(
                    f"freeze {name}: there is no such layer; {guess}(layers: {', '.join(layers)})"
                )
        if self.freeze and not self.init:
            raise ValueError(
                "freeze without init would keep layers untrained: name a file of weights as init"
            )
        if set(self.freeze) == set(layers) and not self.network.train_gain:
            raise ValueError("freeze names every layer, so there is nothing to train: leave one out")
        if self.pairs.both_ways and self.batch % 2:
            raise ValueError("pairs.both_ways takes two pairs at a time: batch must be even")


@dataclass(frozen=True)
class Inputs:
    """Files that a run reads.

    Parameters
    ----------
    train, validation : Path
        The imdb files; `validation` is not read when `validation_pairs` is 0.
    crops : Path
        Folder of the shards, `<subset>/<video>.tar`.
    """

    train: Path
    validation: Path
    crops: Path


@dataclass(frozen=True)
class Outputs:
    """Files that a run writes, by rank 0.

    Parameters
    ----------
    weights : Path
        The trained network, safetensors.
    records : Path
        Folder of curves and pictures.
    checkpoints : Path
        Folder of the checkpoints of all runs. It is no output of the stage, so it outlives a killed run.
    progress : Path, optional
        Folder in which curves and pictures grow while the training runs; by default, `records`.
    origin : Path, optional
        File that says what the weights were made on (`training.network.weights.save_origin`); none by default. It is no
        part of the result: the same weights can be made on different machines.
    """

    weights: Path
    records: Path
    checkpoints: Path
    progress: Path | None = None
    origin: Path | None = None


@dataclass(frozen=True)
class Runtime:
    """How to run. It changes the result only by rounding, which differs between devices and numbers of threads.

    Parameters
    ----------
    device : str
        As torch names it, or `auto`: CUDA where there is one, else the CPU.
    workers : int
        Loader processes; 0 loads in the training process.
    threads : int
        Torch's threads on the CPU; 0 leaves torch's own choice. The same number gives the same bytes.
    checkpoint_seconds : float
        Time between checkpoints within an epoch; the end of every epoch has one.
    environment : mapping
        What the run is made on, JSON values: git revision, versions of packages, processor. Recorded in
        `Outputs.origin`, never in the weights.
    """

    device: str = "auto"
    workers: int = 0
    threads: int = 0
    checkpoint_seconds: float = 60.0
    environment: Mapping[str, Any] = field(default_factory=dict)
