"""Every benchmark can be started."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.bench.__main__ import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_imports(name):
    assert callable(import_module(f"tests.bench.{name}").main)
