"""All problems of a folder, or of several trackers, reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from curation.errors import InputError, one_line, printable

SHOWN = 3
"""Problems of one cause that are spelt out where there are more than one more."""


class FolderError(InputError):
    """Several faults of one folder: `str()` gives a headline, then a line for each, or three of each cause.

    Parameters
    ----------
    where : str
        The headline: what was being read.
    problems : sequence of str or InputError
        Each as a line; all of them are kept in `FolderError.problems`. The cause of an error is its `reason`.
    do : str
        What the user should do.
    """

    def __init__(self, where: str, problems: Sequence[str | InputError], *, do: str = "") -> None:
        self.where, self.given = one_line(where), list(problems)
        self.problems = [one_line(str(problem)) for problem in problems]
        super().__init__(f"{self.where}: {'; '.join(self.problems)}", do=do, reason="bad results")

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        lines = [f"{self.where}: {len(self.problems)} problems", *(f"  {line}" for line in self.shown())]
        return "\n".join([*lines, self.do] if self.do else lines)

    def shown(self) -> Iterator[str]:
        """One line for each problem; of many with one cause, three and their number."""
        causes: dict[str, list[str]] = {}
        for given, line in zip(self.given, self.problems, strict=True):
            causes.setdefault(given.reason if isinstance(given, InputError) else "", []).append(line)
        for cause, lines in causes.items():
            more = len(lines) - SHOWN
            if more <= 1 or not cause:
                yield from lines
            else:
                yield from [*lines[:SHOWN], f"... and {more} more ({cause})"]

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:  # type: ignore[override]
        return _rebuild, (self.where, self.given, self.do)


def _rebuild(where: str, problems: list[str | InputError], do: str) -> FolderError:
    return FolderError(where, problems, do=do)


class Collected:
    """Collects `InputError`s of one folder so that all of them can be reported together."""

    def __init__(self) -> None:
        self.problems: list[str | InputError] = []

    def add(self, line: str, *, reason: str = "") -> None:
        self.problems.append(InputError(line, reason=reason))

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Run a block; an `InputError` in it is noted (each of its problems) instead of raised."""
        try:
            yield
        except FolderError as error:
            self.problems.extend(error.given)
        except InputError as error:
            self.problems.append(error)

    def check(self, where: str, *, do: str = "") -> None:
        """Raise `FolderError` if anything was collected."""
        if self.problems:
            raise FolderError(where, self.problems, do=do)


class Failures:
    """Collects the errors of several trackers, so that one does not hide the others."""

    def __init__(self) -> None:
        self._errors: dict[str, InputError] = {}

    @contextmanager
    def catching(self, who: str) -> Iterator[None]:
        """Run a block; an `InputError` in it is noted instead of raised."""
        try:
            yield
        except InputError as error:
            self._errors[who] = error

    @property
    def lines(self) -> dict[str, tuple[str, ...]]:
        """The errors of each tracker, three lines for each cause."""
        return {
            printable(who): tuple(error.shown()) if isinstance(error, FolderError) else (str(error),)
            for who, error in self._errors.items()
        }

    def check(self, where: str) -> None:
        """Raise the only error as it is, or a `FolderError` of all of them, each line with its tracker."""
        if len(self._errors) == 1:
            raise next(iter(self._errors.values()))
        lines = [f"{who}: {line}" for who, found in self.lines.items() for line in found]
        if lines:
            raise FolderError(where, lines, do=next((e.do for e in self._errors.values() if e.do), ""))
