"""Other libraries' errors, cut to what fits into one line of ours."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type where it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)
