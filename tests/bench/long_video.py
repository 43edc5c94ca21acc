"""Memory and time per frame of a video that goes on and on: `python -m tests.bench.long_video`.

A clip is followed forwards and backwards in turn by the online tracker, and its annotated video is written, as `follow`
does. The settings are those of the profile of the installed features, box head included. Where none are installed,
SqueezeNet has random weights, and regions are small. Time is the processor's, so that other work on the machine does
not count. Real frames:

    python -m tests.bench.long_video --sequence /data/OTB/David/img --box 128,79,64,78
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import numpy as np

from tests.bench.configured import PROFILES, track_settings
from tests.bench.frame import options, show, table
from tests.bench.memory import megabytes
from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import moving_target
from training.backbones.choice import choose_backbone, installed
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet
from training.device import one_torch_thread
from training.tracking.interface import Frame
from training.tracking.online.online_config import OnlineConfig, RegionConfig
from training.tracking.online.tracker import OnlineTracker
from training.tracking.video.follower import follow
from training.tracking.video.source import Source, open_source

PARTS = 10
"""Rows of the table."""


def main() -> None:
    chosen = options(
        __doc__,
        ("--frames", 20_000, "frames in all", {}),
        ("--sequence", None, "folder of real frames", {"type": Path}),
        ("--box", "", "x,y,w,h of the target in the first of them", {}),
    )
    if chosen.sequence:
        frames = [frame for frame in open_source(chosen.sequence).frames if frame is not None]
        box = np.array([float(part) for part in chosen.box.split(",")])
    else:
        frames, boxes = moving_target(60)
        box = boxes[0]
    if found := installed():
        config = track_settings(profiles=[PROFILES[found[0]]])
        backbone, online = choose_backbone(config.backbone, trained=Path(), file=None), config.online
    else:
        backbone = SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET)
        online = OnlineConfig(region=RegionConfig(target_cells=5.0, max_cells=17))
    rows: list[list[str]] = []
    source = Source("long", watched(frames, chosen.frames, rows), chosen.frames, 25.0)
    with one_torch_thread(), tempfile.TemporaryDirectory() as folder:
        done = follow(
            source,
            box,
            OnlineTracker(backbone, online),
            text=Path(folder, "b.txt"),
            video=Path(folder, "v.mp4"),
        )
    assert len(done.boxes) == chosen.frames
    head = ["frames", "CPU ms a frame", "memory, MiB"]
    show(f"online on {backbone.name}, {len(frames)} frames forwards and backwards")
    table(head, *rows)


def watched(frames: list[Frame], count: int, rows: list[list[str]]) -> Iterator[Frame]:
    """The frames forwards and backwards, `count` in all; adds a row of the table after each part of them."""
    size = max(1, count // PARTS)
    before = time.process_time()
    for number, frame in enumerate(islice(cycle(chain(frames, frames[-2:0:-1])), count), start=1):
        yield frame
        if number % size == 0:
            now = time.process_time()
            rows.append([f"{number:,}", f"{1000 * (now - before) / size:.1f}", f"{megabytes('VmRSS:'):.0f}"])
            before = now


if __name__ == "__main__":
    main()
