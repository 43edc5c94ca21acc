"""Tables of named things, one row each. Users add rows by the path of their code.

One's own loss, tracker or metric is named `module:Name` or `path/file.py:Name`, where a module is looked for
in the current folder too, and what a file imports also beside that file. Using it runs its code.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar, cast

from curation.errors import InputError
from curation.files import digest

Row = TypeVar("Row")

OWN = "module:Name or path/file.py:Name"
"""How one's own is named."""


class Later(NamedTuple):
    """A row that is loaded on first use, from `module:Name`: its name is known without its imports."""

    place: str


class Table(Mapping[str, Row]):
    """Things of one kind by name, in a fixed order.

    Parameters
    ----------
    what : str
        What a row is, for messages: `"loss"`.
    rows : mapping of str to Row or Later
    own : callable, optional
        Makes a row of what was found under one's own name; by default it is the row itself.

    Raises
    ------
    InputError
        On look-up, for a name that is not known (the nearest is suggested), and for one's own that cannot
        be loaded.
    """

    def __init__(
        self,
        what: str,
        rows: Mapping[str, Row | Later],
        *,
        own: Callable[[str, Any], Row] = lambda _, found: found,
    ) -> None:
        self.what = what
        self._rows = dict(rows)
        self._own = own

    def __getitem__(self, name: str) -> Row:
        if name in self._rows:
            if isinstance(row := self._rows[name], Later):
                row = self._rows[name] = cast(Row, load_own(row.place, self.what))
            return row
        if is_own(name):
            return self._own(name, load_own(name, self.what))
        raise unknown_name(self.what, name, list(self._rows))

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def adopt(self, name: str, row: Row) -> None:
        """Add a user's row for the rest of this process.

        Raises
        ------
        InputError
            If another row has its name.
        """
        if self._rows.setdefault(name, row) is not row:
            raise InputError(
                f"the name of your {self.what} {name!r} is already taken",
                do="Give it another name",
                reason="name taken",
            )

    def check(self, name: str) -> str:
        """The name, if it is a row or a path of your own code; raises `ValueError`, because parameters use it."""
        place = name.rpartition(":")[0]
        if is_own(name) and place.endswith(".py") and not Path(place).is_file():
            raise ValueError(f"there is no file {place}")
        if name not in self._rows and not is_own(name):
            raise ValueError(f"expected {', '.join(map(repr, self._rows))}, or your own as {OWN}")
        return name


def is_own(name: str) -> bool:
    """Whether a name has the form `module:Name` or `file.py:Name`."""
    place, colon, attribute = name.rpartition(":")
    return bool(place and colon and attribute)


def load_own(name: str, what: str) -> Any:
    """The object that a name like `file.py:Name` leads to. Its module is imported, so its code runs.

    Raises
    ------
    InputError
        Naming the first thing that went wrong, whatever it is.
    """
    try:
        return getattr(_module(name), name.rpartition(":")[2])
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"cannot load the {what} {name} ({type(error).__name__}: {reason})",
            do=f"Fix its code, or name it as {OWN}",
            reason="bad code",
        ) from error


def own_digest(name: str) -> str:
    """Digest of the file with the user's code, which is not run: part of the key of its results.

    Raises
    ------
    InputError
        If there is no such file.
    """
    place = name.rpartition(":")[0]
    try:
        if place.endswith(".py"):
            return digest(Path(place).read_bytes())
        _look_here()
        spec = util.find_spec(place)
        return digest(Path(str(spec and spec.origin)).read_bytes())
    except (ImportError, ValueError, OSError) as error:
        raise InputError(
            f"there is no file of {name} ({error})", do=f"Name it as {OWN}", reason="bad code"
        ) from None


def _look_here() -> None:
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)


def _module(name: str) -> ModuleType:
    place = name.rpartition(":")[0]
    if not place.endswith(".py"):
        _look_here()
        return import_module(place)
    path = Path(place).resolve()
    content = path.read_bytes()
    alias = f"{path.stem}_{digest(str(path).encode() + content)[:8]}"  # edited, it is another module
    if alias not in sys.modules:
        if (beside := str(path.parent)) not in sys.path:
            sys.path.append(beside)
        module = sys.modules[alias] = ModuleType(alias)
        module.__file__ = str(path)
        try:
            # Not by its loader: that takes the bytecode of a file of the same size and second for it.
            exec(compile(content, path, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[alias]
            raise
    return sys.modules[alias]


def nearest(name: str, known: Iterable[str], *, key: Callable[[str], str] = str.lower) -> str | None:
    """The known name most like `name`, or None if none comes near (difflib ratio under 0.6)."""
    by_key = {key(candidate): candidate for candidate in known}
    found = difflib.get_close_matches(key(name), by_key, n=1, cutoff=0.6)
    return by_key[found[0]] if found else None


def unknown_name(what: str, name: str, known: Sequence[str]) -> InputError:
    """The error for a name that is not known, with the nearest one suggested."""
    guess = nearest(name, known)
    if guess is not None:
        do = f"Did you mean {guess}?"
    elif known:
        do = f"Known: {', '.join(sorted(known)[:12])}{', ...' if len(known) > 12 else ''}"
    else:
        do = ""
    return InputError(f"no {what} is named {name!r}", do=do, reason="unknown name")
