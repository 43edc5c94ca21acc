"""The pipeline's graph: what `dvc dag --dot` prints, laid out in layers from the raw data down to the scores.

Stages of a matrix (`crop@a`, `crop@b`, ...) become one box that lists their items, since their edges are
alike. Only edges that no longer path implies are drawn; the page lists all of them beside the drawing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from curation.errors import InputError

BOX_HEIGHT = 46.0
LAYER_GAP = 30.0
BOX_GAP = 20.0
LETTER = 7.6
"""Width allowed for one letter, pixels, at the font sizes of `style.css`."""
LANE = 10.0
"""Width of the gap that an edge passing a layer gets, pixels."""

_STRING = r'"((?:[^"\\]|\\.)*)"'


@dataclass(frozen=True)
class Box:
    """A stage: its name, the items of its matrix, and its rectangle."""

    name: str
    items: str
    x: float
    y: float
    width: float
    height: float = BOX_HEIGHT


@dataclass(frozen=True)
class Drawing:
    """Boxes, drawn edges as SVG path data, the size of it all; and all that each stage needs, in order."""

    boxes: Sequence[Box]
    paths: Sequence[str]
    width: float
    height: float
    needs: Mapping[str, Sequence[str]]


def parse_dot(text: str) -> dict[str, list[str]]:
    """Stage -> the stages it needs, from dot text (quoted names, `->` edges, in the order they appear).

    Raises
    ------
    InputError
        If it holds no stage.
    """
    needs: dict[str, list[str]] = {}
    for line in text.splitlines():
        names = [re.sub(r"\\(.)", r"\1", name) for name in re.findall(_STRING, line)]
        for name in names[:2] if "->" in line else names[:1]:
            needs.setdefault(name, [])
        if "->" in line and len(names) >= 2:
            needs[names[1]].append(names[0])
    if not needs:
        raise InputError("the pipeline's graph holds no stage", do="Give what `dvc dag --dot` prints")
    return needs


def merge_matrices(needs: Mapping[str, Sequence[str]]) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """`stage@item` merged into `stage`: stage -> stages it needs, and stage -> its items, sorted."""
    merged: dict[str, set[str]] = {}
    items: dict[str, list[str]] = {}
    for name, needed in needs.items():
        stage, _, item = name.partition("@")
        items[stage] = sorted({*items.get(stage, ()), *([item] if item else ())})
        merged.setdefault(stage, set()).update({other.partition("@")[0] for other in needed} - {stage})
    return merged, items


def draw(text: str) -> Drawing:
    """Lay the graph out: a stage stands one layer below the lowest of those it needs.

    Parameters
    ----------
    text : str
        What `dvc dag --dot` prints.

    Raises
    ------
    InputError
        If it holds no stage, or a circle.
    """
    needs, items = merge_matrices(parse_dot(text))
    try:
        order = list(
            TopologicalSorter({stage: sorted(needs[stage]) for stage in sorted(needs)}).static_order()
        )
    except CycleError as error:
        raise InputError(f"the pipeline's graph has a circle: {' -> '.join(error.args[1])}") from None
    edges = _reduced(order, needs)
    layer: dict[str, int] = {}
    for stage in order:
        layer[stage] = max((layer[need] + 1 for need in needs[stage]), default=0)
    rows, routes = _with_lanes(order, layer, edges)
    captions = {stage: "  ".join(found) for stage, found in items.items()}
    widths = {stage: max(len(stage) * 1.15, len(captions[stage])) * LETTER + 22 for stage in order}
    total = max(sum(widths.get(name, LANE) for name in row) + BOX_GAP * (len(row) - 1) for row in rows)
    boxes: dict[str, Box] = {}
    for depth, row in enumerate(rows):
        x = (total - sum(widths.get(name, LANE) for name in row) - BOX_GAP * (len(row) - 1)) / 2
        for name in row:
            width = widths.get(name, LANE)
            boxes[name] = Box(
                name, captions.get(name, ""), x + 1, depth * (BOX_HEIGHT + LAYER_GAP) + 1, width
            )
            x += width + BOX_GAP
    return Drawing(
        boxes=[boxes[stage] for stage in order],
        paths=[_path([boxes[name] for name in route]) for route in routes],
        width=total + 2,
        height=len(rows) * (BOX_HEIGHT + LAYER_GAP) - LAYER_GAP + 2,
        needs={
            _titled(stage, items): [_titled(n, items) for n in order if n in needs[stage]] for stage in order
        },
    )


def _titled(stage: str, items: Mapping[str, Sequence[str]]) -> str:
    return f"{stage} ({', '.join(items[stage])})" if items[stage] else stage


def _reduced(order: Sequence[str], needs: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Edges (needed, stage) that no longer path implies."""
    above: dict[str, set[str]] = {}
    for stage in order:
        above[stage] = needs[stage].union(*(above[need] for need in needs[stage]))
    return [
        (need, stage)
        for stage in order
        for need in sorted(needs[stage])
        if not any(need in above[other] for other in needs[stage])
    ]


def _with_lanes(
    order: Sequence[str], layer: Mapping[str, int], edges: Sequence[tuple[str, str]]
) -> tuple[list[list[str]], list[list[str]]]:
    """Names in each layer, left to right, and the way of each edge.

    An edge that passes a layer has a lane there. Places follow the mean place of what is above; ties go by
    name.
    """
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for stage in order:
        rows[layer[stage]].append(stage)
    routes = []
    above: dict[str, list[str]] = {name: [] for name in order}
    for start, end in edges:
        lanes = [f"{start} -> {end} @ {depth}" for depth in range(layer[start] + 1, layer[end])]
        for depth, lane in enumerate(lanes, start=layer[start] + 1):
            rows[depth].append(lane)
        route = [start, *lanes, end]
        for upper, lower in pairwise(route):
            above.setdefault(lower, []).append(upper)
        routes.append(route)
    place: dict[str, float] = {}
    for row in rows:
        wanted = {name: sum(place[n] for n in above[name]) / max(len(above[name]), 1) for name in row}
        row.sort(key=lambda name: (wanted[name], name))
        for index, name in enumerate(row):
            place[name] = (index + 0.5) / len(row)
    return rows, routes


def _path(route: Sequence[Box]) -> str:
    """A smooth line from the lower rim of the first box, through the lanes, to the upper rim of the last."""
    x, y = route[0].x + route[0].width / 2, route[0].y + BOX_HEIGHT
    parts = [f"M{x:.1f} {y:.1f}"]
    for box in route[1:]:
        to_x = box.x + box.width / 2
        to_y = box.y - (4 if box is route[-1] else 0)
        bend = (to_y - y) / 2
        parts.append(f"C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, box.y
        if box is not route[-1]:
            y += BOX_HEIGHT
            parts.append(f"V{y:.1f}")
    return " ".join(parts)
