"""Articulated bodies: in one piece, in reach, and moving in the limbs while the whole stands still."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from curation.sample.layers import Pose
from curation.sample.puppets import PUPPETS, Puppet, draw_puppet
from curation.sample.textures import TRAINING_PATTERNS, Family


def puppet(kind: str, seed: int, swing: float, monkeypatch: pytest.MonkeyPatch) -> Puppet:
    monkeypatch.setattr("curation.sample.puppets.PUPPETS", {kind: PUPPETS[kind]})
    rng = np.random.default_rng(seed)
    drawn, body = draw_puppet(rng, [Family.draw(rng, TRAINING_PATTERNS, mixed=True) for _ in range(3)], swing)
    assert drawn == kind
    return body


@pytest.mark.parametrize("kind", sorted(PUPPETS))
def test_a_puppet_is_about_as_large_as_its_pose_says_and_in_one_piece(kind, monkeypatch):
    for seed in range(6):
        layer = puppet(kind, seed, 40.0, monkeypatch).show(Pose(100.0, 90.0, 80.0), 7)
        rows, columns = np.nonzero(layer.mask)
        assert 30 <= max(np.ptp(rows), np.ptp(columns)) <= 120
        assert abs(columns.mean() + layer.left - 100) < 25
        assert abs(rows.mean() + layer.top - 90) < 25
        count, labels = cv2.connectedComponents(layer.mask.astype(np.uint8))
        largest = max(np.count_nonzero(labels == label) for label in range(1, count))
        assert largest > 0.9 * np.count_nonzero(layer.mask)


@pytest.mark.parametrize("kind", ["person", "quadruped"])
def test_limbs_swing_with_time(kind, monkeypatch):
    body = puppet(kind, 1, 40.0, monkeypatch)
    first, later = (body.show(Pose(100.0, 90.0, 80.0), frame) for frame in (0, 8))
    one, two = (np.zeros((200, 220), bool) for _ in range(2))
    for canvas, layer in ((one, first), (two, later)):
        rows, columns = layer.mask.shape
        canvas[layer.top : layer.top + rows, layer.left : layer.left + columns] = layer.mask
    overlap = np.count_nonzero(one & two) / np.count_nonzero(one | two)
    assert 0.4 < overlap < 0.97


def test_turning_the_whole_turns_every_part(monkeypatch):
    body = puppet("person", 2, 20.0, monkeypatch)
    upright, lying = (body.show(Pose(100.0, 90.0, 80.0, angle=angle), 0) for angle in (0.0, 90.0))
    tall, wide = (np.ptp(axis) for axis in np.nonzero(upright.mask))
    turned_tall, turned_wide = (np.ptp(axis) for axis in np.nonzero(lying.mask))
    assert tall > 1.3 * wide
    assert turned_wide == pytest.approx(tall, abs=4)
    assert turned_tall == pytest.approx(wide, abs=4)
