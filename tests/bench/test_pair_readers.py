"""Every reader of pairs that the bench compares gives two views of one target, at the published sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tests.bench.pair_data import generate
from tests.bench.pair_readers import BATCH, READERS

PAIRS = 4 * BATCH

# What other packages leave open, or warn of, is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("crops"), videos=5, frames=8)


def channels_last(images):
    """A batch as (B, side, side, 3) uint8, whatever the reader's order and type."""
    images = images if images.shape[-1] == 3 else images.permute(0, 2, 3, 1)
    return images.to(torch.uint8).numpy()


@pytest.mark.parametrize("name", READERS)
def test_pairs_show_one_target(data, name):
    reader = READERS[name]
    if why := reader.missing():
        pytest.skip(why)
    reader.prepare(data, PAIRS)
    batches = list(reader.batches(data, PAIRS, 0))
    pairs = 0
    for batch in batches:
        exemplars, searches = (channels_last(batch[at]) for at in (0, 1))
        assert exemplars.shape[1:] == (127, 127, 3)
        assert searches.shape[1:] == (239, 239, 3)
        for exemplar, search in zip(exemplars, searches, strict=True):
            target, around = exemplar[52:75, 52:75], np.ascontiguousarray(search[80:159, 80:159])
            found = [
                cv2.matchTemplate(around, np.ascontiguousarray(one), cv2.TM_CCOEFF_NORMED).max()
                for one in (target, target[:, ::-1])
            ]
            assert max(found) > 0.7
            pairs += 1
    assert pairs == PAIRS
