"""The two palettes of style.css: complete, and with enough contrast for lines and for the letters on them."""

from __future__ import annotations

import re

import pytest

from training.benchmark.report.page import TEMPLATES
from training.benchmark.report.palette import COLOURS


def palettes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(
        r":root \{(.*?)\}", (TEMPLATES / "style.css").read_text(encoding="utf-8"), re.DOTALL
    )
    found = [dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", block)) for block in (light, dark)]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


def luminance(colour: str) -> float:
    """Relative luminance [WCAG 2.1] of `#rrggbb`."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_and_the_letters_on_them_stand_out(theme: str) -> None:
    colours = palettes()[theme]
    for index in range(COLOURS):
        assert contrast(colours[f"--s{index}"], colours["--card"]) >= 4.5, index
    assert f"--s{COLOURS}" not in colours


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_stand_out(theme: str) -> None:
    colours = palettes()[theme]
    for ink in ("--ink", "--muted", "--accent", "--best"):
        for ground in ("--page", "--card"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert contrast(colours["--warn"], colours["--warn-page"]) >= 4.5
    assert contrast(colours["--good"], colours["--good-page"]) >= 4.5


def test_boxes_on_photos_stand_out_from_their_halo() -> None:
    colours = palettes()["light"]
    for index in range(COLOURS):
        assert contrast(colours[f"--p{index}"], "#000000") >= 4.5
