"""Loader processes that make batches of pairs ahead; their number changes nothing but the speed."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Iterator

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from curation.errors import InputError
from training.batches.batch import PairBatch
from training.batches.lent_memory import LentMemory
from training.batches.pair_dataset import PairDataset
from training.messages import first_line

PREFETCH = 4
"""Batches that each worker prepares ahead."""

USED = 3
"""Batches that have a place in the lent memory while the training uses them; where it keeps more, sending is slower."""


class _Batches(Dataset[int | Tensor | InputError]):
    """What a loader process does: the batch of a number, into a place of the lent memory or into memory of its own.

    Bad data come back as a value, which passes between processes intact.
    """

    def __init__(self, dataset: PairDataset, lent: LentMemory | None) -> None:
        self.dataset = dataset
        self.lent = lent

    def __getitem__(self, item: tuple[int, int | None]) -> int | Tensor | InputError:
        number, place = item
        try:
            if self.lent and place is not None:
                self.dataset.fill(number, self.lent.at(place))
                return place
            buffer = _new_buffer(self.dataset.bytes)
            self.dataset.fill(number, buffer)
        except InputError as error:
            return error
        return buffer


class _Items(Sampler[tuple[int, int | None]]):
    """Numbers of batches, each with a place for it when it is asked for."""

    def __init__(self, numbers: range, lent: LentMemory | None) -> None:
        self.numbers = numbers
        self.lent = lent

    def __iter__(self) -> Iterator[tuple[int, int | None]]:
        return ((number, self.lent.take() if self.lent else None) for number in self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def _new_buffer(size: int) -> Tensor:
    """Bytes to fill; in a worker they lie in shared memory from the start, so that sending copies nothing."""
    if get_worker_info() is None:
        return torch.empty(size, dtype=torch.uint8)
    try:
        shared = torch.UntypedStorage._new_shared(size)  # as torch's own collate does
    except RuntimeError as error:
        raise _no_shared_memory(first_line(error)) from None
    return torch.empty(0, dtype=torch.uint8).set_(shared)


def _no_shared_memory(what: str) -> InputError:
    return InputError(
        f"loader processes need shared memory, and there is none ({what})",
        do="Give /dev/shm room (docker run --shm-size=2g), or load in one process: "
        "python -m pipelines settings --set jobs=1",
        reason="no shared memory",
    )


def load_batches(
    dataset: PairDataset, numbers: range, *, workers: int = 0, pin_memory: bool = False
) -> Iterator[PairBatch]:
    """Batches of the given numbers, in order.

    Parameters
    ----------
    dataset : PairDataset
        Makes the batches.
    numbers : range
        Their numbers.
    workers : int
        Loader processes; 0 loads in this one. No more are started than there are batches.
    pin_memory : bool
        Put batches into page-locked memory, for a GPU.

    Raises
    ------
    InputError
        For bad data, as `PairDataset.load` says; if a worker dies, or shared memory is lacking.
    """
    workers = min(workers, len(numbers))
    fork = workers > 0 and "fork" in multiprocessing.get_all_start_methods()
    lent = None
    if workers:
        try:
            multiprocessing.Lock()  # tried here: the loader would leave a traceback of its own
            if fork and not pin_memory:  # torch copies to page-locked memory in a thread, but only tensors
                lent = LentMemory(workers * PREFETCH + USED, dataset.bytes)
        except OSError as error:
            raise _no_shared_memory(error.strerror or str(error)) from error
    with warnings.catch_warnings():  # more workers than cores is the caller's choice: slow storage wants it
        warnings.filterwarnings("ignore", "This DataLoader will create")
        loader: DataLoader[int | Tensor | InputError] = DataLoader(
            _Batches(dataset, lent),
            batch_size=None,
            sampler=_Items(numbers, lent),
            num_workers=workers,
            prefetch_factor=PREFETCH if workers else None,
            pin_memory=pin_memory,
            worker_init_fn=_one_thread,
            multiprocessing_context="fork" if fork else None,
        )
        items = iter(loader)
    try:
        for item in items:
            if isinstance(item, InputError):
                raise item
            yield dataset.unpack(item if isinstance(item, Tensor) or lent is None else lent.lend(item))
    except EOFError as error:
        raise InputError(
            "a batch did not arrive from its loader process",
            do="Usually too few files may be open (ulimit -n): raise that, or use fewer jobs",
            reason="dead worker",
        ) from error
    except RuntimeError as error:
        if "DataLoader worker (pid" not in str(error):  # an error in a worker, not its death
            raise
        raise InputError(
            f"a loader process died ({first_line(error)})",
            do="Usually memory, or shared memory (/dev/shm), ran out: use fewer jobs",
            reason="dead worker",
        ) from error
    finally:
        del items  # stops the workers now, not when the last traceback is forgotten


def _one_thread(_worker: int) -> None:
    cv2.setNumThreads(0)
