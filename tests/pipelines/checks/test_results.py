"""Results of before, and those of which is known what was read."""

from __future__ import annotations

from pathlib import Path

from curation.crops.store import Records
from pipelines.checks.results import check_results


def test_results_that_nobody_can_vouch_for_are_counted(tmp_path: Path) -> None:
    assert check_results(tmp_path / "none", "read").status == "ok"
    Records(tmp_path / "ope").add("k", {"boxes": [], "read": ["a", "b"]})
    assert check_results(tmp_path, "read").message == "1 result in the store, of frames as on record"
    Records(tmp_path / "ope").add("l", {"boxes": []})
    (tmp_path / "m.json").write_text('{"boxes": []}')
    found = check_results(tmp_path, "read")
    assert found.status == "warn"
    assert "3 results in the store, 2 of them" in found.message
