"""The camera: a good one changes nothing, and each fault does what it is named for."""

from __future__ import annotations

import numpy as np
import pytest

from curation.sample.camera import Camera
from curation.sample.sample_config import CameraConfig
from curation.sample.textures import colour, draw_palette, fractal


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    rng = np.random.default_rng(5)
    return colour(fractal(rng, 120, 160), draw_palette(rng, 4, vivid=0.6))


def shots(picture: np.ndarray, config: CameraConfig, seeds: int = 12) -> list[np.ndarray]:
    return [
        Camera(np.random.default_rng(seed), config, 8, 160, 120).expose(picture, 3) for seed in range(seeds)
    ]


def sharpness(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image.astype(float), axis=1)).mean())


def test_a_good_camera_changes_nothing(picture):
    for shot in shots(picture, CameraConfig(), seeds=3):
        assert (shot == picture).all()
    camera = Camera(np.random.default_rng(0), CameraConfig(), 8, 160, 120)
    assert camera.shutter == 0
    assert camera.quality is None


@pytest.mark.parametrize("config", [CameraConfig(defocus=3.0), CameraConfig(resolution=0.3)])
def test_blur_and_lost_resolution_soften_some_videos_and_spare_others(picture, config):
    softened = np.array([sharpness(shot) for shot in shots(picture, config)]) / sharpness(picture)
    assert softened.max() <= 1.01
    assert (softened < 0.85).any()
    assert (softened > 0.98).any()


def test_noise_is_zero_on_average_and_differs_from_frame_to_frame(picture):
    grey = np.full_like(picture, 128)
    deviations = []
    for seed in range(12):
        camera = Camera(np.random.default_rng(seed), CameraConfig(noise=20.0), 8, 160, 120)
        first, second = (camera.expose(grey, frame).astype(float) for frame in (0, 1))
        assert abs(first.mean() - 128) < 1
        deviations.append(first.std())
        if deviations[-1]:
            assert (first != second).mean() > 0.3
    assert 8 < max(deviations) < 25


def test_exposure_and_white_balance_move_levels_and_colours(picture):
    levels = [shot.mean() - picture.mean() for shot in shots(picture, CameraConfig(exposure=0.6))]
    assert min(levels) < -10
    assert max(levels) > 10
    casts = [
        np.ptp(shot.reshape(-1, 3).mean(axis=0) / picture.reshape(-1, 3).mean(axis=0))
        for shot in shots(picture, CameraConfig(colour=0.3))
    ]
    assert max(casts) > 0.15


def test_each_video_has_its_own_jpeg_quality_and_shutter():
    config = CameraConfig(worst_quality=30, motion_blur=0.8)
    cameras = [Camera(np.random.default_rng(seed), config, 8, 160, 120) for seed in range(20)]
    qualities = [camera.quality for camera in cameras]
    assert len(set(qualities)) > 8
    assert min(qualities) >= 30
    assert max(qualities) <= 95
    assert max(camera.shutter for camera in cameras) <= 0.8
