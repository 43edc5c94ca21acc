"""Training steps: `python -m tests.bench.steps`, on a GPU where there is one (`--device`, `--width`, `--batch`).

- step: pairs/s and milliseconds of a whole step (to the device, network, loss, backward, update), by precision;
  its share of the roofline: the arithmetic of the network's convolutions and products over the time of a step,
  against the fastest large matrix product that this device was seen to do in the same precision
- on a GPU: the kernels that a bfloat16 step spends most time in
- end to end: pairs/s of steps fed by the loader from shards, and the device's utilisation: the share of the
  wall clock that the same steps take without a loader. Below 1 the loader is what bounds training.
- on a CPU, beside other busy processes: how OpenMP's threads should wait for each other (they are read when
  torch is loaded, so each way runs in a process of its own, taking turns)
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from curation.crops.geometry import SIAMFC
from curation.imdb import load_imdb
from tests.bench.gpu import kernels, wait
from tests.bench.pairs import EVERYTHING, PAIRS, generate
from training.batches.batch import PairBatch
from training.batches.labels import LabelConfig
from training.batches.network_input import move
from training.batches.pair_loader import PairDataset, load_batches
from training.batches.pairs import PairSampler
from training.device import pick_device
from training.losses import LossConfig, build_loss
from training.network.siamese_network import NetworkConfig, SiameseNetwork
from training.trainer.distributed import Group
from training.trainer.learner import Learner, OptimiserConfig, PrecisionConfig

RATE = 1e-4
WAYS = {
    "torch's own (spin)": {},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
    "GOMP_SPINCOUNT=10000": {"GOMP_SPINCOUNT": "10000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
"""Ways in which the threads of a CPU may wait, as environment variables."""


def learner(device: torch.device, width: float, precision: PrecisionConfig) -> Learner:
    torch.manual_seed(0)
    return Learner(
        SiameseNetwork(NetworkConfig(width=width)),
        build_loss(LossConfig()),
        label=LabelConfig(),
        optimiser=OptimiserConfig(),
        precision=precision,
        ema=0.0,
        group=Group(),
        device=device,
    )


def random_batch(size: int) -> PairBatch:
    z, x = SIAMFC.exemplar_size, PAIRS.search_size
    return PairBatch(
        torch.randint(0, 256, (size, z, z, 3), dtype=torch.uint8),
        torch.randint(0, 256, (size, x, x, 3), dtype=torch.uint8),
        torch.zeros(size, 2),
        torch.tensor([0.0, 1.0, 1.0]).expand(size, 2, 3).clone(),
        torch.zeros(size, 2, dtype=torch.int64),
    )


def step_seconds(trained: Learner, batch: PairBatch, steps: int) -> float:
    """Seconds of a step, the median of blocks of steps; the device is waited for at the end of each block."""
    device, block, times = trained.device, 4, []
    for number in range(2 + max(1, steps // block)):
        start = time.perf_counter()
        for _ in range(block):
            trained.step(move(batch, device), RATE)
        wait(device)
        if number >= 2:  # the first blocks choose algorithms, or compile
            times.append((time.perf_counter() - start) / block)
    return statistics.median(times)


def step_arithmetic(trained: Learner, batch: PairBatch) -> int:
    """Floating-point operations of a step's convolutions and products, forward and backward."""
    counter = FlopCounterMode(display=False)
    with counter:
        trained.step(move(batch, trained.device), RATE)
    return int(counter.get_total_flops())


def peak(device: torch.device, kind: torch.dtype) -> float:
    """Operations a second of the fastest of several large matrix products."""
    side = 8192 if device.type == "cuda" else 1536
    left = torch.randn(side, side, device=device, dtype=kind)
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        left @ left
        wait(device)
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best


def measure_steps(device: torch.device, width: float, batch_size: int, steps: int) -> None:
    where = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    )
    show(f"width {width:g}, batch {batch_size}, {device.type} ({where}), torch {torch.__version__}")
    show(f"{'precision':28}{'pairs/s':>10}{'ms a step':>11}{'TFLOP/s':>10}{'of the roofline':>17}")
    batch = random_batch(batch_size)
    if device.type == "cuda":
        batch = PairBatch(*(tensor.pin_memory() for tensor in batch))
    precisions = {
        "float32": PrecisionConfig(channels_last=False),
        "float32, channels last": PrecisionConfig(),
        "bfloat16, channels last": PrecisionConfig(amp=True),
    }
    if device.type == "cuda":
        precisions["bfloat16, compiled"] = PrecisionConfig(amp=True, compile=True)
    peaks = {kind: peak(device, kind) for kind in (torch.float32, torch.bfloat16)}
    work = step_arithmetic(learner(device, width, PrecisionConfig()), batch)
    for name, precision in precisions.items():
        seconds = step_seconds(learner(device, width, precision), batch, steps)
        share = work / seconds / peaks[torch.bfloat16 if precision.amp else torch.float32]
        figures = (
            f"{batch_size / seconds:10.0f}{1000 * seconds:11.1f}{work / seconds / 1e12:10.2f}{share:16.0%}"
        )
        show(f"{name:28}{figures}")


def measure_kernels(device: torch.device, width: float, batch_size: int, shown: int = 12) -> None:
    """Milliseconds a step of the kernels that take longest."""
    trained, batch = learner(device, width, PrecisionConfig(amp=True)), move(random_batch(batch_size), device)
    step_seconds(trained, batch, 1)
    steps = 5
    totals: dict[str, tuple[float, int]] = {}
    for name, seconds in kernels([lambda: trained.step(batch, RATE)] * steps, device):
        total, times = totals.get(name, (0.0, 0))
        totals[name] = total + seconds, times + 1
    show(f"\n{'ms a step':>10}{'calls':>7}  kernels of a bfloat16 step")
    show(f"{1000 * sum(total for total, _ in totals.values()) / steps:10.2f}{'':7}  all")
    for name, (total, times) in sorted(totals.items(), key=lambda item: -item[1][0])[:shown]:
        show(f"{1000 * total / steps:10.2f}{times / steps:7.0f}  {name[:100]}")


def measure_end_to_end(
    device: torch.device, width: float, batch_size: int, steps: int, workers: list[int]
) -> None:
    precision = PrecisionConfig(amp=device.type == "cuda")
    alone = step_seconds(learner(device, width, precision), random_batch(batch_size), steps)
    show(f"\n{'fed by the loader':28}{'pairs/s':>10}{'utilisation':>13}")
    with tempfile.TemporaryDirectory(prefix="bench_steps_") as name:
        path, _ = generate(Path(name), videos=20, frames=50)
        sampler = PairSampler(load_imdb(path), path.parent / "crops", PAIRS, name=path.name)
        for count in workers:
            first = 2 + 4 * count  # what was loaded ahead while the workers started
            dataset = PairDataset(sampler, PAIRS, EVERYTHING, seed=0, batch=batch_size, steps=steps + first)
            trained = learner(device, width, precision)
            start = 0.0
            pinned = device.type == "cuda"
            batches = load_batches(dataset, range(steps + first), workers=count, pin_memory=pinned)
            for number, batch in enumerate(batches):
                if number == first:
                    wait(device)
                    start = time.perf_counter()
                trained.step(move(batch, device), RATE)
            wait(device)
            seconds = (time.perf_counter() - start) / steps
            show(f"{f'{count} workers':28}{batch_size / seconds:10.0f}{alone / seconds:12.0%}")


def measure_waiting(width: float, batch_size: int, steps: int, rounds: int) -> None:
    cores = os.cpu_count() or 1
    found: dict[tuple[str, int], list[float]] = {(way, busy): [] for way in WAYS for busy in (0, cores)}
    for _ in range(rounds):
        for way, busy in found:
            with beside(busy):
                found[way, busy].append(alone_in_a_process(WAYS[way], width, batch_size, steps))
    show(f"\npairs/s on the CPU, width {width:g}, beside busy processes; median of {rounds}")
    show(f"{'':28}" + "".join(f"{f'{busy} busy':>10}" for busy in (0, cores)))
    for way in WAYS:
        show(f"{way:28}" + "".join(f"{statistics.median(found[way, busy]):10.1f}" for busy in (0, cores)))


def alone_in_a_process(variables: dict[str, str], width: float, batch_size: int, steps: int) -> float:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.bench.steps", "--only-steps", "--device", "cpu"),
            *("--width", str(width), "--batch", str(batch_size), "--steps", str(steps)),
        ],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


@contextmanager
def beside(busy: int) -> Iterator[None]:
    """As many other processes as said, each computing without a pause."""
    others = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(busy)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.terminate()
            other.join()


def _spin() -> None:
    number = 0
    while True:
        number += 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--width", type=float, help="of the network (1 on a GPU, 0.25 on a CPU)")
    parser.add_argument("--batch", type=int, help="pairs of a step (64 on a GPU, 16 on a CPU)")
    parser.add_argument("--steps", type=int, help="of one measurement (200 on a GPU, 12 on a CPU)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each way of waiting, in turn")
    parser.add_argument("--workers", type=int, nargs="+", help="loaders (0 2 4 8, up to the cores)")
    parser.add_argument("--only-steps", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    device = pick_device(options.device)
    fast = device.type == "cuda"
    width = options.width or (1.0 if fast else 0.25)
    batch = options.batch or (64 if fast else 16)
    steps = options.steps or (200 if fast else 12)
    if options.only_steps:
        seconds = step_seconds(learner(device, width, PrecisionConfig()), random_batch(batch), steps)
        show(str(batch / seconds))
        return
    cores = os.cpu_count() or 1
    measure_steps(device, width, batch, steps)
    if fast:
        measure_kernels(device, width, batch)
    measure_end_to_end(
        device, width, batch, steps, options.workers or [n for n in (0, 2, 4, 8) if n <= cores]
    )
    if not fast:
        measure_waiting(width, batch, steps, options.rounds)


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
