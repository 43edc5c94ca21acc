from __future__ import annotations

import re
from typing import Any

import numpy as np
from lxml import etree

from tests.training.benchmark.scored import scored
from training.benchmark.report.figures import Plot, curve_figures
from training.benchmark.report.palette import assign_series

SERIES = assign_series(["a", "b"], leader="a")


def classes(svg: str) -> list[str]:
    return [e.get("class", "") for e in etree.fromstring(svg).iter("{*}g") if e.get("class")]


def words(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in etree.fromstring(svg).iter("{*}text")]


def ends(svg: str, name: str) -> np.ndarray:
    """First and last point of the line of a class."""
    (group,) = (e for e in etree.fromstring(svg).iter("{*}g") if e.get("class") == name)
    data = next(group.iter("{*}path")).get("d", "")
    points = np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", data), dtype=float)
    return points[[0, -1]]


def plot(kind: str = "ope", **overall: dict[str, Any]) -> Plot:
    """The only plot of a document with these numbers."""
    (found,) = curve_figures(scored(kind=kind, trackers=overall), SERIES)
    return found


def test_curves_go_where_their_numbers_say() -> None:
    down, up = np.linspace(1, 0, 51), np.linspace(0, 1, 51)
    found = plot(a={"dp20": 0.6, "curves": {"precision": down}}, b={"dp20": 0.4, "curves": {"precision": up}})
    falling, rising = ends(found.svg, "s0"), ends(found.svg, "s1")
    assert falling[0, 1] < falling[1, 1]
    np.testing.assert_allclose(falling[:, 1], rising[::-1, 1])
    np.testing.assert_allclose(falling[:, 0], rising[:, 0])
    assert {"centre error threshold (pixels)", "precision"} <= set(words(found.svg))
    assert classes(found.svg) == ["s1", "s0"], "the leader's line is drawn last, on top"
    assert [text for _, text in found.legend] == ["0.600", "0.400"]


def test_a_short_curve_ends_early_and_the_interval_is_shaded() -> None:
    curves = {"a": {"eao": None, "eao_curve": [1.0, 0.5]}, "b": {"eao": 0.1, "eao_curve": [1.0, 0.5, 0.2]}}
    curves["b"]["interval"] = [2, 3]
    found = plot("vot", **curves)
    assert ends(found.svg, "s0")[1, 0] < ends(found.svg, "s1")[1, 0]
    assert "var(--band)" in found.svg
    assert [text for _, text in found.legend] == ["0.100", "–"]


def test_points_are_numbered_as_in_the_legend() -> None:
    found = plot(
        "vot", b={"accuracy": 0.6, "reliability": 0.9, "eao": 0.1}, a={"accuracy": 0.3, "reliability": 0.5}
    )
    assert [line.name for line, _ in found.legend] == ["b", "a"]
    assert [word for word in words(found.svg) if word in ("1", "2")] == ["2", "1"]
    uses = list(etree.fromstring(found.svg).iter("{*}use"))
    (first,) = (e for e in uses if "var(--s1)" in e.get("style", ""))
    (second,) = (e for e in uses if "var(--s0)" in e.get("style", ""))
    assert float(first.get("x", "")) > float(second.get("x", ""))
    assert float(first.get("y", "")) < float(second.get("y", ""))
