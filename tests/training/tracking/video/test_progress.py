"""Progress where there is no terminal: a line now and then, with frames and frames/s."""

from __future__ import annotations

import re

import pytest

from training.tracking.video import progress as module
from training.tracking.video.progress import progress


@pytest.mark.parametrize(("count", "of"), [(3, " of 3"), (None, "")])
def test_lines_tell_how_far_and_how_fast(monkeypatch, caplog, count, of):
    monkeypatch.setattr(module, "LINE_EVERY", 0.0)
    with caplog.at_level("INFO"), progress("clip", count) as steps:
        steps.step()
        steps.step()
    lines = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(rf"clip: 2{of} frames, [\d.]+ frames/s", lines[-1])


def test_a_short_video_says_nothing(caplog):
    with caplog.at_level("INFO"), progress("clip", 2) as steps:
        steps.step()
    assert not caplog.records
