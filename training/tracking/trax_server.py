"""A tracker behind the TraX protocol, by which the VOT toolkit drives trackers of any language.

The toolkit starts a process for every run, sends the first frame with a region, then frame by frame, and
expects a region after each, the first included. Boxes are axis-aligned rectangles, 0-based, as VOT's are.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from training.tracking.interface import Tracker
from training.tracking.sequence import read_frame

log = logging.getLogger(__name__)


def serve(tracker: Tracker, name: str) -> int:
    """Answer a TraX client on standard input and output until it quits.

    Parameters
    ----------
    tracker : Tracker
    name : str
        What the client is told.

    Returns
    -------
    int
        Frames answered, those with a region to start on included.

    Raises
    ------
    ImportError
        Where the package `vot-trax` is not installed.
    InputError
        If a frame cannot be read or the client's first region is no target; it is logged by the toolkit.
    """
    import trax  # of the optional extra `vot`

    answered = 0
    with trax.Server(["rectangle"], ["path"], ["color"], name) as server:
        while True:
            request = server.wait()
            if request.type == trax.TraxStatus.QUIT:
                return answered
            frame = read_frame(Path(_image(request.image).path()))
            if request.type == trax.TraxStatus.INITIALIZE:
                region, _ = request.objects[0]
                box = np.array(region.bounds(), np.float64)
                tracker.init(frame, box)
            else:
                box = tracker.update(frame)
            server.status([(trax.Rectangle.create(*(float(value) for value in box)), {})])
            answered += 1


def _image(images: Any) -> Any:
    """The colour image of a request: a mapping from channel to image, or the image itself."""
    return images["color"] if isinstance(images, dict) else images
