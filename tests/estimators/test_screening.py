"""Screening lets in what depends on theta, and what does not only as often as its level says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.estimators.screening import informative_columns
from inversion.estimators.standardisation import Standardisation
from inversion.records import Simulations
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.slcp_distractors import SlcpDistractors, informative

NUM = 1_000


def test_location_and_spread_are_seen_each_by_either():
    """A shift by theta, by its square, a scale by theta and by its square; then noise with heavy tails, a constant."""
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, (NUM, 1))
    noise = rng.standard_cauchy((NUM, 6))
    shift = np.concatenate([2 * theta, 4 * theta**2], axis=1)
    scale = np.concatenate([np.exp(theta), np.exp(2 * theta**2)], axis=1)
    y = np.concatenate([noise[:, :2] + shift, noise[:, 2:4] * scale, noise[:, 4:]], axis=1)
    y = np.concatenate([y, np.ones((NUM, 1))], axis=1)
    np.testing.assert_array_equal(
        informative_columns(theta, y, 0.01), [True, True, True, True, False, False, False]
    )


def test_among_distractors_a_thousand_pairs_show_the_eight_that_count():
    task = SlcpDistractors()
    key_theta, key_y = jax.random.split(jax.random.key(0))
    theta = task.prior().sample(key_theta, (NUM,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, NUM), theta)
    found = np.flatnonzero(informative_columns(theta, y, 0.01))
    np.testing.assert_array_equal(found, np.sort(informative(np.arange(100))))


def test_noise_gets_in_as_often_as_the_level_says():
    """In 400 tries of 20 columns at a level of a fifth: within three standard errors, and not hardly ever."""
    rng = np.random.default_rng(1)
    tries = [
        informative_columns(rng.normal(size=(200, 2)), rng.normal(size=(200, 20)), 0.2).any()
        for _ in range(400)
    ]
    assert 0.1 < np.mean(tries) < 0.2 + 3 * np.sqrt(0.2 * 0.8 / 400)


def test_the_network_sees_nothing_of_what_is_screened_out():
    task = GaussianLinear(dim=3, prior_scale=1.0, noise_scale=0.5)
    key_theta, key_y = jax.random.split(jax.random.key(0))
    theta = np.asarray(task.prior().sample(key_theta, (NUM,)))
    y = np.array(jax.vmap(task.simulate)(jax.random.split(key_y, NUM), jnp.asarray(theta)))
    y[:, 1] = np.random.default_rng(2).normal(size=NUM)
    data = Simulations(theta, y)
    maps, whole = (Standardisation.of(task, data, whiten=True, y_screen=s) for s in (0.01, None))
    seen, before = maps.y_in(jnp.asarray(y[0])), whole.y_in(jnp.asarray(y[0]))
    assert seen[1] == 0 != before[1]
    np.testing.assert_array_equal(seen[::2], before[::2])
    u = maps.theta_in(jnp.asarray(theta[0]), jnp.asarray(y[0]))
    np.testing.assert_allclose(maps.theta_out(u, jnp.asarray(y[0])), theta[0], atol=1e-5)
    noise = Simulations(theta, np.random.default_rng(3).normal(size=y.shape))
    with pytest.raises(ValueError, match="none of 3 passes"):
        Standardisation.of(task, noise, y_screen=0.01)


def test_rows_are_not_screened():
    task = GaussianLinear(dim=2, prior_scale=1.0, noise_scale=0.5)
    with pytest.raises(
        ValueError, match=r"Expected a vector y to screen; got one of shape \(4, 2\)"
    ):
        Standardisation.of(task, Simulations(np.zeros((9, 2)), np.zeros((9, 4, 2))), y_screen=0.01)
