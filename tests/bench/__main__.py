"""All benchmarks, one after the other: `python -m tests.bench`, or some: `python -m tests.bench crops index`.

Each runs in a process of its own and prints its table; each also takes options: `python -m tests.bench.crops -h`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("[!_]*.py") if "\ndef main(" in path.read_text()
)


def main(wanted: list[str]) -> int:
    """Run the named benchmarks, all if none is named; the exit status is that of the first that fails."""
    for name in wanted:
        if name not in NAMES:
            sys.stderr.write(f"error: there is no benchmark {name!r}. Known: {', '.join(NAMES)}\n")
            return 2
    for name in wanted or NAMES:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
