"""The parallel map for all work over videos or sequences.

joblib does the work, so the backend is chosen outside: `loky` on one machine, `dask` on a cluster
(`joblib.parallel_config(backend="dask")`). Results come as a generator, in the order of the items,
so memory stays flat and output does not depend on the number of workers.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from curation.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

LINE_EVERY = 60.0
"""Seconds between progress lines where there is no terminal."""

WATCH_EVERY = 1.0
"""Seconds between a worker's looks at whether its parent is still there."""

START = 0.5
"""Seconds until worker processes begin: they load what this process has loaded already."""

BATCHES = 256
"""Fewest, where items are sent to workers several at a time: enough that all end at about the same moment."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workers:
    """How many processes, and which joblib backend. `jobs` of -1 means every core."""

    jobs: int = -1
    backend: str = "loky"

    @property
    def here(self) -> bool:
        """Whether this process does the work by itself."""
        return self.backend == "loky" and self.jobs == 1

    def worth(self, seconds: float) -> Workers:
        """Workers for work of about so many seconds; only this process if others would hardly begin."""
        return Workers(jobs=1) if self.backend == "loky" and seconds < START else self


def run_in_order(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: Workers,
    label: str,
    unit: str = "video",
    size: Callable[[Result], int] | None = None,
    size_unit: str = "frames",
    together: int = 1,
) -> Generator[Result]:
    """Apply a picklable `function` to every item in parallel; yield the results in the order of `items`.

    One job is this process alone. A worker gets up to `together` items at once, fewer where there are few: sending
    one takes as long as looking at a hundred files.

    Progress goes to the terminal as a bar, elsewhere as one line a minute: items done, `size_unit` a
    second (`size(result)` counts them), time left. An exception in a worker is raised here as it is.
    However this process ends, its workers end with it.

    Raises
    ------
    InputError
        If the system has killed a worker; of a cluster, if it has no worker, the scheduler is lost, or
        several workers have died on one item.
    """
    if not items:
        return
    results = (
        (_work(function, item) for item in items)
        if workers.here
        else _in_workers(function, items, workers, label, max(1, min(together, len(items) // BATCHES)))
    )
    with closing(results):
        yield from _with_progress(results, len(items), label=label, unit=unit, size=size, size_unit=size_unit)


def _in_workers(
    function: Callable[[Item], Result], items: Sequence[Item], workers: Workers, label: str, together: int
) -> Generator[Result]:
    import joblib  # here: it loads slowly, and a command that only prints its help needs `Workers`
    from joblib.externals.loky.process_executor import BrokenProcessPool

    wanted = True

    def calls() -> Iterator[tuple[Callable[..., Result], tuple[object, ...], dict[str, object]]]:
        for item in items:
            if not wanted:
                return
            yield joblib.delayed(_work)(function, item)

    # Set when a worker starts, before any item: it may still be importing when this process is killed.
    at_start = {"initializer": _end_with, "initargs": (os.getpid(),)} if workers.backend == "loky" else {}
    with (
        _cluster_errors(workers, label),
        joblib.parallel_config(backend=workers.backend, n_jobs=workers.jobs, **at_start),
    ):
        try:
            results = joblib.Parallel(
                return_as="generator", batch_size=together, pre_dispatch=f"{2 * together}*n_jobs"
            )(calls())
        except TimeoutError:
            raise InputError(
                f"{label}: the Dask cluster has no worker",
                do="Start some in the project's root folder, as pipelines/SCALE.md says",
                reason="no workers",
            ) from None
        try:
            for result in results:  # noqa: UP028 (`yield from` would close them before the rest is waited for)
                yield result
        except GeneratorExit:
            # The caller stops at an error of its own. Items in work are finished: killing the pool
            # races with its threads, and would lose minutes of work.
            wanted = False
            with contextlib.suppress(Exception):
                for _ in results:
                    pass
            raise
        except BrokenProcessPool as error:
            raise InputError(
                f"{label}: a worker process was killed from outside, most often because memory ran out",
                do="Run again with fewer jobs (python -m pipelines settings): finished work is kept",
                reason="worker killed",
            ) from error
        finally:
            with warnings.catch_warnings():
                # After an interrupt the results still to come are not needed.
                warnings.filterwarnings(
                    "ignore", message=".*tasks.*(not used|cancelled)", category=UserWarning
                )
                results.close()


def _work(function: Callable[[Item], Result], item: Item) -> Result:
    import cv2

    cv2.setNumThreads(1)
    return function(item)


@contextmanager
def _cluster_errors(workers: Workers, label: str) -> Iterator[None]:
    """Turn a failure of a Dask cluster into one line."""
    if workers.backend != "dask":
        yield
        return
    from distributed import CancelledError, KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError) as error:
        raise InputError(
            f"{label}: the connection to the Dask scheduler is lost",
            do="Start it and its workers again, then run again: finished work is kept",
            reason="scheduler lost",
        ) from error
    except KilledWorker as error:
        raise InputError(
            f"{label}: several Dask workers have died on one item, most often because memory ran out",
            do="Give each worker more memory, or start fewer on a machine: finished work is kept",
            reason="worker killed",
        ) from error


def _end_with(parent: int) -> None:
    """Watch the parent from a thread; otherwise an orphaned worker would go on for minutes."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch parent").start()


def _with_progress(
    results: Iterable[Result],
    total: int,
    *,
    label: str,
    unit: str,
    size: Callable[[Result], int] | None,
    size_unit: str,
) -> Iterator[Result]:
    from tqdm import tqdm

    start = last = time.monotonic()
    counted = 0
    terminal = sys.stderr.isatty()
    with tqdm(total=total, desc=label, unit=unit, disable=not terminal, dynamic_ncols=True) as bar:
        for done, result in enumerate(results, start=1):
            yield result
            now = time.monotonic()
            elapsed = max(now - start, 1e-9)
            if size is not None:
                counted += size(result)
                bar.set_postfix_str(f"{counted / elapsed:,.0f} {size_unit}/s", refresh=False)
            bar.update()
            if not terminal and now - last >= LINE_EVERY:
                last = now
                rate = f", {counted / elapsed:,.0f} {size_unit}/s" if size is not None else ""
                left = elapsed / done * (total - done)
                log.info("%s: %d of %d %ss%s, about %.0f s left", label, done, total, unit, rate, left)
