"""The learning plane: pairs, networks, losses and the loop; trackers; benchmarks.

Nothing else loads torch, so what torch reads from the environment is set here, before it is loaded.
"""

import os

# Threads that wait for each other sleep. By default they spin, and beside any other process every step then waits
# for a core that a spinning thread holds. Results are the same; who sets the variable keeps what they set.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
