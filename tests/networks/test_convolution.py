"""Layers of images against XLA's convolution and against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.networks.convolution import Convolution, GroupNorm, doubled, drawn, halved, resized


@pytest.mark.parametrize("size", [1, 3, 5])
def test_it_is_the_convolution(size):
    layer = drawn(jax.random.key(0), Convolution(3, 4, size))
    h = jax.random.normal(jax.random.key(1), (7, 5, 3))
    kernel = layer.weight.reshape(size, size, 3, 4)
    expected = jax.lax.conv_general_dilated(
        h[None], kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(layer(h), expected[0], atol=1e-5)


def test_groups_have_mean_zero_and_variance_one():
    h = 3 + 2 * jax.random.normal(jax.random.key(1), (6, 5, 8)) * jnp.arange(1.0, 9.0)
    groups = GroupNorm(8, 4)(h).reshape(30, 4, 2)
    np.testing.assert_allclose(groups.mean((0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(groups.std((0, 2)), 1, atol=1e-3)
    assert GroupNorm(6, 4).groups == 2


def test_sizes():
    h = jnp.arange(24.0).reshape(4, 6, 1)
    np.testing.assert_array_equal(halved(doubled(h)), h)
    np.testing.assert_array_equal(halved(h)[0, 0], h[:2, :2].mean())
    np.testing.assert_array_equal(resized(h, 8, 12), doubled(h))
    assert resized(h, 7, 5).shape == (7, 5, 1)
    assert resized(h, 4, 6) is h


def test_weights_are_drawn_at_their_scale():
    layer = drawn(jax.random.key(0), Convolution(50, 60))
    assert float(layer.weight.std()) == pytest.approx((9 * 50) ** -0.5, rel=0.02)
    assert (layer.bias == 0).all()
    assert (drawn(jax.random.key(0), Convolution(3, 4, scale=0.0)).weight == 0).all()
