"""Trackers, side by side in one run: `python -m tests.bench.trackers`.

Medians and means of the time per frame, in turns of eight frames, on generated sequences: of 640 x 480 and 1280 x 720
for the Siamese ones, of 640 x 360 for the online ones:

- plain Siamese: the reference's steps, in `plain_trackers.py`: the whole frame padded and turned into float64, a
  pyramid of three crops from it, three separate passes of the published network
- Siamese: `training.tracking.siamese`, both ways of searching scales, and its network's pass alone
- plain online: the release's steps on our features, without care for time: every frame is sized and learnt from, a
  pass of the backbone for every scale and one more for the sample to learn from, every step on the whole memory,
  convolutions where we multiply spectra, gradients by autograd
- online: `training.tracking.online`, and one pass of its backbone over the search region alone (random weights of
  --network on generated frames, or --backbone on the images of --sequence)

On a GPU (`--device`) every turn ends when the device has done its work. Of each tracker's last frames, the share of the
time in which the device computed is shown too, and the number of kernels.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from tests.bench.configured import PROFILES, track_settings
from tests.bench.frame import options, show, table, timed
from tests.bench.gpu import kernels, wait
from tests.bench.memory import megabytes
from tests.bench.plain_trackers import PlainOnlineTracker, PlainSiameseTracker
from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import moving_target
from training.backbones.backbone import Backbone
from training.backbones.backbone_config import BACKBONES
from training.backbones.choice import load_backbone
from training.device import pick_device
from training.network.inference import for_inference
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.tracking.interface import Box, Frame, Tracker
from training.tracking.online.online_config import OnlineConfig
from training.tracking.online.region import batch, cut
from training.tracking.online.tracker import OnlineTracker
from training.tracking.siamese import SiameseTracker
from training.tracking.siamese_config import SiameseConfig
from training.tracking.video.source import open_source

TURN = 8
"""Frames of a turn: one tracker goes on learning while the next frame is prepared."""

PROFILED = 20
"""Frames of which a GPU's work is profiled."""


def network_pass(network: SiameseNetwork, images: int, device: torch.device) -> Callable[[], object]:
    """One pass over that many search regions."""
    batch_of = torch.rand(images, 255, 255, 3, device=device).mul(255).permute(0, 3, 1, 2)

    def call() -> object:
        with torch.inference_mode():
            return network.embed(batch_of)

    return call


def backbone_pass(tracker: OnlineTracker, frame: Frame) -> Callable[[], object]:
    """One pass of the backbone over the region that an initialised tracker searches."""
    size = np.array(tracker.geometry.target) * 4.0
    image = batch([cut(frame, size, size, tracker.geometry, tracker.backbone)])
    return lambda: tracker.backbone.features(image)


def turn_seconds(
    calls: dict[str, list[Callable[[], object]]],
    device: torch.device,
    ends: Mapping[str, Callable[[], None]] | None = None,
) -> dict[str, list[float]]:
    """Seconds a call, of every turn of `TURN` calls but the first.

    A turn ends when all is done: the contender's own function of `ends` is called, and a GPU is waited for. On a GPU,
    last calls are profiled, and a table of them is printed.
    """
    last = PROFILED if device.type == "cuda" else 0
    times: dict[str, list[float]] = {name: [] for name in calls}
    rounds = min(len(turns) for turns in calls.values()) - last
    if rounds < 2 * TURN:
        raise SystemExit(f"error: too few frames for two turns. Give --frames {2 * TURN + last + 1} or more")
    for begin in range(0, rounds - TURN + 1, TURN):
        for name, turns in calls.items():
            end = (ends or {}).get(name, lambda: None)

            def turn(some: Sequence[Callable[[], object]] = turns[begin : begin + TURN]) -> None:
                for call in some:
                    call()
                end()  # noqa: B023 - called at once
                wait(device)

            times[name].append(timed(turn) / TURN)
    times = {name: values[1:] for name, values in times.items()}
    if last:
        rows = []
        for name, turns in calls.items():
            done = kernels(turns[rounds : rounds + last], device)
            computing = sum(seconds for _, seconds in done) / last
            share = computing / statistics.fmean(times[name])
            rows.append([name, f"{1e3 * computing:.2f}", f"{share:.0%}", f"{len(done) / last:.0f}"])
        show()
        table(["", "GPU computes, ms a frame", "share of the time", "kernels a frame"], *rows)
    return times


def updates(tracker: Tracker, frames: list[Frame], box: Box) -> list[Callable[[], object]]:
    """Initialise, then one call per later frame."""
    tracker.init(frames[0], box)
    return [lambda frame=frame: tracker.update(frame) for frame in frames[1:]]  # type: ignore[misc]


def report(title: str, seconds: dict[str, list[float]], pairs: dict[str, str]) -> None:
    """Print a table, a row a contender; `pairs`: a tracker -> its network alone."""
    rows = []
    for name, values in seconds.items():
        middle, mean = statistics.median(values), statistics.fmean(values)
        compared = ["", "", ""]
        if alone := pairs.get(name):
            compared = [
                f"{statistics.median(seconds['plain']) / middle:.2f}",
                f"{middle / statistics.median(seconds[alone]):.2f}",
                f"{mean / statistics.fmean(seconds[alone]):.2f}",
            ]
        rows.append([name, f"{middle * 1e3:.1f}", f"{mean * 1e3:.1f}", f"{1 / mean:.1f}", *compared])
    show(f"\n{title}; with all of these in it the process takes {megabytes('VmHWM'):.0f} MB at the most")
    heads = ["median ms", "mean ms", "frames/s (mean)", "x plain", "x its network", "(means)"]
    table(["", *heads], *rows)


def siamese(frames: list[Frame], box: Box, title: str, device: torch.device) -> None:
    """Time the Siamese trackers, plain and ours, and print the table."""
    torch.manual_seed(0)
    network = SiameseNetwork(NetworkConfig(width=1.0)).eval().to(device)
    fast = for_inference(network).to(device)
    rounds = len(frames) - 1
    search = SiameseTracker(fast, SiameseConfig(pyramid="search"), device=device)
    calls: dict[str, list[Callable[[], object]]] = {
        "plain": updates(PlainSiameseTracker(network, device), frames, box),
        "ours, search pyramid": updates(search, frames, box),
        "network, 3 regions": [network_pass(fast, 3, device)] * rounds,
        "ours": updates(SiameseTracker(fast, device=device), frames, box),
        "network, 1 region": [network_pass(fast, 1, device)] * rounds,
    }
    pairs = {"ours, search pyramid": "network, 3 regions", "ours": "network, 1 region"}
    report(f"Siamese, {title}", turn_seconds(calls, device), pairs)


def online(backbone: Backbone, config: OnlineConfig, frames: list[Frame], box: Box, title: str) -> None:
    """Time the online trackers, plain and ours, and print the table."""
    device = backbone.device
    OnlineTracker(backbone, config).init(frames[0], box)  # a GPU chooses its algorithms
    tracker = OnlineTracker(backbone, config)
    first = timed(lambda: (tracker.init(frames[0], box), wait(device)))
    turns, answers = updates(tracker, frames, box), []
    calls: dict[str, list[Callable[[], object]]] = {
        "plain": updates(PlainOnlineTracker(backbone, config), frames, box),
        "online": [lambda turn=turn: answers.append(timed(turn)) for turn in turns],  # type: ignore[misc]
        "backbone alone": [backbone_pass(tracker, frames[0])] * len(turns),
    }
    title = f"Online, {backbone.name} in {backbone.dtype}, {title}".replace("torch.", "")
    times = turn_seconds(calls, device, {"online": tracker._second.wait})
    learnt = tracker._memory._added / len(turns)
    report(title, times, {"online": "backbone alone"})
    latency = 1e3 * statistics.median(answers)
    show(f"first frame {first:.2f} s; box after {latency:.1f} ms; {learnt:.0%} of the frames learnt from")


def main() -> None:
    both = ["siamese", "online"]
    chosen = options(
        __doc__,
        ("--frames", 41, "of each sequence", {}),
        ("--threads", 2, "of torch and OpenCV", {}),
        ("--trackers", both, "which", {"type": str, "choices": both, "nargs": "+"}),
        ("--device", "cpu", "auto, cpu, cuda", {}),
        ("--network", "squeezenet", "backbone of the online tracker", {"choices": tuple(PROFILES)}),
        ("--backbone", None, "its weights; random ones otherwise", {"type": Path}),
        ("--precision", "float32", "of the backbone", {"choices": ("float32", "bfloat16")}),
        ("--sequence", None, "folder of images for the online tracker, with --box", {"type": Path}),
        (
            "--box",
            None,
            "x,y,w,h",
            {"type": lambda text: np.array([float(value) for value in text.split(",")])},
        ),
    )
    torch.set_num_threads(chosen.threads)
    cv2.setNumThreads(chosen.threads)
    device = pick_device(chosen.device)
    if device.type == "cuda":
        show(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}")
    for height, width in ((480, 640), (720, 1280)) if "siamese" in chosen.trackers else ():
        frames, boxes = moving_target(
            chosen.frames, shape=(height, width), size=(80, 70), start=(200.0, 150.0), velocity=(2.0, 1.0)
        )
        siamese(frames, boxes[0], f"{width} x {height}", device)
    if "online" in chosen.trackers:
        config = track_settings(profiles=[PROFILES[chosen.network]]).online
        online(backbone_of(chosen, device), config, *scene_of(chosen))


def scene_of(options: argparse.Namespace) -> tuple[list[Frame], Box, str]:
    """Frames, first box and title for the online trackers: the images of --sequence, or generated."""
    if not options.sequence:
        frames, boxes = moving_target(
            options.frames, shape=(360, 640), size=(80, 70), start=(200.0, 150.0), velocity=(2.0, 1.0)
        )
        return frames, boxes[0], "generated, 640 x 360"
    source = open_source(options.sequence)
    frames = [
        frame for frame, _ in zip(source.frames, range(options.frames), strict=False) if frame is not None
    ]
    return frames, options.box, f"{options.sequence.name}, {frames[0].shape[1]} x {frames[0].shape[0]}"


def backbone_of(options: argparse.Namespace, device: torch.device) -> Backbone:
    """The network of --network with its weights, or with random ones."""
    precision = options.precision
    if options.backbone:
        return load_backbone(options.network, options.backbone, precision=precision, device=device)
    kind = BACKBONES[options.network]
    return kind(random_weights(options.network), kind.caffe, precision=precision, device=device)


if __name__ == "__main__":
    main()
