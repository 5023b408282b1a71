"""Pareto smoothing against ArviZ, and its shape against weights whose tail is known."""

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.samplers.pareto import highest_shape, smoothed, smoothed_ascending


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("df", [1.2, 2.0, 4.0, 30.0])
@pytest.mark.parametrize("count", [100, 5000])
def test_it_is_that_of_arviz(df, count):
    rng = np.random.default_rng(0)
    log_weights = np.log(np.abs(rng.standard_t(df, size=count)))
    expected, shape = az.psislw(log_weights, normalize=False)
    found, khat = jax.jit(smoothed)(jnp.asarray(log_weights))
    np.testing.assert_allclose(khat, shape, rtol=1e-9)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    ascending, by_numpy = smoothed_ascending(log_weights)
    np.testing.assert_allclose(by_numpy, shape, rtol=1e-9)
    np.testing.assert_allclose(ascending, np.sort(expected), atol=1e-9)


def test_the_shape_is_that_of_the_tail():
    """A Pareto variable of index a has the shape 1 / a; its estimate from n has a spread of (1 + shape) / sqrt(n)."""
    tail = 3 * 100_000**0.5
    u = np.random.default_rng(1).uniform(size=100_000)
    for shape in (0.25, 0.5, 1.0):
        khat = float(smoothed(jnp.asarray(-shape * np.log(u)))[1])
        assert khat == pytest.approx(shape, abs=3 * (1 + shape) / tail**0.5)


def test_weights_of_nothing_have_no_shape():
    """All but a few weights are 0: nothing is smoothed, and k-hat is as bad as can be."""
    log_weights = jnp.full(1000, -jnp.inf).at[:5].set(0.0)
    found, khat = smoothed(log_weights)
    assert khat == jnp.inf
    np.testing.assert_array_equal(found, log_weights)
    assert smoothed_ascending(np.asarray(log_weights))[1] == np.inf


@pytest.mark.parametrize("spread", [0.0, 1e-7, 1e-6])
def test_weights_that_are_all_but_equal_have_no_tail(spread):
    """Those of an exact posterior, in single precision: many tie."""
    noise = np.random.default_rng(2).normal(size=4000)
    log_weights = (0.1 + np.round(spread * noise, 7)).astype(np.float32)
    for found, khat in (smoothed(jnp.asarray(log_weights)), smoothed_ascending(log_weights)):
        assert khat < 0.5
        np.testing.assert_allclose(found, 0.1, atol=1e-5)


def test_few_weights_have_a_lower_bound():
    assert highest_shape(100) == pytest.approx(0.5)
    assert highest_shape(100_000) == 0.7
