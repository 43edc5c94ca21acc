from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from curation.imdb import load_imdb
from training.batches.augmentation import NONE, AugmentationConfig
from training.batches.pair_dataset import PairDataset
from training.batches.pairs import PairSampler
from training.losses import build_loss
from training.network.siamese_network import SiameseNetwork
from training.trainer.distributed import Group
from training.trainer.learner import Learner
from training.trainer.loop import Inputs, TrainConfig
from training.trainer.records import SPEED, copy_pictures, write_picture, write_speed


def test_speed_is_kept_apart(tmp_path: Path) -> None:
    write_speed(tmp_path, {2: 80.04, 1: 100.0})
    assert (tmp_path / SPEED).read_text() == "epoch,pairs_per_second\n1,100.0\n2,80.0\n"


def test_picture_shows_pairs_labels_and_responses(inputs: Inputs, small: TrainConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = Learner(
        SiameseNetwork(small.network),
        build_loss(small.loss),
        label=small.label,
        optimiser=small.optimiser,
        precision=small.precision,
        ema=0.0,
        group=Group(),
        device=torch.device("cpu"),
    )
    sampler = PairSampler(load_imdb(inputs.train), inputs.crops, small.pairs, name="train")
    changed, plain = (
        PairDataset(sampler, small.pairs, how, seed=0, batch=4, steps=3).load(0)
        for how in (AugmentationConfig(shift=10.0, grey=1.0), NONE)
    )
    write_picture(tmp_path / "one", 3, learner, [changed, plain])
    image = cv2.imread(str(tmp_path / "one" / "epoch-003.png"))
    side = small.pairs.search_size
    assert image.shape == (6 * side, 4 * side, 3), "three pairs of each"
    exemplars = [image[top + 24 : top + 119, 24:119] for top in range(0, 6 * side, side)]
    assert all(np.array_equal(found, plain.exemplar[k].numpy()) for k, found in enumerate(exemplars[3:]))
    assert all((found == found[..., :1]).all() for found in exemplars[:3]), "grey, as the network sees it"
    cell = side / 7
    for row, offset in enumerate(changed.offset[:3].tolist()):
        label = image[row * side : (row + 1) * side, 2 * side : 3 * side].astype(int)
        y, x = np.unravel_index(label.sum(2).argmax(), (side, side))  # yellow is the top of the colour map
        assert abs(x + cell / 2 - side / 2 - offset[0]) < cell
        assert abs(y + cell / 2 - side / 2 - offset[1]) < cell
    write_picture(tmp_path / "two", 3, learner, [changed, plain])
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "epoch-008.png").write_bytes(b"of a longer run")
    copy_pictures(tmp_path / "two", tmp_path / "three")
    assert [path.name for path in (tmp_path / "three").iterdir()] == ["epoch-003.png"]
    assert (tmp_path / "one" / "epoch-003.png").read_bytes() == (
        tmp_path / "three" / "epoch-003.png"
    ).read_bytes()
