"""A convolution with its activation in one pass: the values of two passes, and on processors that can, one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from training.backbones import convolution
from training.backbones.convolution import convolve

FORMS = [(24, 32, 3, 2, 1), (32, 32, 3, 1, 32), (16, 96, 1, 1, 1), (48, 48, 5, 2, 48)]
"""Channels in and out, kernel, stride, groups."""


@pytest.mark.parametrize("then", ["none", "relu", "relu6"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_one_pass_gives_the_values_of_two(then, form, precision):
    inputs, outputs, side, stride, groups = form
    torch.manual_seed(0)
    images = 3 * torch.randn(2, inputs, 33, 29).to(precision, memory_format=torch.channels_last)
    weight = torch.randn(outputs, inputs // groups, side, side).to(
        precision, memory_format=torch.channels_last
    )
    bias = torch.randn(outputs).to(precision)
    with torch.inference_mode():
        maps = F.conv2d(images, weight, bias, stride, side // 2, groups=groups)
        expected = {"none": maps, "relu": maps.relu(), "relu6": F.relu6(maps)}[then]
        found = convolve(images, weight, bias, stride=stride, padding=side // 2, groups=groups, then=then)
    assert found.dtype == precision
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, expected)


def test_bfloat16_takes_one_pass_where_the_processor_can():
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor does not multiply bfloat16")
    images = torch.ones(1, 3, 9, 9)
    assert convolution._fuses(images.bfloat16())
    assert not convolution._fuses(images)
