"""The learning plane: pairs, networks, losses and the loop; trackers; benchmarks.

Nothing else loads torch, so what torch reads from the environment is set here, before it is loaded.
"""

import os

WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
"""How threads wait for each other: they sleep, in libgomp after a moment. By default they spin, and beside any other
process every step then waits for a core that a spinning thread holds. Results are the same. Measured by
`tests.bench.sharing`. Who sets one of these variables keeps what they set."""

if not WAITING.keys() & os.environ.keys():
    os.environ.update(WAITING)
