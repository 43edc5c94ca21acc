"""Kill the crop stage at random moments, and look at what is left each time.

`python -m tests.curation.crops.crop_chaos FOLDER KILLS SEED` crops a small tree undisturbed, then again and again
in children that it kills (SIGKILL), and prints a summary as JSON. A process of its own, so that a child is a
plain fork of one that has everything loaded, and twenty kills take seconds.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from curation.crops.crop_config import CropConfig
from curation.crops.store import Store
from curation.errors import ErrorPolicy
from tests.curation.crops.crop_trees import ONE, SUBSET, contents, crop_as_stage, documents, write_pictures

A_VIDEO = 0.02
"""Seconds that one video takes on a machine with nothing else to do."""


class Chaos:
    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.out, self.store = folder / "data" / SUBSET, folder / "store"
        self.inputs = documents(write_pictures(folder / "tree", 12, frames=6, size=(640, 480)))

    def crop(self) -> dict[str, Any]:
        dataset, annotations, manifest = self.inputs
        return crop_as_stage(
            dataset, SUBSET, annotations, manifest, CropConfig(), self.out, self.store, ErrorPolicy(), ONE
        )

    def clear(self) -> None:
        for folder in (self.out.parent, self.store):
            shutil.rmtree(folder, ignore_errors=True)

    def finished(self) -> dict[str, int]:
        """Key -> time of writing of every shard that the store holds as whole."""
        store = Store(self.store / SUBSET)
        keys = [path.stem for path in store.folder.glob("*.tar")]
        return {key: record["mtime_ns"] for key in keys if (record := store.find(key)) is not None}

    def crop_and_be_killed(self) -> bool:
        """Run in a child, kill it at a random moment after up to three more videos; whether that came in time."""
        wanted = len(self.finished()) + self.random.randrange(4)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                self.crop()
                status = 0
            finally:
                os._exit(status)
        ended, status = os.waitpid(child, os.WNOHANG)
        while not ended and len(self.finished()) < wanted:
            ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            time.sleep(self.random.uniform(0, 2 * A_VIDEO))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            raise RuntimeError("the child failed by itself")
        return os.WIFSIGNALED(status)


def main() -> None:
    folder, wanted, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chaos = Chaos(folder, seed)
    chaos.crop()
    undisturbed = contents(chaos.out)
    kills = resumed = 0
    half_done: set[int] = set()
    while kills < wanted:
        chaos.clear()
        for _ in range(4):
            kills += chaos.crop_and_be_killed()
        assert not chaos.out.exists() or contents(chaos.out) == undisturbed, "a part was taken for the whole"
        before = chaos.finished()
        half_done.add(len(before))
        report = chaos.crop()
        assert contents(chaos.out) == undisturbed
        assert report["reused"] == len(before), "a finished video was cropped again"
        after = chaos.finished()
        assert {key: after[key] for key in before} == before, "a finished shard was written again"
        assert list(chaos.out.parent.iterdir()) == [chaos.out], "a killed run left something behind"
        assert not list(chaos.store.glob("*/.*")), "a killed run left something behind"
        resumed += 1
    summary = {"kills": kills, "resumed": resumed, "finished_when_resumed": sorted(half_done)}
    sys.stdout.write(orjson.dumps(summary).decode())


if __name__ == "__main__":
    main()
