"""What a training begins with: pairs to draw, a network with its first weights, a device; everything checked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import torch
from pydantic import TypeAdapter

from curation.cures import remake
from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import digest
from curation.imdb import load_imdb
from training.batches.augmentation import NONE
from training.batches.pair_dataset import PairDataset
from training.batches.pairs import VALIDATION, PairSampler
from training.device import pick_device
from training.losses import build_loss
from training.network.image_sides import response_size
from training.network.initial import load_initial
from training.network.siamese_network import SiameseNetwork
from training.network.weights import recorded_parameters
from training.trainer.checkpoints import code_digest
from training.trainer.configuration import Inputs, Runtime, TrainConfig
from training.trainer.distributed import Group
from training.trainer.learner import Learner
from training.trainer.rounding import THREADS, pin


@dataclass(frozen=True)
class Prepared:
    """A training before its first step.

    Attributes
    ----------
    steps : int
        Of an epoch.
    train_pairs, validation_pairs : PairDataset
        Pairs of each split; no validation pairs where none are wanted.
    learner : Learner
        The network on its device.
    metadata : dict
        Of the weights to come: `parameters`, digest of the `imdb`, and `init` where there is a file of first weights.
    key : str
        Digest of all that determines the run, but for its length.
    """

    steps: int
    train_pairs: PairDataset
    validation_pairs: PairDataset | None
    learner: Learner
    metadata: Fields
    key: str


def prepare(config: TrainConfig, inputs: Inputs, runtime: Runtime, group: Group) -> Prepared:
    """Read the indices, find the shards, build the network; parameters and errors as `training.trainer.loop.train`."""
    if config.batch % group.size:
        raise InputError(
            f"train.batch = {config.batch} cannot be shared equally by {group.size} processes",
            do="Make it a multiple of their number",
        )
    steps = config.pairs.per_epoch // config.batch
    if not steps:
        raise InputError(
            f"train.pairs.per_epoch = {config.pairs.per_epoch} is less than one batch of {config.batch}",
            do="Raise it, or lower train.batch",
        )
    train_pairs = _dataset(config, group, inputs, steps=steps)
    geometry = train_pairs.sampler.geometry
    response_size(geometry.exemplar_size, config.pairs.search_size, config.network)
    validation_pairs = (
        _validation(config, group, inputs, train_pairs.sampler) if config.validation_pairs else None
    )
    recorded = recorded_parameters(TypeAdapter(TrainConfig).dump_python(config), geometry)
    validated = inputs.validation.read_bytes() if config.validation_pairs else b""
    metadata = {"parameters": recorded, "imdb": digest(inputs.train.read_bytes(), validated)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = SiameseNetwork(config.network)
    if config.init:
        first, sha256 = load_initial(Path(config.init), config.network, geometry)
        network.load_state_dict(first)
        metadata["init"] = {"sha256": sha256}
    elif trunk := network.read_trunk():
        metadata["trunk"] = {"sha256": trunk}
    determined_by = {**metadata, "parameters": {**recorded, "epochs": None}}
    return Prepared(
        steps,
        train_pairs,
        validation_pairs,
        _learner(config, network, runtime, group),
        metadata,
        key=digest(
            orjson.dumps(determined_by, option=orjson.OPT_SORT_KEYS),
            code_digest().encode(),
            train_pairs.sampler.present.tobytes(),
        ),
    )


@contextmanager
def computing(config: TrainConfig, runtime: Runtime) -> Iterator[None]:
    """Threads as a training has them, while the block runs; raises `InputError` as `pin`."""
    before = torch.get_num_threads()
    if config.precision.portable:
        pin()
        torch.set_num_threads(THREADS)
    elif runtime.threads:
        torch.set_num_threads(runtime.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _dataset(
    config: TrainConfig, group: Group, inputs: Inputs, *, steps: int, validation: bool = False
) -> PairDataset:
    path = inputs.validation if validation else inputs.train
    share = config.batch // group.size
    return PairDataset(
        PairSampler(load_imdb(path), inputs.crops, config.pairs, name=path.name),
        config.pairs,
        NONE if validation else config.augmentation,
        seed=config.seed,
        batch=share,
        global_batch=config.batch,
        first=group.rank * share,
        steps=steps,
        epoch=VALIDATION if validation else None,
    )


def _validation(config: TrainConfig, group: Group, inputs: Inputs, trained: PairSampler) -> PairDataset:
    steps = math.ceil(config.validation_pairs / config.batch)
    dataset = _dataset(config, group, inputs, steps=steps, validation=True)
    if dataset.sampler.geometry != trained.geometry:
        raise InputError(
            f"{inputs.train} is of crops with {trained.geometry}, {inputs.validation} of crops with "
            f"{dataset.sampler.geometry}",
            do=f"Make both anew: {remake('imdb')}",
            reason="crop specification differs",
        )
    return dataset


def _learner(config: TrainConfig, network: SiameseNetwork, runtime: Runtime, group: Group) -> Learner:
    device = group.device or pick_device(runtime.device)
    if config.precision.portable and (device.type != "cpu" or group.size > 1):
        raise InputError(
            f"train.precision.portable is for one process on the CPU, not for {group.size} on {device}",
            do="Set device = cpu and do not use torchrun; or set it to false",
            reason="not portable",
        )
    return Learner(
        network.freeze(config.freeze),
        build_loss(config.loss),
        label=config.label,
        optimiser=config.optimiser,
        precision=config.precision,
        ema=config.ema,
        group=group,
        device=device,
    )
