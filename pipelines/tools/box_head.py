"""Train a box head, which corrects the online tracker's boxes, on the crops of this pipeline.

    pip install -e ".[features]" -c constraints.txt
    python -m pipelines profile large online-efficientnet && dvc repro imdb
    python -m pipelines box_head --out models/box_head.safetensors
    python -m pipelines profile --set track.online.refine.weights=models/box_head.safetensors
It is for the backbone that params.yaml names. Any dataset that the pipeline curates will do.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import InputError
from curation.files import digest
from pipelines import parameters, paths, settings

if TYPE_CHECKING:
    from training.batches.pair_dataset import PairDataset

log = logging.getLogger(__name__)

PAIRS, VALIDATION_PAIRS, STEPS = 18_000, 500, 3_500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="where to write it: *.safetensors"
    )
    parser.add_argument(
        "--pairs",
        type=int,
        default=PAIRS,
        help="pairs to learn from (%(default)s; each takes 100 KB of memory)",
    )
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of 64 pairs (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (%(default)s)")


def run(options: argparse.Namespace) -> None:
    from pipelines.train import imdb_files
    from training.backbones.choice import choose_backbone
    from training.boxes.box_pairs import draw_box_pairs
    from training.boxes.box_training import box_errors, train_box_network, with_components
    from training.tracking.online.box_network import save_box_network
    from training.tracking.video.output_places import check_place

    if min(options.pairs, options.steps) < 1:
        raise InputError("--pairs and --steps are at least 1", do="Leave them out for the usual numbers")
    if not 0 <= options.seed < 2**63:
        raise InputError(f"--seed {options.seed} is not from 0 to 2^63 - 1", do="Leave it out for 0")
    if options.out.suffix != ".safetensors":
        raise InputError(f"--out {options.out}: the file is a .safetensors", do="Name it so")
    if options.out.exists():
        raise InputError(f"--out {options.out} is there already", do="Give another name, or delete it")
    out = check_place(options.out)
    runtime, config = settings.load(), parameters.load("track")
    cells = config.online.region.target_cells
    backbone = choose_backbone(config.backbone, trained=paths.WEIGHTS, file=runtime.backbone_file)
    files = imdb_files()
    pairs, components = draw_box_pairs(
        _dataset(files.train, options.seed), backbone, options.pairs, target_cells=cells, disturbed=True
    )
    network = train_box_network(pairs, steps=options.steps, seed=options.seed)
    others, _ = draw_box_pairs(
        _dataset(files.validation, options.seed),
        backbone,
        min(VALIDATION_PAIRS, options.pairs),
        target_cells=cells,
        disturbed=False,
        components=components,
    )
    errors = asdict(box_errors(network, others))
    metadata = {
        "backbone": backbone.name,
        "imdb": digest(files.train.read_bytes()),
        "pairs": options.pairs,
        "steps": options.steps,
        "seed": options.seed,
        "validation": {name: [round(value, 4) for value in both] for name, both in errors.items()},
    }
    save_box_network(out, with_components(network, components), metadata)
    for name, (before, after) in errors.items():
        sys.stdout.write(f"{name}: mean error {before:.4f} -> {after:.4f}\n")
    sys.stdout.write(f"{options.out}\n")


def _dataset(path: Path, seed: int) -> PairDataset:
    """The pairs of a split, as they are, from whatever part."""
    from curation.imdb import load_imdb
    from training.batches.augmentation import NONE
    from training.batches.pair_dataset import PairDataset
    from training.batches.pairs import PairSampler

    config = replace(parameters.load("train").pairs, parts={}, both_ways=False)
    sampler = PairSampler(load_imdb(path), paths.CROPS, config, name=path.name)
    return PairDataset(sampler, config, NONE, seed=seed, batch=1, steps=1)
