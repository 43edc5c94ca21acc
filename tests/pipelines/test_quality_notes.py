"""The quality stage's notes on test videos among the training data."""

from __future__ import annotations

from pipelines.quality import _warnings


def test_lists_with_the_same_videos_share_one_note() -> None:
    called = {
        "otb2015": ["Basketball", "Jogging"],
        "tc128": ["Basketball"],
        "vot2015": ["bag"],
        "vot2016": ["bag"],
        "vot2017": ["bag", "zebra"],
    }
    notes = list(_warnings({"own": {"called": called}, "plain": {"first_frame_of": {"x": "otb2015/Bolt"}}}))
    assert notes == [
        "note: part own has 2 videos that are called as those of otb2015 (some also in tc128), the first Basketball; "
        "where that is tested, leave them out: dataset.parts.own.leave_out: [otb2015]",
        "note: part own has 2 videos that are called as those of vot2017 (some also in vot2015, vot2016), the first "
        "bag; where that is tested, leave them out: dataset.parts.own.leave_out: [vot2017]",
    ]
