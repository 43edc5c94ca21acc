"""Errors of other libraries: their first line, and whether the memory is full."""

from __future__ import annotations

OUT_OF_MEMORY = ("DefaultCPUAllocator", "not enough memory", "out of memory")
"""How torch says it, in a RuntimeError."""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type where it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def memory_is_full(error: BaseException) -> bool:
    """Whether an error means that the memory is full: then the file need not be at fault."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)
    )
