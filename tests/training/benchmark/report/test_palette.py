from __future__ import annotations

import math

from training.benchmark.report.palette import COLOURS, DASHES, assign_series


def test_trained_first_own_next_imported_last_whatever_the_order() -> None:
    names = ["KCF", "still", "siamese", "template"]
    series = assign_series(names, leader="siamese", imported=["KCF"], labels={"still": "Still"})
    assert list(series) == ["siamese", "still", "template", "KCF"]
    assert [line.index for line in series.values()] == [0, 1, 2, 3]
    assert series["siamese"].leader
    assert not series["still"].leader
    assert series["KCF"].imported
    assert series["still"].label == "Still"
    assert series["template"].label == "template"


def test_no_two_of_many_trackers_look_alike() -> None:
    series = assign_series(f"t{i}" for i in range(COLOURS * len(DASHES)))
    looks = {(line.colour, line.dashes) for line in series.values()}
    assert len(looks) == len(series)
    assert math.gcd(COLOURS, len(DASHES)) == 1


def test_only_the_trained_line_is_thick_and_solid() -> None:
    series = assign_series(["a", "b", "c"], leader="b")
    assert series["b"].dashes == ()
    assert all(line.dashes for line in series.values() if not line.leader)
    assert series["b"].width > series["a"].width == series["c"].width
