from __future__ import annotations

import re

import numpy as np
from lxml import etree

from training.benchmark.report.palette import assign_series
from training.benchmark.report.plots import accuracy_robustness_plot, curve_plot

A, B = assign_series(["a", "b"], leader="a").values()


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


def test_curves_go_where_their_numbers_say() -> None:
    svg = curve_plot(
        [(A, [1.0, 0.5, 0.0]), (B, [0.0, 0.5, 1.0])],
        [0, 0.5, 1],
        key="k",
        label="l",
        x_label="x axis",
        y_label="y axis",
        marker=0.5,
        band=(0.2, 0.4),
    )
    falling, rising = ends(svg, "s0"), ends(svg, "s1")
    assert falling[0, 1] < falling[1, 1]
    np.testing.assert_allclose(falling[:, 1], rising[::-1, 1])
    np.testing.assert_allclose(falling[:, 0], rising[:, 0])
    assert {"x axis", "y axis"} <= set(words(svg))
    assert "var(--band)" in svg
    assert classes(svg) == ["s1", "s0"], "the trained tracker's line is drawn last, on top"


def test_a_short_curve_ends_early() -> None:
    svg = curve_plot(
        [(A, [1.0, 0.5]), (B, [1.0, 0.5, 0.2])], [1, 2, 3], key="k", label="", x_label="", y_label=""
    )
    assert ends(svg, "s0")[1, 0] < ends(svg, "s1")[1, 0]


def test_points_are_numbered_as_in_the_legend() -> None:
    svg = accuracy_robustness_plot([(B, 0.9, 0.6), (A, 0.5, 0.3)], key="k", label="")
    assert [word for word in words(svg) if word in ("1", "2")] == ["2", "1"]
    (first,) = (e for e in etree.fromstring(svg).iter("{*}use") if "var(--s1)" in e.get("style", ""))
    (second,) = (e for e in etree.fromstring(svg).iter("{*}use") if "var(--s0)" in e.get("style", ""))
    assert float(first.get("x", "")) > float(second.get("x", ""))
    assert float(first.get("y", "")) < float(second.get("y", ""))
