"""Two thousand damaged and hostile files of fifteen forms: read or refused in one line, with bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson

from tests.waiting import HUNG

FILES = 2550


def test_no_file_from_outside_brings_more_than_one_line(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.pipelines.foreign", str(tmp_path), str(FILES), "14"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=HUNG,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()[-3000:]
    found = orjson.loads(run.stdout)
    for message in found["messages"]:
        assert len(message) < 3000
        assert message.replace("\n", "").isprintable()
        assert "Traceback" not in message
    assert found["grown"] < 1 << 30
    assert found["slowest"][0] < 30, "seconds of processor time for one small file"
    # Both outcomes are common for every form, so that the test is not about one of them only.
    assert sum(map(sum, (outcome.values() for outcome in found["outcomes"].values()))) == FILES
    for name, outcome in found["outcomes"].items():
        assert outcome["read"] >= 5, name
        assert outcome["refused"] >= 30, name
