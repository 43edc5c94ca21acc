"""Progress where there is no terminal: a line now and then, with frames and frames/s."""

from __future__ import annotations

import re
from io import StringIO

import pytest

from training.tracking.video import progress as module
from training.tracking.video.progress import progress


@pytest.mark.parametrize(
    ("count", "exact", "of"), [(3, True, " of 3"), (3, False, " of about 3"), (None, True, "")]
)
def test_lines_tell_how_far_and_how_fast(monkeypatch, caplog, count, exact, of):
    monkeypatch.setattr(module, "LINE_EVERY", 0.0)
    with caplog.at_level("INFO"), progress("clip", count, exact=exact) as steps:
        steps.step()
        steps.step()
    lines = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(rf"clip: 2{of} frames, [\d.]+ frames/s", lines[-1])


def test_a_short_video_says_nothing(caplog):
    with caplog.at_level("INFO"), progress("clip", 2) as steps:
        steps.step()
    assert not caplog.records


def test_a_terminal_that_has_closed_ends_nothing(monkeypatch):
    def closed(_):
        raise OSError(5, "Input/output error")

    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr", terminal)
    with progress("clip", 2) as steps:
        steps.step()
        monkeypatch.setattr(terminal, "write", closed, raising=False)
        steps._bar.mininterval = 0
        steps.step()
