"""Composition on a conjugate Gaussian: the formulae with exact denoisers, then with a trained network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.estimators.composed import _inverse, bridge, by_jacobians, by_sum
from inversion.estimators.denoising import by_levels, circle
from inversion.networks.schedules import EDM

TAU, SIGMA = 1.0, 0.8


def denoiser_of(mean, variance):
    def denoised(z, ratio):
        alpha, sigma = circle(ratio)
        return mean + variance * alpha / (alpha**2 * variance + sigma**2) * (z - alpha * mean)

    return denoised


def problem(n):
    """Denoisers of each of n posteriors and of the prior, which rows were observed, and the composed law."""
    y = 0.5 + SIGMA * jax.random.normal(jax.random.key(n), (n, 2))
    rows = jnp.concatenate([y, jnp.full((3, 2), 9.0)])  # three that were not
    observed = jnp.concatenate([jnp.ones(n), jnp.zeros(3)])
    single = 1 / (1 / TAU**2 + 1 / SIGMA**2)
    each = lambda z, ratio: jax.vmap(  # noqa: E731
        lambda row: denoiser_of(single * row / SIGMA**2, single)(z, ratio)
    )(rows)
    variance = 1 / (1 / TAU**2 + n / SIGMA**2)
    prior = denoiser_of(jnp.zeros(2), TAU**2)
    return each, prior, observed, variance * y.sum(0) / SIGMA**2, variance


def drawn(compose, n):
    each, prior, observed, mean, variance = problem(n)
    noise = jax.random.normal(jax.random.key(0), (4000, 2))
    denoiser = jax.vmap(compose(each, prior, observed), (0, None))
    draws = jax.jit(lambda z: by_levels(denoiser, EDM(), z, 40, second_order=True))(noise)
    return draws, mean, variance


@pytest.mark.parametrize("n", [1, 10, 100])
def test_by_jacobians_the_variance_is_the_conjugate_one(n):
    draws, mean, variance = drawn(by_jacobians, n)
    np.testing.assert_allclose(draws.var(0) / variance, 1, atol=0.1)
    np.testing.assert_allclose((draws.mean(0) - mean) / variance**0.5, 0, atol=0.1)


def test_the_plain_sum_of_scores_is_right_for_one_and_not_for_more():
    draws, _, variance = drawn(by_sum, 1)
    np.testing.assert_allclose(draws.var(0) / variance, 1, atol=0.1)
    draws, _, variance = drawn(by_sum, 10)
    assert (jnp.abs(draws.var(0) / variance - 1) > 0.1).all()


@pytest.mark.parametrize("n", [1, 10, 100])
def test_by_the_bridge_the_variance_is_the_conjugate_one(n):
    each, prior, observed, mean, variance = problem(n)
    noise = jax.random.normal(jax.random.key(0), (1500, 2))
    keys = jax.random.split(jax.random.key(1), len(noise))
    settings = {"between": (80.0, 0.1), "levels": 30, "langevin": 5, "step": 0.5}
    walk = lambda key, z: bridge(key, each, prior, observed, z, **settings)  # noqa: E731
    draws = jax.jit(jax.vmap(walk))(keys, noise)
    np.testing.assert_allclose(draws.var(0) / variance, 1, atol=0.1)
    np.testing.assert_allclose((draws.mean(0) - mean) / variance**0.5, 0, atol=0.15)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_the_inverse_is_the_inverse_and_is_bounded(dim):
    root = jax.random.normal(jax.random.key(dim), (7, dim, dim))
    matrix = root @ jnp.swapaxes(root, -1, -2) + 0.1 * jnp.eye(dim)
    inverse = _inverse(matrix, 1e-6, jnp.inf)
    np.testing.assert_allclose(
        inverse @ matrix, np.broadcast_to(np.eye(dim), root.shape), atol=2e-4
    )
    # One variance that came out negative counts as the least.
    bounded = _inverse(jnp.diag(jnp.arange(dim) - 0.5), 0.5, jnp.inf)
    np.testing.assert_allclose(jnp.diag(bounded), [2.0, *(1 / (jnp.arange(1, dim) - 0.5))])
