"""All benchmarks, one after the other: `python -m tests.bench`, or some: `python -m tests.bench crops index`.

Each runs in a process of its own and prints its table; each also takes options: `python -m tests.bench.crops -h`.
`--record` (as in `make bench`) also writes what they print into a dated file in tests/bench/results/.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench import record

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("[!_]*.py") if "\ndef main(" in path.read_text()
)


def main(words: list[str]) -> int:
    """Run the named benchmarks, all if none is named; the exit status is that of the first that fails."""
    wanted = [word for word in words if word != "--record"]
    for name in wanted:
        if name not in NAMES:
            sys.stderr.write(f"error: there is no benchmark {name!r}. Known: {', '.join(NAMES)}\n")
            return 2
    outputs = {}
    for name in wanted or NAMES:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        status, outputs[name] = run(name)
        if status:
            return status
    if "--record" in words:
        sys.stdout.write(f"\nwritten to {record.write(outputs)}\n")
    return 0


def run(name: str) -> tuple[int, str]:
    """Run one benchmark, showing its lines as they come: its exit status, and what it printed."""
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    return process.returncode, "".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
