"""Anchored ascent against its closed-form fixed point, and the original's objective, which hardly moves."""

import jax
import jax.numpy as jnp
import numpy as np

from inversion.refinements.ascent import Ascent, ascend
from inversion.tasks.gaussian_linear import GaussianLinear

TASK, Y = GaussianLinear(dim=2, noise_scale=0.5), jnp.array([1.0, 1.0])


def test_it_ends_where_the_slope_and_the_anchor_agree(linear_prior):
    """-z - 2 anchor (z - z0) = 0."""
    prior = linear_prior([0.0, 0.0], np.eye(2))
    z0 = jax.random.normal(jax.random.key(0), (6, 2))
    settings = {"steps": 400, "rate": 0.1, "anchor": 0.25}
    end = ascend(lambda z: prior.log_prob(z, Y), z0, **settings)
    np.testing.assert_allclose(end, z0 / 3, atol=1e-9)
    end = ascend(lambda z: prior.log_prob(z, Y), z0, **settings, reward=lambda z: 3.0 * z[0])
    np.testing.assert_allclose(end, z0 / 3 + jnp.array([2.0, 0.0]), atol=1e-9)


def test_of_the_mean_a_start_moves_by_its_share_alone(linear_prior):
    prior = linear_prior([0.0, 0.0], np.eye(2))
    log_prob, z0 = lambda z: prior.log_prob(z, Y), jax.random.normal(jax.random.key(0), (1024, 2))
    settings = {"steps": 10, "rate": 0.1, "anchor": 0.1}
    apart = ascend(log_prob, z0, **settings) - z0
    together = ascend(log_prob, z0, **settings, of_mean=True) - z0
    assert jnp.linalg.norm(apart, axis=1).mean() > 0.5
    assert jnp.linalg.norm(together, axis=1).max() < 1e-2
    np.testing.assert_allclose(together, -z0 / 1024, rtol=0.01)


def test_the_likelihood_is_a_reward_and_the_record_says_what_it_brought(linear_prior):
    prior = linear_prior([0.0, 0.0], np.eye(2))
    method = Ascent(steps=300, rate=0.05, anchor=0.0)
    found = jax.jit(lambda key: method.invert(key, TASK, prior, Y, 50))(jax.random.key(0))
    np.testing.assert_allclose(found.theta, np.tile(prior.given(TASK, Y)[0], (50, 1)), atol=1e-6)
    assert found.calls.gradient == 50 * 300
    verdict = method.verdict(TASK, jax.tree.map(lambda leaf: np.asarray(leaf)[None], found))
    assert verdict.accepted
    numbers = verdict.numbers
    assert numbers["log_likelihood"][0] > numbers["log_likelihood_start"][0]
    assert numbers["moved"][0] > 0.5
