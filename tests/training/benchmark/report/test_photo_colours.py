from __future__ import annotations

from training.benchmark.report.palette import COLOURS
from training.benchmark.report.photo_colours import photo_colours


def test_they_are_the_pages_own_in_opencvs_order() -> None:
    trackers, truth = photo_colours()
    assert len(set(trackers)) == COLOURS
    assert trackers[0] == (0x5F, 0x5A, 0xFF)  # --p0: #ff5a5f
    assert truth == (255, 255, 255)
