"""Pairs cut from crops that PySOT's and SiamFC-PyTorch's scripts made: the object lies where the labels expect it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.classic.importer import import_classic
from curation.crops.crop_config import CropConfig
from curation.imdb import load_imdb, split_file
from curation.parallel import Workers
from tests.curation.classic.loose_trees import context_side, moving, write_pysot, write_siamfc
from training.batches.augmentation import NONE, AugmentationConfig
from training.batches.label_config import LabelConfig
from training.batches.network_input import labels
from training.batches.pair_dataset import PairDataset
from training.batches.pairs import PairConfig, PairSampler
from training.network.image_sides import STRIDE, response_size

FORMS: dict[str, tuple[str, int, float]] = {
    "PySOT": ("pysot", 511, 0.6),
    "PySOT with crops of 255": ("pysot", 255, 0.6),
    "SiamFC-PyTorch": ("siamfc", 255, 3.0),
    "SiamFC-PyTorch with a margin": ("siamfc", 321, 3.0),
}
"""Form, side of its search crops, and how far from the middle the object may be, in pixels of the search region: its
scripts put SiamFC-PyTorch's up to one and a half pixels of the frame off, which are up to twice as many there."""


def dataset(tree: Path, form: str, size: int, augmentation: AugmentationConfig, search: int) -> PairDataset:
    """Batches of pairs of an imported tree of one video."""
    tracks = moving()
    if form == "pysot":
        write_pysot(tree, {"train": {"a/video": tracks}}, size=size)
    else:
        write_siamfc(tree / "crops", {"video": tracks}, size=size)
    place = tree if form == "pysot" else tree / "crops"
    out = (tree / "shards", tree / "imdb")
    import_classic(place, place, CropConfig(), *out, form=form, val_fraction=0.0, workers=Workers(jobs=1))
    pairs = PairConfig(search_size=search)
    sampler = PairSampler(load_imdb(split_file(out[1], "train")), out[0], pairs, name="train")
    return PairDataset(sampler, pairs, augmentation, seed=0, batch=8, steps=3)


def discs(images: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of each image, the centre (x, y) of what is bright, from the image's centre, and its radius."""
    centres, radii = [], []
    for image in images.numpy():
        grey = image.mean(axis=2)
        bright = np.clip(grey - 128, 0, None)  # what fills the border is darker
        rows, columns = np.indices(bright.shape) - (np.array(bright.shape)[:, None, None] - 1) / 2
        centres.append([(columns * bright).sum() / bright.sum(), (rows * bright).sum() / bright.sum()])
        radii.append(np.sqrt((grey > 147).sum() / np.pi))
    return np.array(centres), np.array(radii)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("search", [239, 255])
def test_the_object_is_where_the_offset_says(name: str, search: int, tmp_path: Path) -> None:
    form, size, tolerance = FORMS[name]
    pairs = dataset(tmp_path, form, size, AugmentationConfig(), search)
    farthest = 0.0
    for number in range(3):
        batch = pairs.load(number)
        assert batch.exemplar.shape == (8, 127, 127, 3)
        assert batch.search.shape == (8, search, search, 3)
        centre = discs(batch.search)[0]
        assert np.abs(centre - batch.offset.numpy()).max() < tolerance
        assert np.abs(discs(batch.exemplar)[0]).max() < tolerance
        farthest = max(farthest, float(batch.offset.abs().max()))
        side = response_size(127, search)
        cells = labels(batch, side, LabelConfig()).flatten(1).argmax(1).numpy()
        peak = np.stack([cells % side, cells // side], axis=1) - (side - 1) / 2
        assert np.abs(STRIDE * peak - centre).max() <= STRIDE / 2 + tolerance
    assert farthest > 8, "targets are shifted, so that a sign that is wrong shows"


@pytest.mark.parametrize("name", FORMS)
def test_exemplar_and_search_region_have_the_scale_of_the_exemplar(name: str, tmp_path: Path) -> None:
    form, size, _ = FORMS[name]
    pairs = dataset(tmp_path, form, size, NONE, 255)
    batch, imdb = pairs.load(0), pairs.sampler.imdb
    for images, column in ((batch.exemplar, 0), (batch.search, 1)):
        for radius, instance in zip(discs(images)[1], batch.instances[:, column].tolist(), strict=True):
            track = imdb.track_id[pairs.sampler.track_of(instance)]
            x1, y1, x2, y2 = moving()[int(track)][int(imdb.frame[instance])]
            side = min(x2 - x1, y2 - y1)
            expected = side / 4 * 127 / context_side(x2 - x1, y2 - y1)
            assert radius == pytest.approx(expected, rel=0.03)
