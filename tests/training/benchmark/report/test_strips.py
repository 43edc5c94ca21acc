from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from training.benchmark.report.content import FilmFrame, Filmstrip
from training.benchmark.report.palette import assign_series
from training.benchmark.report.strips import FRAME_WIDTH, SMALLEST_VIEW, prepare_strip

SERIES = assign_series(["siamese", "still"], leader="siamese")
NAN = np.full(4, np.nan)


def film(
    box: tuple[float, ...], *, width: int = 640, height: int = 480, boxes: dict | None = None
) -> Filmstrip:
    image = np.zeros((height, width, 3), np.uint8)
    x, y, w, h = (int(v) for v in box[:4])
    image[y : y + h, x : x + w] = 255
    frame = FilmFrame(number=1, image=image, truth=np.array(box, float), boxes=boxes or {})
    return Filmstrip(benchmark="b", sequence="s", why="worst", frames=[frame], overlaps={})


def corners(points: str) -> np.ndarray:
    return np.array([pair.split(",") for pair in points.split()], dtype=float)


def decode(source: str) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(source.partition(",")[2]), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize("box", [(300, 200, 120, 90), (0, 0, 100, 100), (600, 460, 20, 10), (20, 470, 8, 8)])
def test_the_shape_lies_on_the_target_in_the_picture(box: tuple[float, ...]) -> None:
    (frame,) = prepare_strip(film(box), SERIES, key="k", title="OTB").frames
    assert frame.picture.width == FRAME_WIDTH
    shown = decode(frame.picture.source)
    assert shown.shape == (frame.picture.height, frame.picture.width)
    ys, xs = np.nonzero(shown > 128)
    points = corners(frame.shapes[0].points)
    found = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    np.testing.assert_allclose([*points.min(axis=0), *points.max(axis=0)], found, atol=1.6)


def test_a_small_target_is_shown_larger_but_never_alone() -> None:
    (large,) = prepare_strip(film((300, 200, 120, 90)), SERIES, key="k", title="OTB").frames
    (small,) = prepare_strip(film((300, 200, 6, 6)), SERIES, key="k", title="OTB").frames
    side = np.ptp(corners(small.shapes[0].points), axis=0)[0]
    assert side == pytest.approx(6 * FRAME_WIDTH / (640 * SMALLEST_VIEW), abs=0.2)
    assert np.ptp(corners(large.shapes[0].points), axis=0)[0] == pytest.approx(
        120 * FRAME_WIDTH / 640, abs=0.2
    )


def test_truth_below_trained_on_top_and_strangers_left_out() -> None:
    boxes = {"siamese": np.array([1.0, 1, 5, 5]), "still": np.arange(8.0), "unknown": np.ones(4)}
    (frame,) = prepare_strip(film((10, 10, 40, 40), boxes=boxes), SERIES, key="k", title="OTB").frames
    assert [shape.series.name if shape.series else None for shape in frame.shapes] == [
        None,
        "still",
        "siamese",
    ]


def test_no_shape_where_there_is_no_region() -> None:
    strip = film((10, 10, 40, 40), boxes={"still": NAN})
    absent = FilmFrame(number=2, image=strip.frames[0].image, truth=NAN, boxes={"still": np.ones(4)})
    both = Filmstrip(benchmark="b", sequence="s", why="best", frames=[strip.frames[0], absent])
    first, second = prepare_strip(both, SERIES, key="k", title="OTB").frames
    assert [shape.series for shape in first.shapes] == [None]
    assert [shape.series.name if shape.series else None for shape in second.shapes] == ["still"]
    assert second.alt == "s, frame 2. No target."


def test_words_and_means() -> None:
    strip = film((10, 10, 40, 40))
    overlaps = {"still": np.array([0.25, np.nan]), "siamese": np.array([0.75, 0.25]), "unknown": np.zeros(2)}
    strip = Filmstrip(benchmark="b", sequence="s", why="worst", frames=strip.frames, overlaps=overlaps)
    ready = prepare_strip(strip, SERIES, key="k", title="OTB")
    assert [(line.name, mean) for line, mean in ready.means] == [("siamese", 0.5), ("still", 0.125)]
    assert ready.frames[0].alt == "s, frame 1. Overlap: siamese 0.75, still 0.25."
    assert "mean: siamese 0.50, still 0.12" in str(ready.timeline)


def test_without_overlaps_there_is_no_timeline() -> None:
    assert prepare_strip(film((10, 10, 40, 40)), SERIES, key="k", title="OTB").timeline is None
