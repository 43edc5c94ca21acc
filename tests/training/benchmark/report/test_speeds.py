"""Speeds beside scores, and where they were measured."""

from __future__ import annotations

from pathlib import Path

from curation.files import write_json
from training.benchmark.report.speeds import read_speeds


def test_one_machine_stands_once_and_kept_results_are_counted(tmp_path: Path) -> None:
    """Also where earlier versions wrote the count behind the machine."""
    for name, machine, kept in (
        ("otb", "a machine (2 cores), on cpu", 0),
        ("tc", "a machine (2 cores), on cpu", 3),
        ("uav", "a machine (2 cores), on cpu (4 results: where they were tracked before)", 4),
    ):
        entry = {"frames": 10, "seconds": 2.0, "tracked": 1, "from_store": kept}
        write_json(
            tmp_path / f"{name}.json", {"benchmark": name, "machine": machine, "trackers": {"t": entry}}
        )
    assert read_speeds(tmp_path, {"otb"}).machine == "a machine (2 cores), on cpu"
    speeds = read_speeds(tmp_path, {"otb", "tc", "uav"})
    assert speeds.machine == "a machine (2 cores), on cpu (7 results: where they were tracked before)"
    assert speeds.rate("t", ["otb", "tc"]) == 5
