"""Maps of one coordinate: the spline, and the affine maps against their formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.networks.spline import forward, inverse, num_parameters
from inversion.networks.transformer import Affine, BoundedAffine, Spline

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("transformer", [Spline(5, 4.0), Affine(), BoundedAffine(0.1)])
def test_a_transformer_is_the_identity_at_zero_and_its_slope_the_derivative(transformer):
    num = transformer.num_parameters
    x = jnp.linspace(-5, 5, 41)
    y, log_slope = transformer.forward(x, jnp.zeros((num, 41)))
    np.testing.assert_allclose(y, x, atol=1e-9)
    np.testing.assert_allclose(log_slope, 0.0, atol=1e-9)
    parameters = 3 * jax.random.normal(jax.random.key(0), (num, 41))
    y, log_slope = transformer.forward(x, parameters)
    slope = jax.vmap(jax.grad(lambda x, p: transformer.forward(x, p)[0]))(x, parameters.T)
    np.testing.assert_allclose(jnp.log(slope), log_slope, atol=1e-9)
    back, log_slope_back = transformer.inverse(y, parameters)
    np.testing.assert_allclose(back, x, atol=1e-8)
    np.testing.assert_allclose(log_slope_back, -log_slope, atol=1e-8)


def test_affine_scales():
    raw = np.array([-1e4, -3.0, 0.0, 2.0, 1e4])
    parameters = jnp.stack([jnp.asarray(raw), jnp.full(5, 0.7)])
    y, log_scale = Affine().forward(jnp.full(5, 2.0), parameters)
    expected = np.log1p(np.exp(np.arcsinh(raw) + np.log(np.e - 1)))
    np.testing.assert_allclose(jnp.exp(log_scale), expected, rtol=1e-6)
    np.testing.assert_allclose(y, 2 * expected + 0.7, rtol=1e-6)
    y, log_scale = BoundedAffine(0.1).forward(jnp.full(5, 2.0), parameters)
    expected = 2 * 0.1 / np.pi * np.arctan(raw / 0.1)
    np.testing.assert_allclose(log_scale, expected, rtol=1e-9)
    np.testing.assert_allclose(y, 2 * np.exp(expected) + 0.7, rtol=1e-9)
    assert jnp.abs(log_scale).max() < 0.1


def test_spline_is_the_identity_at_zero_and_outside():
    zero = jnp.zeros(num_parameters(5))
    for x in (-7.0, -4.0, -1.3, 0.0, 3.9, 9.0):
        y, log_slope = forward(jnp.asarray(x), zero, 4.0)
        np.testing.assert_allclose([y, log_slope], [x, 0.0], atol=1e-9)


def test_spline_is_monotone_and_continuous():
    parameters = 3 * jax.random.normal(jax.random.key(2), (num_parameters(5),))
    x = jnp.linspace(-5, 5, 2_001)
    y, log_slope = jax.jit(jax.vmap(lambda x: forward(x, parameters, 4.0)))(x)
    assert (jnp.diff(y) > 0).all()
    assert jnp.abs(y - x)[jnp.abs(x) >= 4].max() == 0
    slope = jax.jit(jax.vmap(jax.grad(lambda x: forward(x, parameters, 4.0)[0])))(x)
    np.testing.assert_allclose(jnp.log(slope), log_slope, atol=1e-9)
    back, _ = jax.jit(jax.vmap(lambda y: inverse(y, parameters, 4.0)))(y)
    np.testing.assert_allclose(back, x, atol=1e-8)


def test_a_spline_of_many_values_is_the_spline_of_each():
    parameters = jax.random.normal(jax.random.key(3), (num_parameters(5), 2, 9))
    x = 3 * jax.random.normal(jax.random.key(4), (2, 9))
    for function in (forward, inverse):
        for got, expected in zip(
            function(x, parameters, 4.0),
            jax.vmap(jax.vmap(lambda x, p: function(x, p, 4.0), (0, 1)), (0, 1))(x, parameters),  # noqa: B023
            strict=True,
        ):
            np.testing.assert_allclose(got, expected, atol=1e-12)
