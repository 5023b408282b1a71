"""Sinkhorn's plan against its definition, and what pairing does to noise, theta and condition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.networks.transport import pair, sinkhorn


def test_the_plan_has_uniform_marginals_and_the_form_of_the_optimum():
    key = jax.random.key(0)
    cost = jax.random.uniform(key, (40, 40))
    log_plan = sinkhorn(cost, regularisation=0.1, iterations=2000, tolerance=1e-7)
    plan = jnp.exp(log_plan)
    np.testing.assert_allclose(plan.sum(0), 1 / 40, rtol=1e-3)
    np.testing.assert_allclose(plan.sum(1), 1 / 40, rtol=1e-3)
    # log plan + cost / regularisation is a sum of a row's and a column's part.
    rest = log_plan + cost / 0.1
    mixed = rest - rest[:1] - rest[:, :1] + rest[0, 0]
    np.testing.assert_allclose(mixed, 0, atol=1e-3)


def test_little_regularisation_finds_the_permutation():
    points = jnp.linspace(-2, 2, 20)[:, None]
    shuffled = jax.random.permutation(jax.random.key(1), points)
    which = pair(jax.random.key(2), points, shuffled, None, regularisation=1e-3, iterations=5000)
    np.testing.assert_allclose(shuffled[which], points, atol=0.25)


@pytest.fixture
def batch():
    keys = jax.random.split(jax.random.key(3), 3)
    condition = jax.random.normal(keys[0], (256, 1))
    theta = condition + 0.1 * jax.random.normal(keys[1], (256, 1))
    return jax.random.normal(keys[2], (256, 1)), theta, condition


def test_a_transport_blind_to_the_condition_ties_it_to_the_noise_and_one_that_sees_it_does_not(
    batch,
):
    noise, theta, condition = batch
    correlation = lambda which: float(jnp.corrcoef(noise[:, 0], condition[which, 0])[0, 1])  # noqa: E731
    blind = pair(jax.random.key(4), noise, theta, None)
    seeing = pair(jax.random.key(4), noise, theta, condition, near=0.01)
    assert correlation(blind) > 0.9
    assert abs(correlation(seeing)) < 0.3


def test_the_share_of_near_pairs_moves_from_one_to_the_other(batch):
    noise, theta, condition = batch
    which = [pair(jax.random.key(4), noise, theta, condition, near=near) for near in (0.01, 0.3)]
    own = [float(jnp.abs(condition[w, 0] - condition[:, 0]).mean()) for w in which]
    assert own[0] < 0.5 * own[1]
