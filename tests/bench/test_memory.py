"""Memory of a process and of those below it."""

from __future__ import annotations

import multiprocessing
import os

import numpy as np

from tests.bench.memory import below, watched

SIZE = 64 * 2**20


def test_what_a_call_takes_is_seen():
    kept, before, most = watched(lambda: np.ones(SIZE, np.uint8))
    assert kept.sum() == SIZE
    assert 60 < most - before < 120


def test_processes_below_count():
    ready, end = multiprocessing.Event(), multiprocessing.Event()

    def hold():
        kept = np.ones(SIZE, np.uint8)
        ready.set()
        end.wait()
        return kept

    def start():
        child.start()
        ready.wait()

    child = multiprocessing.Process(target=hold)
    try:
        _, before, most = watched(start)
        assert child.pid in below(os.getpid())
        assert 60 < most - before < 120
    finally:
        end.set()
        child.join()
