"""Differences of shares: their bijection, and the conjugate posterior against sampling and NUTS."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions.transforms import biject_to

from inversion.estimators.trained import Standardisation
from inversion.records import Simulations
from inversion.references.nuts import Nuts
from inversion.references.rejection import Rejection
from inversion.tasks.dirichlet_multinomial import DIFFERENCES, DirichletMultinomial

TASK = DirichletMultinomial()
SMALL = DirichletMultinomial(concentration=[2.0, 1.0, 3.0], total=10)


def test_joint_draws_are_those_of_numpy(same_law):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(TASK.concentration, 10_000)
    y = np.stack([rng.multinomial(300, row) for row in p]) / 300
    theta = TASK.prior().sample(jax.random.key(0), (10_000,))
    ours = jax.vmap(TASK.simulate)(jax.random.split(jax.random.key(1), 10_000), theta)
    assert same_law(jnp.hstack([theta, ours]), np.hstack([p[:, :4] - p[:, 4:], y]))
    np.testing.assert_allclose(ours.sum(1), 1)


def test_densities_have_mass_one():
    """Over theta on a grid that covers the triangle of differences."""
    axis = jnp.arange(-1 + 5e-3, 1, 1e-2)
    theta = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    theta = theta[SMALL.prior().support(theta)]
    y = jnp.array([0.3, 0.2, 0.5])
    for density in (SMALL.prior(), SMALL.posterior(y)):
        mass = jnp.exp(density.log_prob(theta)).sum() * 1e-4
        assert mass == pytest.approx(1, abs=5e-3)


def test_likelihood_sums_to_one_over_counts():
    counts = [(a, b, 10 - a - b) for a in range(11) for b in range(11 - a)]
    y = (jnp.array(counts) / 10).astype(jnp.float32)  # as it is kept
    theta = SMALL.prior().sample(jax.random.key(2))
    total = jnp.exp(jax.vmap(SMALL.log_likelihood, (None, 0))(theta, y.astype(float))).sum()
    assert total == pytest.approx(1, abs=1e-12)


def test_bijection_and_its_jacobian():
    bijection = biject_to(TASK.prior().support)
    u = jnp.array([0.3, -1.0, 2.0, 0.5])
    theta = bijection(u)
    assert TASK.prior().support(theta)
    np.testing.assert_allclose(bijection.inv(theta), u, atol=1e-12)
    _, expected = jnp.linalg.slogdet(jax.jacfwd(bijection)(u))
    np.testing.assert_allclose(bijection.log_abs_det_jacobian(u, theta), expected, rtol=1e-12)
    assert not TASK.prior().support(jnp.array([0.9, 0.0, 0.0, 0.9]))
    np.testing.assert_allclose(DIFFERENCES.inv(jnp.array([-1.0, -1.0])), [0, 0, 1], atol=1e-15)


def test_networks_see_it_unconstrained():
    theta = TASK.prior().sample(jax.random.key(3), (500,))
    y = jax.vmap(TASK.simulate)(jax.random.split(jax.random.key(4), 500), theta)
    data = Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))
    maps = Standardisation.of(TASK, data, whiten=True)
    back = maps.theta_out(maps.theta_in(theta[0], y[0]), y[0])
    np.testing.assert_allclose(back, theta[0], atol=1e-6)
    jacobian = jax.jacfwd(maps.theta_in)(theta[0], y[0])
    np.testing.assert_allclose(maps.log_det(theta[0]), jnp.linalg.slogdet(jacobian)[1], rtol=1e-6)
    assert TASK.prior().support(maps.theta_out(5 * jnp.ones(4), y[0]))


@pytest.mark.parametrize("reference", [Nuts(chains=4, warmup=100), Rejection()])
def test_references_agree_with_the_closed_form(reference, same_law):
    y = jnp.array([0.3, 0.2, 0.5])
    exact = SMALL.posterior(y).sample(jax.random.key(5), (2000,))
    invert = jax.jit(lambda key: reference.invert(key, SMALL, y, 2000))
    theta = invert(jax.random.key(6)).theta
    assert SMALL.prior().support(theta).all()
    assert same_law(exact, theta[::4] if isinstance(reference, Nuts) else theta)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="Expected two concentrations or more"):
        DirichletMultinomial(concentration=[1.0])
