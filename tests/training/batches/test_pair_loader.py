from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from curation.errors import InputError
from curation.imdb import load_imdb
from tests.bench.pairs import full_size, worker_megabytes
from tests.training.batches.test_pairs import pair_random
from training.batches.augmentation import NONE, AugmentationConfig, cut, draw_views
from training.batches.batch import PairBatch
from training.batches.lent_memory import LentMemory
from training.batches.pair_dataset import PairDataset
from training.batches.pair_loader import PREFETCH, USED, load_batches
from training.batches.pairs import VALIDATION, PairConfig, PairSampler
from training.trainer.loop import Inputs, TrainConfig


def dataset_of(
    inputs: Inputs, pairs: PairConfig, augmentation: AugmentationConfig = NONE, **changes: int
) -> PairDataset:
    sampler = PairSampler(load_imdb(inputs.train), inputs.crops, pairs, name="train")
    return PairDataset(sampler, pairs, augmentation, **{"seed": 0, "batch": 4, "steps": 3, **changes})


def same(first: PairBatch, second: PairBatch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture
def pairs(small: TrainConfig) -> PairConfig:
    return small.pairs


def test_shapes_and_types(inputs: Inputs, pairs: PairConfig) -> None:
    batch = dataset_of(inputs, pairs).load(0)
    assert batch.exemplar.shape == (4, 95, 95, 3)
    assert batch.search.shape == (4, 143, 143, 3)
    assert batch.exemplar.dtype == batch.search.dtype == torch.uint8
    assert batch.offset.shape == (4, 2)
    assert batch.colour.shape == (4, 2, 3)


def test_images_are_the_centres_of_the_stored_crops(inputs: Inputs, pairs: PairConfig) -> None:
    dataset = dataset_of(inputs, pairs)
    batch = dataset.load(1)
    for row, (exemplar, search) in enumerate(batch.instances.tolist()):
        assert np.array_equal(batch.exemplar[row].numpy(), dataset.crop(exemplar)[28:123, 28:123])
        assert np.array_equal(batch.search[row].numpy(), dataset.crop(search)[4:147, 4:147])


def test_exemplar_and_search_show_the_same_target(inputs: Inputs, pairs: PairConfig) -> None:
    batch = dataset_of(inputs, pairs).load(0)
    first = batch.exemplar[:, 35:60, 35:60].float()
    same_target = (first - batch.search[:, 59:84, 59:84].float()).abs().mean()
    other_target = (first - batch.search.roll(1, 0)[:, 59:84, 59:84].float()).abs().mean()
    assert same_target < 0.3 * other_target


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_any_number_of_workers_gives_the_same_batches(
    inputs: Inputs, pairs: PairConfig, workers: int
) -> None:
    """Seven are more than there are videos, or batches."""
    dataset = dataset_of(inputs, pairs, AugmentationConfig(blur=0.5))
    alone = list(load_batches(dataset, range(1, 6)))
    several = list(load_batches(dataset, range(1, 6), workers=workers))
    assert len(alone) == len(several) == 5
    assert all(same(a, b) for a, b in zip(alone, several, strict=True))


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_that_are_kept_stay_as_they_came(inputs: Inputs, pairs: PairConfig, workers: int) -> None:
    """More than the loader's memory has room for."""
    dataset = dataset_of(inputs, pairs, steps=100)
    count = 2 * (PREFETCH * workers + USED)
    kept = list(load_batches(dataset, range(count), workers=workers))
    assert all(same(batch, dataset.load(number)) for number, batch in enumerate(kept))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="memory is lent to forked processes"
)
def test_batches_that_are_not_kept_take_no_memory_of_their_own(
    inputs: Inputs, pairs: PairConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(size: int) -> None:
        raise RuntimeError(f"{size} bytes were asked for")

    monkeypatch.setattr(torch.UntypedStorage, "_new_shared", refuse)
    dataset = dataset_of(inputs, pairs, steps=100)
    before = dataset.load(0)
    for number, batch in enumerate(load_batches(dataset, range(40), workers=2)):
        assert same(batch, dataset.load(number))
        assert number == 0 or same(before, dataset.load(number - 1))
        before = batch


def test_two_processes_share_a_step(inputs: Inputs, pairs: PairConfig) -> None:
    whole = dataset_of(inputs, pairs, AugmentationConfig()).load(4)
    parts = [
        dataset_of(inputs, pairs, AugmentationConfig(), batch=2, global_batch=4, first=first).load(4)
        for first in (0, 2)
    ]
    assert same(whole, PairBatch(*(torch.cat(both) for both in zip(*parts, strict=True))))


def test_epochs_differ_and_validation_does_not(inputs: Inputs, pairs: PairConfig) -> None:
    training = dataset_of(inputs, pairs)
    assert not same(training.load(0), training.load(3))
    validation = dataset_of(inputs, pairs, epoch=VALIDATION)
    assert same(validation.load(0), validation.load(3))
    assert not same(training.load(0), validation.load(0))


def test_both_ways_every_second_pair_is_the_one_before_it_exchanged(
    inputs: Inputs, pairs: PairConfig
) -> None:
    augmentation = AugmentationConfig(blur=0.5)
    usual = dataset_of(inputs, pairs, augmentation)
    both = dataset_of(inputs, replace(pairs, both_ways=True), augmentation)
    for number in range(6):
        batch, single = both.load(number), usual.load(number)
        for row, instances in enumerate(batch.instances.tolist()):
            epoch, step = divmod(number, 3)
            views = draw_views(
                augmentation, _after_the_draw(usual, epoch, 4 * step + row, second=row % 2 == 1)
            )
            sides = batch.exemplar[row].numpy(), batch.search[row].numpy()
            for instance, view, found in zip(instances, views, sides, strict=True):
                expected = np.empty_like(found)
                cut(both.crop(instance), view, expected)
                assert np.array_equal(found, expected)
            if row % 2:
                assert instances == batch.instances[row - 1].tolist()[::-1]
            else:
                assert instances == single.instances[row].tolist()
                assert torch.equal(batch.search[row], single.search[row])


def _after_the_draw(dataset: PairDataset, epoch: int, index: int, *, second: bool) -> np.random.Generator:
    random = pair_random(dataset.seed, epoch, index)
    if not second:
        dataset.sampler.draw(random)
    return random


def test_both_ways_decodes_half_as_many_crops(
    inputs: Inputs, pairs: PairConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    crop = PairDataset.crop

    def counting(dataset: PairDataset, instance: int) -> Any:
        decoded.append(instance)
        return crop(dataset, instance)

    monkeypatch.setattr(PairDataset, "crop", counting)
    dataset_of(inputs, replace(pairs, both_ways=True)).load(0)
    assert len(decoded) == 4


def test_both_ways_changes_no_validation(inputs: Inputs, pairs: PairConfig) -> None:
    usual, both = (
        dataset_of(inputs, replace(pairs, both_ways=ways), epoch=VALIDATION).load(0) for ways in (False, True)
    )
    assert same(usual, both)


def test_another_seed_gives_other_pairs(inputs: Inputs, pairs: PairConfig) -> None:
    first, second = (dataset_of(inputs, pairs, seed=seed).load(0) for seed in (0, 1))
    assert not torch.equal(first.instances, second.instances)


def test_a_dataset_survives_pickling(inputs: Inputs, pairs: PairConfig) -> None:
    dataset = dataset_of(inputs, pairs)
    dataset.load(0)
    assert same(pickle.loads(pickle.dumps(dataset)).load(1), dataset.load(1))


@pytest.fixture
def own(tmp_path: Path, inputs: Inputs) -> Inputs:
    """A copy of the inputs, to damage."""
    shutil.copytree(inputs.train.parent, tmp_path / "own")
    return Inputs(
        train=tmp_path / "own" / inputs.train.name,
        validation=tmp_path / "own" / inputs.validation.name,
        crops=tmp_path / "own" / "crops",
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_a_crop_that_is_no_jpeg_is_named(own: Inputs, pairs: PairConfig, workers: int) -> None:
    dataset = dataset_of(own, pairs)
    imdb = dataset.sampler.imdb
    for video in range(len(imdb.videos)):
        path = own.crops / imdb.shard(video)
        content = bytearray(path.read_bytes())
        rows = np.flatnonzero(np.repeat(imdb.track_video, np.diff(imdb.track_start)) == video)
        for row in rows:
            offset = int(imdb.offset[row])
            content[offset : offset + int(imdb.size[row])] = bytes(int(imdb.size[row]))
        path.write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"^video a/train00\d, frame \d, track \d: the crop in .*\.tar is not a readable JPEG",
    ):
        list(load_batches(dataset, range(3), workers=workers))


def test_a_shard_cut_short_while_training_is_named(own: Inputs, pairs: PairConfig) -> None:
    dataset = dataset_of(own, pairs)
    for path in sorted(own.crops.rglob("*.tar")):
        path.write_bytes(path.read_bytes()[:2048])
    with pytest.raises(
        InputError,
        match=r"^video a/train00\d, frame \d, track \d: shard .*\.tar has 2048 .*doctor cache --mend",
    ):
        list(load_batches(dataset, range(3), workers=1))


def test_crops_of_another_size_are_refused(inputs: Inputs, pairs: PairConfig) -> None:
    dataset = dataset_of(inputs, pairs)
    dataset.sampler.geometry = replace(dataset.sampler.geometry, search_size=255)
    with pytest.raises(InputError, match="151 x 151 px, expected a JPEG of 255 px"):
        dataset.load(0)


class _Dying(PairDataset):
    def fill(self, item: int, buffer: torch.Tensor) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


# torch learns of the death by a signal, which may come a second time while the loader is deleted.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_that_dies_is_one_clear_line(inputs: Inputs, pairs: PairConfig) -> None:
    sampler = PairSampler(load_imdb(inputs.train), inputs.crops, pairs, name="train")
    dataset = _Dying(sampler, pairs, NONE, seed=0, batch=4, steps=3)
    with pytest.raises(InputError, match=r"a loader process died .*use fewer jobs"):
        list(load_batches(dataset, range(3), workers=1))


def test_a_worker_needs_no_more_memory_for_a_full_size_imdb(inputs: Inputs, small: TrainConfig) -> None:
    """Measured in fresh processes: a fork of this one copies what earlier tests left, as it is touched."""
    imdb = load_imdb(inputs.train)
    sizes = []
    for listed in (imdb, full_size(imdb)):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            sizes.append(fresh.submit(worker_megabytes, listed, inputs.crops, 64, small.pairs).result())
    assert sizes[0] > 1
    assert sizes[1] < sizes[0] + 8
    assert sizes[1] < 60


def test_without_shared_memory_there_is_one_line_and_a_way_out(
    inputs: Inputs, pairs: PairConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(multiprocessing, "Lock", refuse)
    with pytest.raises(InputError, match=r"shared memory.*Read-only file system.*jobs=1"):
        list(load_batches(dataset_of(inputs, pairs), range(3), workers=1))
    assert len(list(load_batches(dataset_of(inputs, pairs), range(3), workers=0))) == 3


def test_shared_memory_that_is_full_is_told_by_the_worker(
    inputs: Inputs, pairs: PairConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(size: int) -> None:
        raise RuntimeError(f"unable to write to file </torch_1>: No space left on device (28), {size}\n more")

    monkeypatch.setattr(torch.UntypedStorage, "_new_shared", refuse)
    monkeypatch.setattr(LentMemory, "take", lambda _: None)
    with pytest.raises(InputError, match=r"shared memory.*No space left on device"):
        list(load_batches(dataset_of(inputs, pairs), range(3), workers=1))


class _Wrong(PairDataset):
    def fill(self, item: int, buffer: torch.Tensor) -> None:
        raise RuntimeError("an error of the program")


def test_an_error_of_the_program_in_a_worker_is_not_taken_for_its_death(
    inputs: Inputs, pairs: PairConfig
) -> None:
    sampler = PairSampler(load_imdb(inputs.train), inputs.crops, pairs, name="train")
    with pytest.raises(RuntimeError, match="an error of the program"):
        list(load_batches(_Wrong(sampler, pairs, NONE, seed=0, batch=4, steps=3), range(3), workers=1))
