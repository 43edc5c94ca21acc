"""The Fourier head against plain convolution and autograd."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from training.tracking.online.head import FAST, Head

CPU = torch.device("cpu")
ODD = st.sampled_from([3, 5, 7, 9])


def made(kernel, cells, channels=3, seed=0):
    torch.manual_seed(seed)
    head = Head(channels, kernel, cells, device=CPU)
    head.weight = torch.randn_like(head.weight)
    head.bias = torch.tensor(0.3)
    return head, torch.randn(2, channels, *cells)


@settings(deadline=None, max_examples=25)
@given(ODD, ODD, st.integers(9, 41), st.integers(9, 41))
def test_responses_are_those_of_a_valid_convolution(kernel_h, kernel_w, height, width):
    head, features = made((kernel_h, kernel_w), (height, width))
    expected = F.conv2d(features, head.weight[None])[:, 0] + head.bias
    assert expected.shape[1:] == head.size
    torch.testing.assert_close(head.respond(head.spectra(features)), expected, atol=1e-4, rtol=1e-4)
    middle = features[..., :kernel_h, :kernel_w]
    torch.testing.assert_close(head.match(middle), expected[:, 0, 0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("kernel", "cells"), [((5, 3), (13, 18)), ((7, 7), (31, 37)), ((3, 5), (9, 257))])
def test_gradients_are_those_of_autograd(kernel, cells):
    head, features = made(kernel, cells)
    weight, bias = head.weight.clone().requires_grad_(), head.bias.clone().requires_grad_()
    response = F.conv2d(features, weight[None])[:, 0] + bias
    slope = torch.randn_like(response)
    response.backward(slope)
    found_weight, found_bias = head.gradient(head.spectra(features), slope)
    torch.testing.assert_close(found_weight, weight.grad, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(found_bias, bias.grad, atol=1e-4, rtol=1e-4)


def test_fast_sizes_have_no_large_prime_factors():
    for size in FAST:
        for prime in (2, 3, 5):
            while size % prime == 0:
                size //= prime
        assert size == 1
