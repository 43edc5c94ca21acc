from __future__ import annotations

from pipelines import parameters
from tests.bench.configured import track_settings


def test_settings_are_those_of_params_with_profiles_and_changes():
    assert track_settings() == parameters.load("track")
    changed = track_settings(profiles=["online-vgg16"], changes=["online.learn.loss=l2"])
    assert (changed.backbone.name, changed.online.learn.loss) == ("vgg16", "l2")
