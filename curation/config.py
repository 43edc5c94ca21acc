"""Parameter dataclasses: typed, strict, with unknown keys refused."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as parameters

__all__ = ["STRICT", "parameters"]


STRICT = ConfigDict(extra="forbid", strict=True)
"""Configuration of every parameter dataclass: unknown keys and wrong types are refused."""
