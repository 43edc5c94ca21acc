"""Settings that benchmarks take from params.yaml, so that they measure what is shipped."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines import parameters
from pipelines.tools.profile import overlay, read_profile, single
from training.tracking.track_config import TrackConfig

PROFILES = {
    "squeezenet": "online",
    "squeezenet1_1": "online",
    "efficientnet_lite0": "online-efficientnet",
    "vgg16": "online-vgg16",
}
"""Backbone -> profile with its settings."""


def track_settings(*, profiles: Iterable[str] = (), changes: Iterable[str] = ()) -> TrackConfig:
    """`track` of params.yaml under those profiles, with `key=value` changes of its keys."""
    layers = [read_profile(name) for name in profiles] + [single(f"track.{text}") for text in changes]
    text = overlay(parameters.FILE.read_text(encoding="utf-8"), layers)
    track: TrackConfig = parameters.build(
        "track", parameters.parse(text, "params.yaml")["track"], "params.yaml"
    )
    return track
