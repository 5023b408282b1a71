"""sbibm's two moons against independent code, quadrature and rejection, also where the box cuts the crescents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.references.rejection import Rejection
from inversion.tasks.two_moons import TwoMoons, _shift

TASK = TwoMoons()
# In the middle; where both crescents touch each other; cut by one side; by a corner.
Y = [(-0.1, 0.1), (0.3, -0.2), (-0.45, 0.72), (-1.05, 0.0)]


def numpy_simulator(theta, rng):
    """Written from the paper: a rotation by -pi/4 and an absolute value move a noisy half circle."""
    a = rng.uniform(-np.pi / 2, np.pi / 2, len(theta))
    r = rng.normal(0.1, 0.01, len(theta))
    c, s = np.cos(-np.pi / 4), np.sin(-np.pi / 4)
    z = np.stack([c * theta[:, 0] - s * theta[:, 1], s * theta[:, 0] + c * theta[:, 1]], axis=1)
    return np.stack([r * np.cos(a) + 0.25 - np.abs(z[:, 0]), r * np.sin(a) + z[:, 1]], axis=1)


def test_simulator_is_that_of_the_paper(same_law):
    theta = TASK.prior().sample(jax.random.key(0), (20_000,))
    ours = jax.vmap(TASK.simulate)(jax.random.split(jax.random.key(1), len(theta)), theta)
    theirs = numpy_simulator(np.asarray(theta), np.random.default_rng(0))
    assert same_law(jnp.hstack([theta, ours]), np.hstack([theta, theirs]))
    assert not same_law(ours, theirs + 0.02)


def grid(low, high, step):
    axes = [jnp.arange(a + step / 2, b, step) for a, b in zip(low, high)]
    return jnp.stack(jnp.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)


@pytest.mark.parametrize("theta", [(0.3, -0.6), (-0.9, -0.95)])
def test_likelihood_has_mass_one_over_y(theta):
    theta = jnp.array(theta)
    centre = _shift(theta) + jnp.array([0.25, 0.0])
    y = grid(centre - jnp.array([0.05, 0.2]), centre + 0.2, 5e-4)
    mass = jnp.exp(jax.vmap(TASK.log_likelihood, (None, 0))(theta, y)).sum() * 5e-4**2
    assert mass == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("y", Y)
def test_posterior_has_mass_one_over_theta(y):
    theta = grid((-1, -1), (1, 1), 1e-3)
    density = jnp.exp(TASK.posterior(jnp.array(y)).log_prob(theta))
    assert density.sum() * 1e-6 == pytest.approx(1, abs=5e-3)


@jax.jit
def rejection(key, y):
    return Rejection().invert(key, TASK, y, 3000).theta


@pytest.mark.parametrize("y", Y)
def test_posterior_draws_are_those_of_rejection(y, same_law):
    y = jnp.array(y)
    exact = TASK.posterior(y).sample(jax.random.key(2), (3000,))
    rejected = rejection(jax.random.key(3), y)
    assert same_law(exact, rejected)
    assert not same_law(exact, rejected + 0.01)
    assert (jnp.abs(exact) <= 1).all()


def test_crescents_weigh_the_same():
    draws = TASK.posterior(jnp.array(Y[2])).sample(jax.random.key(4), (20_000,))
    upper = jax.vmap(TASK.labels)(draws)["crescent"].mean()
    assert upper == pytest.approx(0.5, abs=0.016)


def test_what_no_theta_explains_has_no_draws():
    posterior = TASK.posterior(jnp.array([1.0, 0.0]))
    assert posterior.in_box() == 0
    assert jnp.isnan(posterior.sample(jax.random.key(5), (3,))).all()


def test_outside_the_box_there_is_nothing():
    posterior = TASK.posterior(jnp.array(Y[3]))
    assert posterior.log_prob(jnp.array([1.001, 0.9])) == -jnp.inf
    assert posterior.in_box() < 0.9
