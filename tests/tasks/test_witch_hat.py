"""The witch's hat: its likelihood's mass, and the posterior's two parts, also for a y beside the box."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.references.rejection import Rejection
from inversion.tasks.witch_hat import WitchHat

TASK = WitchHat(dim=2, scale=0.05)
Y = [(0.5, 0.3), (0.12, 0.88), (0.03, 0.5), (0.0001, 0.9999)]


def test_joint_draws_are_those_of_numpy(same_law):
    rng = np.random.default_rng(0)
    theta = rng.uniform(0.1, 0.9, (10_000, 2))
    uniform = rng.random(10_000)[:, None] < 0.05
    y = np.where(uniform, rng.random(theta.shape), rng.normal(theta, 0.05))
    ours_theta = TASK.prior().sample(jax.random.key(0), (10_000,))
    keys = jax.random.split(jax.random.key(1), 10_000)
    ours = jax.vmap(TASK.simulate)(keys, ours_theta)
    assert same_law(
        jnp.hstack([ours_theta, ours, ours - ours_theta]), np.hstack([theta, y, y - theta])
    )


def grid(low, high, step):
    axis = jnp.arange(low + step / 2, high, step)
    return jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)


def test_likelihood_has_mass_one_over_y():
    y = grid(-0.5, 1.5, 5e-3)
    log_likelihood = jax.vmap(TASK.log_likelihood, (None, 0))(jnp.array([0.2, 0.85]), y)
    assert jnp.exp(log_likelihood).sum() * 5e-3**2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("y", Y)
def test_posterior_is_the_prior_times_the_likelihood_on_a_grid(y):
    y, theta = jnp.array(y), grid(0.1, 0.9, 4e-3)
    weight = jnp.exp(jax.vmap(TASK.log_likelihood, (0, None))(theta, y))
    density = jnp.exp(TASK.posterior(y).log_prob(theta))
    np.testing.assert_allclose(density, weight / weight.sum() / 4e-3**2, rtol=2e-3)


@jax.jit
def rejection(key, y):
    return Rejection().invert(key, TASK, y, 3000).theta


@pytest.mark.parametrize("y", Y)
def test_posterior_draws_are_those_of_rejection(y, same_law):
    y = jnp.array(y)
    exact = TASK.posterior(y).sample(jax.random.key(2), (3000,))
    rejected = rejection(jax.random.key(3), y)
    assert same_law(exact, rejected)
    assert TASK.prior().support(exact).all()


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"delta between 0 and 1; got 5, 0\.02 and 1"):
        WitchHat(delta=1)
