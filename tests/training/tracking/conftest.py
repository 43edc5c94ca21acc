"""Trackers are tested on one thread, as the track stage runs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from training.device import one_torch_thread


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with one_torch_thread():
        yield
