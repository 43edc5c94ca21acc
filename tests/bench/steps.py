"""Training steps: `python -m tests.bench.steps`, on a GPU where there is one (`--device`, `--width`, `--batch`).

- step: pairs/s and milliseconds of a whole step (to the device, network, loss, backward, update), by precision;
  its share of the roofline: the arithmetic of the network's convolutions and products over the time of a step,
  against the fastest large matrix product that this device was seen to do in the same precision
- on a GPU: the kernels that a bfloat16 step spends most time in
- end to end: pairs/s of steps fed by the loader from shards, and the device's utilisation: the share of the
  wall clock that the same steps take without a loader. Below 1 the loader is what bounds training.

Memory beside each: what a precision takes at most, on a GPU that of its tensors there; of the loader, all of the
process and its workers.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from curation.crops.geometry import SIAMFC
from curation.imdb import load_imdb
from tests.bench.frame import CORES, options, show, table, timed
from tests.bench.gpu import kernels, peak_megabytes, reset_peak, wait
from tests.bench.memory import watched
from tests.bench.pair_data import generate
from tests.bench.pair_readers import EVERYTHING, PAIRS
from training.batches.batch import PairBatch
from training.batches.label_config import LabelConfig
from training.batches.network_input import move
from training.batches.pair_dataset import PairDataset
from training.batches.pair_loader import load_batches
from training.batches.pairs import PairSampler
from training.device import pick_device
from training.losses import LossConfig, build_loss
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.trainer.configuration import OptimiserConfig, PrecisionConfig
from training.trainer.distributed import Group
from training.trainer.learner import Learner

RATE = 1e-4


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
    device, block = trained.device, 4

    def run() -> None:
        for _ in range(block):
            trained.step(move(batch, device), RATE)
        wait(device)

    times = [timed(run) / block for _ in range(2 + max(1, steps // block))]
    return statistics.median(times[2:])  # the first blocks choose algorithms, or compile


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

    def multiply() -> None:
        left @ left
        wait(device)

    return 2 * side**3 / min(timed(multiply) for _ in range(6))


def measure_steps(device: torch.device, width: float, batch_size: int, steps: int) -> None:
    where = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    )
    show(f"width {width:g}, batch {batch_size}, {device.type} ({where}), torch {torch.__version__}")
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
    rows = []
    for name, precision in precisions.items():
        reset_peak(device)
        seconds, before, most = watched(
            lambda precision=precision: step_seconds(learner(device, width, precision), batch, steps)  # type: ignore[misc]
        )
        share = work / seconds / peaks[torch.bfloat16 if precision.amp else torch.float32]
        figures = f"{batch_size / seconds:.0f}", f"{1000 * seconds:.1f}", f"{work / seconds / 1e12:.2f}"
        memory = peak_megabytes(device, most - before)
        rows.append([name, *figures, f"{share:.0%}", f"{memory:.0f}"])
    table(["precision", "pairs/s", "ms a step", "TFLOP/s", "of the roofline", "+MB"], *rows)


def measure_kernels(device: torch.device, width: float, batch_size: int, shown: int = 12) -> None:
    """Milliseconds a step of the kernels that take longest."""
    trained, batch = learner(device, width, PrecisionConfig(amp=True)), move(random_batch(batch_size), device)
    step_seconds(trained, batch, 1)
    steps = 5
    totals: dict[str, tuple[float, int]] = {}
    for name, seconds in kernels([lambda: trained.step(batch, RATE)] * steps, device):
        total, times = totals.get(name, (0.0, 0))
        totals[name] = total + seconds, times + 1
    all_of_them = sum(total for total, _ in totals.values())
    show()
    table(
        ["kernel of a bfloat16 step", "ms a step", "calls"],
        ["all", f"{1000 * all_of_them / steps:.2f}", ""],
        *(
            [name[:100], f"{1000 * total / steps:.2f}", f"{times / steps:.0f}"]
            for name, (total, times) in sorted(totals.items(), key=lambda item: -item[1][0])[:shown]
        ),
    )


def measure_end_to_end(
    device: torch.device, width: float, batch_size: int, steps: int, workers: list[int]
) -> None:
    precision = PrecisionConfig(amp=device.type == "cuda")
    alone = step_seconds(learner(device, width, precision), random_batch(batch_size), steps)
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench_steps_") as name:
        data = generate(Path(name), videos=20, frames=50)
        sampler = PairSampler(load_imdb(data.imdb), data.folder / "crops", PAIRS, name=data.imdb.name)
        for count in workers:
            trained = learner(device, width, precision)
            seconds, _, most = watched(partial(fed_seconds, trained, sampler, batch_size, steps, count))
            figures = f"{batch_size / seconds:.0f}", f"{alone / seconds:.0%}", f"{most:.0f}"
            rows.append([f"{count} workers", *figures])
    show()
    table(["fed by the loader", "pairs/s", "utilisation", "MB with workers"], *rows)


def fed_seconds(trained: Learner, sampler: PairSampler, batch_size: int, steps: int, workers: int) -> float:
    """Seconds of a step whose batch comes from the loader."""
    first = 2 + 4 * workers  # what was loaded ahead while the workers started
    dataset = PairDataset(sampler, PAIRS, EVERYTHING, seed=0, batch=batch_size, steps=steps + first)
    start, device = 0.0, trained.device
    pinned = device.type == "cuda"
    batches = load_batches(dataset, range(steps + first), workers=workers, pin_memory=pinned)
    for number, batch in enumerate(batches):
        if number == first:
            wait(device)
            start = time.perf_counter()
        trained.step(move(batch, device), RATE)
    wait(device)
    return (time.perf_counter() - start) / steps


def main() -> None:
    whole = {"type": int}
    chosen = options(
        __doc__,
        ("--device", "auto", "auto, cpu, cuda", {}),
        ("--width", None, "of the network: 1 on a GPU, 0.25 on a CPU", {"type": float}),
        ("--batch", None, "pairs of a step: 64 on a GPU, 16 on a CPU", whole),
        ("--steps", None, "of one measurement: 200 on a GPU, 12 on a CPU", whole),
        ("--workers", [n for n in (0, 2, 4, 8) if n <= CORES], "loaders", whole | {"nargs": "+"}),
    )
    device = pick_device(chosen.device)
    fast = device.type == "cuda"
    width = chosen.width or (1.0 if fast else 0.25)
    batch = chosen.batch or (64 if fast else 16)
    steps = chosen.steps or (200 if fast else 12)
    measure_steps(device, width, batch, steps)
    if fast:
        measure_kernels(device, width, batch)
    measure_end_to_end(device, width, batch, steps, chosen.workers)


if __name__ == "__main__":
    main()
