"""Errors that a user reads: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from curation.config import STRICT, parameters
from curation.cures import PARAMETERS

LONGEST = 1000
"""Characters of a message; what a damaged file is quoted with can be megabytes."""


def printable(text: str) -> str:
    """Text fit for a terminal: control characters, escapes and bytes that are not UTF-8 as `\\x1b`."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as the file system gives it (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()


def some(things: Collection[object], *, most: int = 3, separator: str = ", ") -> str:
    """The first few of several things in words, and how many more there are: `a, b, c and 2 more`."""
    more = f" and {len(things) - most:,} more" if len(things) > most else ""
    return separator.join(map(str, list(things)[:most])) + more


def one_line(text: str) -> str:
    """Text as one printable line of at most `LONGEST` characters; line ends become spaces."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    return printable(" ".join(short.split()))


class InputError(Exception):
    """Bad input: data, parameters or settings that the user can fix.

    Its texts are kept as of `one_line`, so that no name of a file or folder can break a line or send a
    terminal escape. Shells print `str(error)` as one line and exit with a non-zero status; nothing else in the
    project is caught and turned into a message.

    Parameters
    ----------
    what : str
        What is wrong, with the place (file, frame, track, key) in it.
    do : str
        What the user should do about it.
    reason : str
        A short stable word for the kind of fault (`"missing image"`, `"box outside image"`), by which
        skipped items are counted.
    """

    def __init__(self, what: str, *, do: str = "", reason: str = "bad input") -> None:
        self.what = one_line(what)
        self.do = one_line(do)
        self.reason = reason
        super().__init__(f"{self.what}. {self.do}" if self.do else self.what)

    def __reduce__(self) -> tuple[object, tuple[str, str, str]]:
        return _rebuild, (self.what, self.do, self.reason)


def _rebuild(what: str, do: str, reason: str) -> InputError:
    return InputError(what, do=do, reason=reason)


class Ended(Exception):  # noqa: N818 (no error: somebody wants it so)
    """The process was told to end (SIGTERM)."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class ErrorPolicy:
    """The policy for unusable items (frames, boxes).

    `raise` stops at the first one. `skip` leaves it out, counts it by reason in the stage's report,
    and fails the stage once more than `max_skipped` of all items (a fraction) were left out.
    """

    policy: Literal["raise", "skip"] = "raise"
    max_skipped: float = Field(default=0.01, ge=0, le=1)


@dataclass
class Skipped:
    """Items left out under the `skip` policy, counted by reason, with the first few messages of each kind.

    `left_out` counts items apart that the dataset itself, or a rule, says not to take: that is no fault.
    """

    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    EXAMPLES = 5

    def add(self, error: InputError, *, items: int = 1) -> None:
        """Count `items` items lost to one error."""
        self.counts[error.reason] += items
        kept = self.examples.setdefault(error.reason, [])
        if len(kept) < self.EXAMPLES:
            kept.append(str(error))

    def merge(self, other: Skipped) -> None:
        """Add another count (of one more video) to this one."""
        self.total += other.total
        self.counts.update(other.counts)
        self.left_out.update(other.left_out)
        for reason, messages in other.examples.items():
            kept = self.examples.setdefault(reason, [])
            kept.extend(messages[: self.EXAMPLES - len(kept)])

    @property
    def skipped(self) -> int:
        return sum(self.counts.values())

    def check(self, policy: ErrorPolicy, *, stage: str) -> None:
        """Raise `InputError` when more than `policy.max_skipped` of all items were skipped."""
        if self.skipped and self.skipped > policy.max_skipped * self.total:
            reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(self.counts.items()))
            raise InputError(
                f"{stage}: {self.skipped} of {self.total} items skipped ({reasons}), over the limit "
                f"errors.max_skipped = {policy.max_skipped:g}; first: "
                f"{next(iter(self.examples.values()))[0]}",
                do=f"Fix the data, or raise errors.max_skipped in {PARAMETERS}",
                reason="too many skipped",
            )

    def report(self) -> dict[str, object]:
        """For a stage's JSON report: totals, counts by reason, examples."""
        return {
            "items": self.total,
            "skipped": self.skipped,
            "by_reason": dict(sorted(self.counts.items())),
            "examples": {reason: list(kept) for reason, kept in sorted(self.examples.items())},
            **({"left_out": dict(sorted(self.left_out.items()))} if self.left_out else {}),
        }
