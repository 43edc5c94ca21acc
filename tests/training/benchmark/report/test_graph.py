from __future__ import annotations

import re
from itertools import pairwise

import pytest

from curation.errors import InputError
from tests.training.benchmark.report.conftest import DOT
from training.benchmark.report.graph import BOX_GAP, draw, merge_matrices, parse_dot


def test_parse_dot_keeps_isolated_stages_and_quotes() -> None:
    needs = parse_dot('strict digraph {\n"a\\"b";\n"lonely";\n"a\\"b" -> "c";\n}')
    assert needs == {'a"b': [], "lonely": [], "c": ['a"b']}


def test_merge_matrices_lists_items_and_drops_no_edge() -> None:
    needs, items = merge_matrices(parse_dot(DOT))
    assert items["crop"] == ["a", "b"]
    assert items["manifest"] == []
    assert needs["train"] == {"crop"}
    assert needs["track"] == {"manifest", "train"}


def test_every_stage_once_below_all_it_needs() -> None:
    drawing = draw(DOT)
    rows = {box.name: box.y for box in drawing.boxes}
    assert sorted(rows) == ["crop", "manifest", "sample", "score", "track", "train"]
    needs, _ = merge_matrices(parse_dot(DOT))
    for stage, needed in needs.items():
        assert all(rows[other] < rows[stage] for other in needed)


def test_boxes_lie_inside_and_apart() -> None:
    text = "\n".join(f'"root" -> "leaf number {i}";' for i in range(5))
    drawing = draw(text)
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height
    leaves = sorted(box.x for box in drawing.boxes if box.name != "root")
    widths = {box.x: box.width for box in drawing.boxes}
    assert all(b - a >= widths[a] + BOX_GAP - 1e-6 for a, b in pairwise(leaves))


def test_an_implied_edge_is_told_but_not_drawn() -> None:
    drawing = draw(DOT)
    assert len(drawing.paths) == 5
    assert drawing.needs["track (otb2013)"] == ["manifest", "train"]
    assert drawing.needs["score"] == ["track (otb2013)"]


def test_a_long_edge_passes_its_layers_in_a_lane() -> None:
    drawing = draw('"a" -> "b";\n"b" -> "c";\n"c" -> "end";\n"start" -> "end";')
    (start,) = (box for box in drawing.boxes if box.name == "start")
    (path,) = (path for path in drawing.paths if path.startswith(f"M{start.x + start.width / 2:.1f} "))
    assert len(re.findall("C", path)) == 3
    lane = float(re.findall(r"([\d.]+) [\d.]+ V", path)[0])
    for box in drawing.boxes:
        if box.name in ("b", "c"):
            assert not box.x <= lane <= box.x + box.width


def test_order_of_lines_does_not_matter() -> None:
    lines = DOT.splitlines()[1:-1]
    turned = "\n".join(["digraph {", *reversed(lines), "}"])
    assert [box.name for box in draw(turned).boxes] == [box.name for box in draw(DOT).boxes]
    assert draw(turned).paths == draw(DOT).paths


@pytest.mark.parametrize("text", ["", "digraph {}", "ERROR: not a DVC repository"])
def test_no_stage(text: str) -> None:
    with pytest.raises(InputError, match="no stage"):
        draw(text)


def test_circle_names_its_stages() -> None:
    with pytest.raises(InputError, match=r"circle: .*a.*b"):
        draw('"a" -> "b";\n"b" -> "a";')
