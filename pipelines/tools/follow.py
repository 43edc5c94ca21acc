"""Track a target through a video: boxes as OTB text, and an annotated MP4 that browsers play.

    python -m pipelines follow holiday.mp4 --box 410,220,64,80
    python -m pipelines follow frames/ --box 410,220,64,80 --tracker online --weights squeezenet1_0.npz
VIDEO is any file OpenCV opens, a folder of images, or the index of a camera. The box is x,y,w,h in the first frame:
pixels, the top-left pixel is 0,0. Both files are written into the current folder, named after the video, unless
--boxes and --out say otherwise.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from curation.errors import InputError
from pipelines import trackers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", metavar="VIDEO", help="file, folder of images, or camera index")
    parser.add_argument("--box", required=True, metavar="X,Y,W,H", help="the target in the first frame")
    trackers.add_arguments(parser)
    parser.add_argument("--boxes", type=Path, metavar="FILE", help="where to write the boxes (<video>.txt)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write the video (<video>.tracked.mp4)"
    )
    parser.add_argument(
        "--responses", action="store_true", help="draw the tracker's response map and its peak in"
    )


def run(options: argparse.Namespace) -> None:
    from training.tracking.video.follower import follow
    from training.tracking.video.source import open_source

    box = _box(options.box)
    source = open_source(options.video)
    stem = Path(options.video).resolve().stem if not options.video.isdigit() else f"camera{options.video}"
    text = options.boxes or Path(f"{stem}.txt")
    video = options.out or Path(f"{stem}.tracked.mp4")
    done = follow(
        source, box, trackers.make_tracker(options), text=text, video=video, responses=options.responses
    )
    unread = f", {done.unread} of them unreadable" if done.unread else ""
    sys.stdout.write(f"{len(done.boxes)} frames{unread}; boxes in {text}, video in {video}\n")


def _box(words: str) -> np.ndarray:
    try:
        values = np.array([float(part) for part in words.split(",")])
    except ValueError:
        values = np.empty(0)
    if values.shape != (4,):
        raise InputError(
            f"--box {words}: expected four numbers x,y,w,h", do="For example: --box 410,220,64,80"
        )
    return values
