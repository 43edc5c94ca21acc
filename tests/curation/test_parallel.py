"""The one parallel map: results in order, errors as they are, progress, and no process left behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import cv2
import pytest

from curation import parallel
from curation.errors import InputError
from curation.parallel import Workers, run_in_order
from tests.curation.worker_processes import workers_of
from tests.waiting import wait_until


def square(number: int) -> int:
    time.sleep(0.02 * (number == 0))  # the first is the last to finish
    return number * number


def refuse_three(number: int) -> int:
    if number == 3:
        raise InputError(f"number {number} is bad", reason="bad number")
    return number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def threads(number: int) -> int:
    return cv2.getNumThreads()


def run(function, items, jobs, **options):  # type: ignore[no-untyped-def]
    return list(run_in_order(function, items, workers=Workers(jobs=jobs), label="test", **options))


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    assert run(square, range(20), jobs) == [n * n for n in range(20)]
    assert run(square, [], jobs) == []


def process(_number: int) -> int:
    return os.getpid()


def test_many_items_are_sent_several_at_a_time_and_few_one_by_one() -> None:
    """What is sent together is done by one process, one after the other."""
    count = 4 * parallel.BATCHES
    pids = run(process, range(count), 2, together=16)
    assert all(len(set(pids[at : at + 4])) == 1 for at in range(0, count - 8, 4))
    assert run(square, range(5), 2, together=16) == [0, 1, 4, 9, 16]


def test_small_work_is_done_by_the_process_that_has_it() -> None:
    two = Workers(jobs=2)
    for seconds, here in ((parallel.START / 2, True), (parallel.START * 2, False)):
        found = set(run_in_order(process, range(4), workers=two.worth(seconds), label="test"))
        assert (found == {os.getpid()}) == here
    cluster = Workers(backend="dask")
    assert cluster.worth(0.0) is cluster, "this machine may not have the data"


def test_backend_is_chosen_outside() -> None:
    workers = Workers(jobs=2, backend="threading")
    assert list(run_in_order(square, range(5), workers=workers, label="test")) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_is_raised_as_it_is(jobs: int) -> None:
    with pytest.raises(InputError, match="number 3 is bad") as caught:
        run(refuse_three, range(8), jobs)
    assert caught.value.reason == "bad number"
    assert run(square, range(3), jobs) == [0, 1, 4], "and the next call works"


def test_workers_do_not_start_threads_of_their_own() -> None:
    assert set(run(threads, range(4), 2)) == {1}


def test_killed_worker_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="test: a worker process was killed") as caught:
        run(die_at_three, range(8), 2)
    assert "fewer jobs" in caught.value.do
    assert run(square, range(3), 2) == [0, 1, 4], "and the next call works"


def wait_long(begun: Path) -> None:
    begun.touch()
    time.sleep(600)


def test_a_worker_that_never_had_an_item_ends_with_its_parent_too(tmp_path: Path) -> None:
    """One item for two workers; under load, a worker may still be starting when its parent is killed."""
    call = "from tests.curation.test_parallel import *; run(wait_long, [Path(sys.argv[1])], 2)"
    started = subprocess.Popen([sys.executable, "-c", call, tmp_path / "begun"], start_new_session=True)
    try:
        wait_until(lambda: (tmp_path / "begun").exists() and len(workers_of(started.pid)) == 2)
    finally:
        started.kill()
        started.wait()
    wait_until(lambda: not workers_of(started.pid))


@pytest.mark.parametrize("jobs", [1, 2])
def test_caller_may_stop_early(jobs: int) -> None:
    """Without warning, and without working through all the rest."""
    begun = []

    class Items:
        def __len__(self) -> int:
            return 1000

        def __iter__(self):  # type: ignore[no-untyped-def]
            for number in range(1000):
                begun.append(number)
                yield number

    workers = Workers(jobs=jobs)
    with closing(run_in_order(square, Items(), workers=workers, label="test")) as results:  # type: ignore[arg-type]
        assert next(results) == 0
    assert len(begun) < 1000


def test_progress_is_logged_where_there_is_no_terminal(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "LINE_EVERY", 0.0)
    caplog.set_level(logging.INFO, "curation.parallel")
    run(square, range(3), 1, size=lambda result: 100, size_unit="frames")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert lines[1].startswith("test: 2 of 3 videos, ")
    assert "frames/s, about " in lines[1]
    assert lines[1].endswith(" s left")


def test_nothing_is_logged_within_the_first_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "curation.parallel")
    run(square, range(5), 1)
    assert caplog.records == []
