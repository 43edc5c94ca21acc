"""Trackers, side by side in one run: `python -m tests.bench.trackers`.

Medians of the time per frame on generated sequences of 640 x 480 and 1280 x 720, taking turns frame by frame:

- plain Siamese: the reference's steps, written down here: the whole frame padded and turned into float64, a
  pyramid of three crops from it, three separate passes of the published network
- Siamese: `training.tracking.siamese`, both ways of searching scales, and its network's pass alone
- online: `training.tracking.online`, and one pass of its backbone over the search region alone (random
  weights of SqueezeNet on generated frames, or --backbone on the images of --sequence)
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from tests.training.tracking.online.conftest import random_weights
from tests.training.tracking.scenes import moving_target
from training.networks import NetworkConfig, SiameseNetwork
from training.tracking.folding import for_inference
from training.tracking.interface import Box, CheckedTracker, Frame, Tracker
from training.tracking.online.backbones import Backbone, SqueezeNet
from training.tracking.online.convention import CAFFE_SQUEEZENET
from training.tracking.online.region import batch, cut
from training.tracking.online.tracker import OnlineTracker
from training.tracking.online.weight_files import load_backbone
from training.tracking.siamese import SiameseConfig, SiameseTracker
from training.tracking.video_source import open_source


class PlainSiameseTracker(CheckedTracker):
    """The reference's steps, no more efficiently than it takes them."""

    def __init__(self, network: SiameseNetwork) -> None:
        self.network = network
        self.scales = 1.0375 ** np.array([-1, 0, 1])

    def _start(self, frame: Frame, box: Box) -> None:
        self.centre = box[:2] + (box[2:] - 1) / 2
        self.size = box[2:].copy()
        [exemplar] = self._pyramid(frame, [self._side()], 127)
        self.exemplar = self._embed(exemplar)

    def _locate(self, frame: Frame) -> Box:
        side = self._side() * 255 / 127
        responses = []
        for crop in self._pyramid(frame, side * self.scales, 255):
            with torch.no_grad():
                response = self.network.respond(self.exemplar, self._embed(crop))[0, 0].numpy()
            responses.append(cv2.resize(response, (272, 272), interpolation=cv2.INTER_CUBIC))
        peaks = np.array([response.max() for response in responses]) * [0.9745, 1, 0.9745]
        best = int(peaks.argmax())
        response = responses[best] - responses[best].min()
        response /= response.sum()
        window = np.outer(np.hanning(272), np.hanning(272))
        response = (1 - 0.176) * response + 0.176 * window / window.sum()
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        offset = (np.array([column, row]) - 271 / 2) * 8 / 16 * side * self.scales[best] / 255
        self.centre = self.centre + offset
        self.size = self.size * (0.41 + 0.59 * self.scales[best])
        return np.concatenate([self.centre - (self.size - 1) / 2, self.size])

    def _side(self) -> float:
        return float(np.sqrt(np.prod(self.size + 0.5 * self.size.sum())))

    def _pyramid(self, frame: Frame, sides: np.ndarray | list[float], pixels: int) -> list[np.ndarray]:
        """Crops from a padded float64 copy of the whole frame."""
        image = frame.astype(np.float64)
        mean = image.mean(axis=(0, 1))
        margin = int(max(sides)) + 1
        padded = np.stack([np.pad(image[..., c], margin, constant_values=mean[c]) for c in range(3)], axis=-1)
        crops = []
        for side in sides:
            left, top = np.round(self.centre + margin - (side - 1) / 2).astype(int)
            part = padded[top : top + round(side), left : left + round(side)]
            crops.append(cv2.resize(part, (pixels, pixels), interpolation=cv2.INTER_LINEAR))
        return crops

    def _embed(self, crop: np.ndarray) -> torch.Tensor:
        image = torch.from_numpy(np.ascontiguousarray(crop[..., ::-1].transpose(2, 0, 1))).float()
        with torch.no_grad():
            return self.network.embed(image[None])


def network_pass(network: SiameseNetwork, images: int) -> Callable[[], object]:
    """One pass over that many search regions."""
    batch_of = torch.rand(images, 255, 255, 3).mul(255).permute(0, 3, 1, 2)

    def call() -> object:
        with torch.inference_mode():
            return network.embed(batch_of)

    return call


def backbone_pass(tracker: OnlineTracker, frame: Frame) -> Callable[[], object]:
    """One pass of the backbone over the region that an initialised tracker searches."""
    size = np.array(tracker.geometry.target) * 4.0
    image = batch([cut(frame, size, size, tracker.geometry, tracker.backbone)])
    return lambda: tracker.backbone.features(image)


def take_turns(calls: dict[str, list[Callable[[], object]]], skip: int = 2) -> dict[str, float]:
    """Median seconds of every call's turns, leaving out the first `skip`."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(min(len(turns) for turns in calls.values())):
        for name, turns in calls.items():
            start = time.perf_counter()
            turns[turn]()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[skip:]) for name, values in times.items()}


def updates(tracker: Tracker, frames: list[Frame], box: Box) -> list[Callable[[], object]]:
    """Initialise, then one call per later frame."""
    tracker.init(frames[0], box)
    return [lambda frame=frame: tracker.update(frame) for frame in frames[1:]]  # type: ignore[misc]


def report(title: str, seconds: dict[str, float], notes: dict[str, str]) -> None:
    say(f"\n{title}")
    say(f"| {'what':28} | ms | frames/s | |")
    say(f"|{'-' * 30}|---|---|---|")
    for name, value in seconds.items():
        say(f"| {name:28} | {value * 1e3:.1f} | {1 / value:.1f} | {notes.get(name, '')} |")


def siamese(frames: list[Frame], box: Box, title: str) -> None:
    torch.manual_seed(0)
    network = SiameseNetwork(NetworkConfig(width=1.0)).eval()
    fast = for_inference(network)
    rounds = len(frames) - 1
    calls: dict[str, list[Callable[[], object]]] = {
        "plain": updates(PlainSiameseTracker(network), frames, box),
        "ours, search pyramid": updates(SiameseTracker(fast, SiameseConfig(pyramid="search")), frames, box),
        "network, 3 regions": [network_pass(fast, 3)] * rounds,
        "ours": updates(SiameseTracker(fast), frames, box),
        "network, 1 region": [network_pass(fast, 1)] * rounds,
    }
    seconds = take_turns(calls)
    notes = {
        ours: f"{seconds['plain'] / seconds[ours]:.2f} x as fast as plain, "
        f"{seconds[ours] / seconds[alone]:.2f} x the time of its network"
        for ours, alone in (("ours, search pyramid", "network, 3 regions"), ("ours", "network, 1 region"))
    }
    report(f"Siamese, {title}", seconds, notes)


def online(backbone: Backbone, frames: list[Frame], box: Box, title: str) -> None:
    tracker = OnlineTracker(backbone)
    start = time.perf_counter()
    turns = updates(tracker, frames, box)
    first = time.perf_counter() - start
    calls = {"online": turns, "backbone alone": [backbone_pass(tracker, frames[0])] * len(turns)}
    seconds = take_turns(calls)
    note = f"{seconds['online'] / seconds['backbone alone']:.2f} x its backbone; first frame {first:.2f} s"
    report(f"Online, {title}", seconds, {"online": note})


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--backbone", type=Path, help="SqueezeNet weights; random ones otherwise")
    parser.add_argument("--sequence", type=Path, help="folder of images for the online tracker, with --box")
    parser.add_argument("--box", type=lambda text: np.array([float(v) for v in text.split(",")]))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    for height, width in ((480, 640), (720, 1280)):
        frames, boxes = moving_target(
            options.frames, shape=(height, width), size=(80, 70), start=(200.0, 150.0), velocity=(2.0, 1.0)
        )
        siamese(frames, boxes[0], f"{width} x {height}")
    backbone: Backbone = SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET)
    if options.backbone:
        backbone = load_backbone("squeezenet", options.backbone)
    frames, boxes = moving_target(
        options.frames, shape=(360, 640), size=(80, 70), start=(200.0, 150.0), velocity=(2.0, 1.0)
    )
    box, title = boxes[0], "generated, 640 x 360"
    if options.sequence:
        source = open_source(options.sequence)
        frames = [
            frame for frame, _ in zip(source.frames, range(options.frames), strict=False) if frame is not None
        ]
        box, title = options.box, f"{options.sequence.name}, {frames[0].shape[1]} x {frames[0].shape[0]}"
    online(backbone, frames, box, title)


if __name__ == "__main__":
    main()
