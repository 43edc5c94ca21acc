"""One colour and one dash pattern for each tracker, the same all over the page.

Colours are CSS custom properties (`--s0`, `--s1`, ...; `style.css` gives each a value for light and one for
dark). Dash patterns tell the lines apart without colour. The leader always comes first, as the thickest line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COLOURS = 10
"""How many colours `style.css` defines; further trackers use them again, with other dashes."""

DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (7, 2.5),
    (2, 2),
    (8, 2, 2, 2),
    (4, 2),
    (10, 3, 2, 3, 2, 3),
    (1, 1.5),
    (12, 2),
    (5, 1.5, 1.5, 1.5),
)
"""On-off lengths in pixels. Their number has no factor in common with `COLOURS`."""


@dataclass(frozen=True)
class Series:
    """How one tracker is drawn."""

    index: int
    name: str
    label: str
    leader: bool = False
    imported: bool = False

    @property
    def colour(self) -> int:
        return self.index % COLOURS

    @property
    def dashes(self) -> tuple[float, ...]:
        return DASHES[self.index % len(DASHES)]

    @property
    def width(self) -> float:
        return 2.6 if self.leader else 1.7


def assign_series(
    names: Iterable[str],
    *,
    leader: str = "",
    labels: Mapping[str, str] | None = None,
    imported: Iterable[str] = (),
) -> dict[str, Series]:
    """A series for each tracker: the leader first, the project's own next, imported ones last."""
    foreign = set(imported)
    unique = dict.fromkeys(names)
    ordered = sorted(unique, key=lambda name: (name != leader, name in foreign))
    return {
        name: Series(
            index=index,
            name=name,
            label=(labels or {}).get(name, name),
            leader=name == leader,
            imported=name in foreign,
        )
        for index, name in enumerate(ordered)
    }
