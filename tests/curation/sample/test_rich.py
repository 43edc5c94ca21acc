"""The rich world with a bad camera (what the large profile asks for): same promises as the plain one."""

from __future__ import annotations

import numpy as np
import pytest

from curation.layouts.vid_layout import SUBSETS
from curation.parallel import Workers
from curation.sample.sample_config import CameraConfig, SampleConfig, WorldConfig
from curation.sample.training_set import generate_vid
from tests.curation.sample.trees import contents
from tests.curation.trees import annotate_tree

ONE = Workers(jobs=1)


@pytest.fixture(scope="module")
def rich() -> SampleConfig:
    return SampleConfig(
        videos_per_subset=2,
        frames=10,
        world=WorldConfig(textures="mixed", clutter=0.7, limbs=40.0, shadows=0.6, smallest=0.1, largest=0.45),
        camera=CameraConfig(
            shake=2.0,
            motion_blur=0.7,
            defocus=1.6,
            noise=10.0,
            exposure=0.5,
            colour=0.15,
            resolution=0.4,
            worst_quality=35,
        ),
    )


def test_it_is_annotated_like_the_plain_one_and_the_same_for_any_number_of_workers(tmp_path, rich):
    generate_vid(tmp_path / "first", rich, ONE)
    generate_vid(tmp_path / "second", rich, Workers(jobs=2))
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    classes, sides = set(), []
    for subset in SUBSETS:
        document, skipped = annotate_tree(tmp_path / "first", subset)
        assert skipped.skipped == 0
        for video in document["videos"].values():
            for track in video["tracks"]:
                classes.add(track["class"])
                sides += [np.sqrt(width * height) for _, _, width, height in track["boxes"]]
    assert len(classes) >= 4
    assert max(sides) > 4 * min(sides), "small and large objects"


def test_it_is_another_world_than_the_plain_one_from_the_same_seed(tmp_path, rich, tiny):
    generate_vid(tmp_path / "rich", rich, ONE)
    generate_vid(tmp_path / "plain", tiny, ONE)
    name = "Data/VID/val/ILSVRC2015_val_00000000/000000.JPEG"
    assert contents(tmp_path / "rich")[name] != contents(tmp_path / "plain")[name]
