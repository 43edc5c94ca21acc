"""The training run: from two imdb files and a folder of shards to weights, curves and pictures.

A run is determined by its parameters, the imdb files and the code; on the CPU, with the same number of torch
threads, its weights are the same bytes every time, whatever the number of loader workers and however often
it was killed and started again.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import orjson
import torch
from pydantic import TypeAdapter
from tqdm import tqdm

from curation.cures import remake
from curation.errors import InputError
from curation.files import digest
from curation.imdb import load_imdb
from training.batches.augmentation import NONE
from training.batches.batch import PairBatch
from training.batches.network_input import move
from training.batches.pair_loader import PairDataset, load_batches
from training.batches.pairs import VALIDATION, PairSampler
from training.device import Underway, pick_device
from training.epochs import CURVES, EpochRow, write_curves
from training.losses import build_loss
from training.network.initial import load_initial
from training.network.siamese_network import SiameseNetwork, response_size
from training.network.weights import recorded_parameters, save_origin, save_weights
from training.trainer.checkpoints import Checkpoints, code_digest
from training.trainer.configuration import Inputs, Outputs, Runtime, TrainConfig
from training.trainer.distributed import Group
from training.trainer.learner import Learner
from training.trainer.records import PICTURES, copy_pictures, picture_file, write_picture, write_speed
from training.trainer.rounding import THREADS, pin
from training.trainer.schedule import learning_rate
from training.trainer.validation import Scores, validate

__all__ = ["Inputs", "Outputs", "Runtime", "TrainConfig", "train"]

log = logging.getLogger(__name__)


def train(
    config: TrainConfig,
    inputs: Inputs,
    outputs: Outputs,
    runtime: Runtime | None = None,
    group: Group | None = None,
    *,
    check: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Train a network, or go on from where a killed run of the same parameters, data and code stopped.

    Parameters
    ----------
    config : TrainConfig
        Parameters.
    inputs, outputs : Inputs, Outputs
        Files.
    runtime : Runtime, optional
        Device, workers, threads.
    group : Group, optional
        The processes that train together (`training.trainer.distributed.join`); alone by default.
    check : callable
        Called before anything is written; what it raises ends the run.

    Returns
    -------
    dict
        JSON-able and repeatable: what was trained on, and the last epoch's figures.

    Raises
    ------
    InputError
        If the imdb files do not fit the parameters, shards are missing, a crop is bad, the loss is not
        finite, or a file cannot be written; if the training should be portable, and cannot be here.
    """
    runtime, group = runtime or Runtime(), group or Group()
    before = torch.get_num_threads()
    if config.precision.portable:
        pin()
        torch.set_num_threads(THREADS)
    elif runtime.threads:
        torch.set_num_threads(runtime.threads)
    try:
        return _Run(config, inputs, outputs, runtime, group, check).run()
    finally:
        torch.set_num_threads(before)


class _Run:
    """The state of `train`: where it is, what it has seen of the present epoch, the rows of the past ones."""

    def __init__(
        self,
        config: TrainConfig,
        inputs: Inputs,
        outputs: Outputs,
        runtime: Runtime,
        group: Group,
        check: Callable[[], None],
    ) -> None:
        self.config, self.outputs, self.runtime, self.group = config, outputs, runtime, group
        self.check = check
        if config.batch % group.size:
            raise InputError(
                f"train.batch = {config.batch} cannot be shared equally by {group.size} processes",
                do="Make it a multiple of their number",
            )
        self.steps = config.pairs.per_epoch // config.batch
        if not self.steps:
            raise InputError(
                f"train.pairs.per_epoch = {config.pairs.per_epoch} is less than one batch of {config.batch}",
                do="Raise it, or lower train.batch",
            )
        self.train_pairs = self._dataset(inputs.train, inputs.crops, validation=False)
        geometry = self.train_pairs.sampler.geometry
        response_size(geometry.exemplar_size, config.pairs.search_size)
        self.parameters = recorded_parameters(TypeAdapter(TrainConfig).dump_python(config), geometry)
        self.validation_pairs = (
            self._dataset(inputs.validation, inputs.crops, validation=True)
            if config.validation_pairs
            else None
        )
        if self.validation_pairs and self.validation_pairs.sampler.geometry != geometry:
            raise InputError(
                f"{inputs.train} is of crops with {geometry}, {inputs.validation} of crops with "
                f"{self.validation_pairs.sampler.geometry}",
                do=f"Make both anew: {remake('imdb')}",
                reason="crop specification differs",
            )
        self.imdb_digest = digest(
            inputs.train.read_bytes(), inputs.validation.read_bytes() if config.validation_pairs else b""
        )
        self.metadata: dict[str, Any] = {"parameters": self.parameters, "imdb": self.imdb_digest}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            network = SiameseNetwork(config.network)
        if config.init:
            first, sha256 = load_initial(Path(config.init), config.network, geometry)
            network.load_state_dict(first)
            self.metadata["init"] = {"sha256": sha256}
        determined_by = {**self.metadata, "parameters": {**self.parameters, "epochs": None}}
        key = digest(
            orjson.dumps(determined_by, option=orjson.OPT_SORT_KEYS),
            code_digest().encode(),
            self.train_pairs.sampler.present.tobytes(),
        )
        self.checkpoints = Checkpoints(outputs.checkpoints, key, config.epochs)
        self.device = group.device or pick_device(runtime.device)
        if config.precision.portable and (self.device.type != "cpu" or group.size > 1):
            raise InputError(
                f"train.precision.portable is for one process on the CPU, not for {group.size} on {self.device}",
                do="Set device = cpu and do not use torchrun; or set it to false",
                reason="not portable",
            )
        self.learner = Learner(
            network.freeze(config.freeze),
            build_loss(config.loss),
            label=config.label,
            optimiser=config.optimiser,
            precision=config.precision,
            ema=config.ema,
            group=group,
            device=self.device,
        )
        self.step = 0
        self.sums = [0.0, 0.0]  # loss and gradient norm, over this epoch's steps
        self.rows: list[EpochRow] = []
        self.made_on: list[dict[str, Any]] = []
        self.speed: dict[int, float] = {}
        self.pending: tuple[int, PairBatch, Underway] | None = None

    def _dataset(self, path: Path, crops: Path, *, validation: bool) -> PairDataset:
        config, group = self.config, self.group
        sampler = PairSampler(load_imdb(path), crops, config.pairs, name=path.name)
        share = config.batch // group.size
        return PairDataset(
            sampler,
            config.pairs,
            NONE if validation else config.augmentation,
            seed=config.seed,
            batch=share,
            global_batch=config.batch,
            first=group.rank * share,
            steps=math.ceil(config.validation_pairs / config.batch) if validation else self.steps,
            epoch=VALIDATION if validation else None,
        )

    def run(self) -> dict[str, Any]:
        self._resume()
        total = self.config.epochs * self.steps
        numbers = range(self.step, total)
        pinned = self.device.type == "cuda"
        if numbers and self._here() not in self.made_on[-1:]:
            self.made_on.append(self._here())
        saved = began = time.monotonic()
        began_at = self.step
        batches = load_batches(self.train_pairs, numbers, workers=self.runtime.workers, pin_memory=pinned)
        hidden = not self.group.main
        with tqdm(total=total, initial=self.step, desc="train", unit="step", disable=hidden or None) as bar:
            for batch in batches:
                self._advance(batch)
                bar.update()
                now = time.monotonic()
                if self.step % self.steps == 0:
                    self._settle()
                    epoch = self.step // self.steps
                    pairs = (self.step - began_at) * self.config.batch
                    self.speed[epoch] = pairs / max(now - began, 1e-9)
                    self._close_epoch(epoch)
                    self._save()
                    saved = began = time.monotonic()
                    began_at = self.step
                elif now - saved >= self.runtime.checkpoint_seconds:
                    self._settle()
                    self._save()
                    saved = time.monotonic()
        return self._finish()

    def _here(self) -> dict[str, Any]:
        """What this run is made on."""
        name = f" ({torch.cuda.get_device_name(self.device)})" if self.device.type == "cuda" else ""
        return {
            **self.runtime.environment,
            "device": f"{self.device}{name}",
            "threads": torch.get_num_threads(),
            "processes": self.group.size,
        }

    def _advance(self, batch: PairBatch) -> None:
        """One step; the figures of the step before it are looked at only now, so that a GPU never waits."""
        rate = self._rate(self.step)
        loss, norm = self.learner.step(move(batch, self.device), rate)
        figures = Underway(torch.stack((loss, norm)))
        self._settle()
        self.pending = (self.step, batch, figures)
        self.step += 1

    def _rate(self, step: int) -> float:
        config = self.config
        return learning_rate(
            config.schedule, config.optimiser.learning_rate, step=step, steps=self.steps, epochs=config.epochs
        )

    def _settle(self) -> None:
        """Check the last step's figures and add them to the epoch's.

        Raises
        ------
        InputError
            If they are not finite; the batch is kept.
        """
        if self.pending is None:
            return
        step, batch, figures = self.pending
        self.pending = None
        loss, norm = figures.get().tolist()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            path = self.checkpoints.keep_batch(
                self.group.rank,
                {
                    "step": step,
                    "loss": loss,
                    "gradient_norm": norm,
                    "batch": {name: part.clone() for name, part in batch._asdict().items()},
                    **self.learner.state(),
                },
            )
            raise InputError(
                f"training diverged in epoch {step // self.steps + 1}, step {step % self.steps + 1}: loss "
                f"{loss:g}, gradient norm {norm:g}; the batch is kept in {path}",
                do="Lower train.optimiser.learning_rate, or set train.optimiser.clip",
                reason="not finite",
            )
        self.sums = [self.sums[0] + loss, self.sums[1] + norm]

    def _close_epoch(self, epoch: int) -> None:
        """Validate, then add the epoch's row to the curves."""
        loss = self.group.sum(self.sums[:1])[0] / self.group.size / self.steps
        norm = self.sums[1] / self.steps
        self.sums = [0.0, 0.0]
        scores = self._validate()
        self.rows.append(
            EpochRow(
                epoch=epoch,
                loss=loss,
                learning_rate=self._rate(self.step - 1),
                gradient_norm=norm,
                validation_loss=scores.loss if scores else None,
                centre_error=scores.centre_error if scores else None,
            )
        )
        if not self.group.main:
            return
        self.check()
        progress = self.outputs.progress or self.outputs.records
        write_curves(progress / CURVES, self.rows)
        write_speed(progress, self.speed)
        every = self.config.picture_every
        if every and (epoch % every == 0 or epoch == self.config.epochs):
            shown = [self.train_pairs.load((epoch - 1) * self.steps)]
            if self.validation_pairs:
                shown.append(self.validation_pairs.load(0))
            write_picture(self.checkpoints.folder / PICTURES, epoch, self.learner, shown)
            copy_pictures(self.checkpoints.folder / PICTURES, progress / PICTURES)
        checked = (
            f", validation {scores.loss:.4f}, centre error {scores.centre_error:.2f} px" if scores else ""
        )
        log.info(
            "epoch %d of %d: loss %.4f%s, %.0f pairs/s",
            epoch,
            self.config.epochs,
            loss,
            checked,
            self.speed[epoch],
        )

    def _validate(self) -> Scores | None:
        dataset = self.validation_pairs
        if dataset is None:
            return None
        batches = load_batches(
            dataset,
            range(dataset.steps),
            workers=self.runtime.workers,
            pin_memory=self.device.type == "cuda",
        )
        return validate(self.learner, batches, self.group)

    def _save(self) -> None:
        if self.group.main:
            self.check()
            rows = [list(astuple(row)) for row in self.rows]
            self.checkpoints.save(
                {
                    "step": self.step,
                    "sums": self.sums,
                    "rows": rows,
                    "learner": self.learner.state(),
                    "made_on": self.made_on,
                }
            )

    def _resume(self) -> None:
        content = self.group.share(self._begun() if self.group.main else None)
        if content is None:
            return
        state = self.checkpoints.decode(content)
        self.step = state["step"]
        self.sums = state["sums"]
        self.rows = [EpochRow(*values) for values in state["rows"]]
        self.learner.restore(state["learner"])
        self.made_on = state["made_on"]
        log.info(
            "going on from step %d of %d of the checkpoint in %s",
            self.step,
            self.config.epochs * self.steps,
            self.checkpoints.folder,
        )

    def _begun(self) -> bytes | None:
        """The content of this run's checkpoint, or of the same run's of fewer epochs, whose pictures come along."""
        shorter = [] if self.checkpoints.there() else self.checkpoints.shorter()
        if shorter and not self.config.schedule.open_ended:
            log.info(
                "the schedule %s spreads over all epochs, so this run of %d does not go on from that of %d; where it "
                "should, give the finished weights as train.init, or train with train.schedule.name=exponential",
                self.config.schedule.name,
                self.config.epochs,
                shorter[0].epochs,
            )
            shorter = []
        for one in shorter:
            if (content := one.read()) is not None:
                pictures = self.checkpoints.folder / PICTURES
                copy_pictures(one.folder / PICTURES, pictures)
                if self.config.picture_every and one.epochs % self.config.picture_every:
                    picture_file(pictures, one.epochs).unlink(missing_ok=True)  # that of its last epoch
                return content
        return self.checkpoints.read()

    def _finish(self) -> dict[str, Any]:
        sampler, last = self.train_pairs.sampler, self.rows[-1]
        network = self.learner.published()
        if self.group.main:
            self.check()
            write_curves(self.outputs.records / CURVES, self.rows)
            write_speed(self.outputs.records, self.speed)
            copy_pictures(self.checkpoints.folder / PICTURES, self.outputs.records / PICTURES)
            save_weights(
                self.outputs.weights,
                network,
                self.metadata,
            )
            if self.outputs.origin:
                save_origin(self.outputs.origin, self.outputs.weights, self.made_on)
        return {
            "schema": 1,
            "imdb": self.imdb_digest,
            "data": {
                "videos": sampler.videos,
                "tracks": sampler.tracks,
                "exemplars": sampler.instances,
                "missing_shards": sampler.missing,
                "parts": self.train_pairs.given(self.config.epochs),
            },
            "network_parameters": sum(p.numel() for p in network.parameters()),
            "epochs": self.config.epochs,
            "pairs": self.step * self.config.batch,
            "loss": last.loss,
            "validation_loss": last.validation_loss,
            "centre_error": last.centre_error,
        }
