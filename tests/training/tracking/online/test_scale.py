"""Sizes are found from two images and what the map of responses says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.tracking.scenes import moving_target
from training.tracking.online.features import Reduction
from training.tracking.online.head import Head
from training.tracking.online.online_config import ReductionConfig, RegionConfig, ScaleConfig
from training.tracking.online.region import batch, cut, plan
from training.tracking.online.scale import SizeSearch
from training.tracking.online.second_thread import SecondThread
from training.tracking.windows import centre_and_size


@pytest.fixture(params=["squeezenet", "siamese"])
def found(request):
    """A frame, the target's centre and size, a search for a head that is the target itself, and the response."""
    backbone = request.getfixturevalue(request.param)
    [frame], [box] = moving_target(1, size=(60, 48), start=(90.0, 70.0))
    centre, size = centre_and_size(box)
    geometry = plan(size, RegionConfig())
    shallow, deep = backbone.features(batch([cut(frame, centre, size, geometry, backbone)]))
    reduction = Reduction(ReductionConfig(), shallow, deep)
    features = reduction.reduce(shallow, deep)
    head = Head(reduction.channels, geometry.kernel, geometry.cells, device=torch.device("cpu"))
    top, left = ((side - own) // 2 for side, own in zip(geometry.cells, geometry.kernel, strict=True))
    head.weight = features[0, :, top : top + geometry.kernel[0], left : left + geometry.kernel[1]].clone()
    head.weight /= (head.weight**2).sum()
    response = float(head.respond(head.spectra(features))[0, top, left])
    config, second = ScaleConfig(penalty=1.0, damping=1.0), SecondThread(backbone.device)
    search = SizeSearch(geometry, backbone, reduction, head, config, second)
    return frame, centre, size, search, response


def test_the_response_is_one_where_the_head_is_the_target(found):
    assert found[-1] == pytest.approx(1.0, abs=1e-3)


def test_the_right_size_stays_and_wrong_ones_are_corrected(found):
    frame, centre, size, search, response = found
    search.calibrate(frame, centre, size, response)
    assert search.change(frame, centre, size, response) == pytest.approx(1.0, abs=0.025)
    for factor in (0.95, 1.05):
        [there] = search._responses(frame, centre, [size * factor])
        change = search.change(frame, centre, size * factor, there / search._alone)
        assert abs(np.log(change * factor)) < abs(np.log(factor))


def test_calibration_is_the_share_of_the_response_that_is_left_when_cut_alone(found):
    frame, centre, size, search, response = found
    [alone] = search._responses(frame, centre, [size])
    search.calibrate(frame, centre, size, response)
    assert search._alone == pytest.approx(alone / response)
    for useless in (0.0, -0.2):
        search.calibrate(frame, centre, size, useless)
        assert search._alone == pytest.approx(alone / response)
    search.calibrate(frame, centre, size, 1e-6)
    assert search._alone == 2.0


def test_no_factor_is_beyond_a_step(found):
    frame, centre, size, search, _ = found
    changes = [search.change(frame, centre, size, response) for response in (-5.0, 5.0)]
    assert 1 / 1.06 <= min(changes) <= max(changes) <= 1.06
    assert changes[1] == pytest.approx(1.0, abs=0.01)
