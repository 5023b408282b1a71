"""Flow matching: its time's law, its solvers and its density, where the best velocity is known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.stats import norm

from inversion.estimators.flow_matching import FlowMatching

MEAN, STD = jnp.array([0.7, -1.2]), jnp.array([0.5, 0.2])


class Velocity(eqx.Module):
    """E[theta - noise | t theta + (1 - t) noise] of theta ~ N(MEAN, STD^2)."""

    def __call__(self, x, t, context):
        variance = (t * STD) ** 2 + (1 - t) ** 2
        return MEAN + (t * STD**2 - (1 - t)) / variance * (x - t * MEAN)


def exact(**settings):
    estimator = FlowMatching(
        key=jax.random.key(0), theta_dim=2, y_shape=(1,), width=8, depth=1, **settings
    )
    return eqx.tree_at(lambda e: e.network, estimator, Velocity())


Y = jnp.zeros(1)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "tsit5"},
        {"solver": "euler", "steps": 300},
        {"solver": "midpoint", "steps": 60},
        {"solver": "heun", "steps": 60},
    ],
    ids=lambda s: s["solver"],
)
def test_every_solver_draws_the_gaussian(settings):
    draws = jax.jit(lambda key: exact(**settings).sample(key, Y, 8000))(jax.random.key(1))
    np.testing.assert_allclose(draws.mean(0), MEAN, atol=0.02)
    np.testing.assert_allclose(draws.std(0), STD, rtol=0.04)


@pytest.mark.parametrize("divergence", ["exact", "hutchinson"])
def test_the_density_is_the_gaussians(divergence):
    """One probe of signs is exact where the Jacobian is diagonal."""
    points = jnp.array([[0.7, -1.2], [0.2, -1.5], [1.6, -0.9]])
    ours = jax.vmap(lambda x: exact(divergence=divergence).log_prob(x, Y))(points)
    np.testing.assert_allclose(ours, norm.logpdf(points, MEAN, STD).sum(1), atol=5e-3)


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 2.0])
def test_times_have_the_power_laws_density(exponent):
    """The mean error of x over times is that of an integral with weight (1 + a) t^a."""
    estimator = exact(time_exponent=exponent)
    estimator = eqx.tree_at(lambda e: e.network, estimator, lambda x, t, context: t * jnp.ones(2))
    theta = jnp.zeros(2)
    noise = jnp.zeros(2)
    shares = jnp.linspace(0.0005, 0.9995, 1000)
    mean = jax.vmap(lambda share: estimator._error(noise, theta, Y, share))(shares).mean()
    assert mean == pytest.approx((1 + exponent) / (3 + exponent), rel=1e-2)  # E[t^2]


def test_the_best_velocity_has_the_lowest_loss():
    estimator = exact()
    theta = MEAN + STD * jax.random.normal(jax.random.key(2), (20_000, 2))
    y = jnp.zeros((20_000, 1))
    of = lambda e: e.batch_validation_loss(theta, y, key=jax.random.key(3))  # noqa: E731
    worse = eqx.tree_at(lambda e: e.network, estimator, lambda x, t, c: Velocity()(x, t, c) + 0.05)
    assert of(worse) - of(estimator) == pytest.approx(0.05**2, rel=0.2)


@pytest.mark.parametrize("coupling", ["none", "optimal", "conditional_optimal"])
def test_a_coupled_batch_has_a_finite_loss_and_gradient(coupling):
    estimator = FlowMatching(
        key=jax.random.key(0), theta_dim=2, y_shape=(1,), width=8, depth=1, coupling=coupling
    )
    key_theta, key = jax.random.split(jax.random.key(4))
    theta, y = jax.random.normal(key_theta, (64, 2)), jnp.linspace(-1, 1, 64)[:, None]
    loss, gradient = eqx.filter_value_and_grad(
        lambda e: e.batch_loss(theta, y, key=key, progress=jnp.zeros(()))
    )(estimator)
    assert jnp.isfinite(loss)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    assert jnp.isfinite(estimator.batch_validation_loss(theta, y, key=key))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "rk4"}, "a solver among euler, midpoint, heun, tsit5"),
        ({"coupling": "yes"}, "a coupling among none, optimal, conditional_optimal"),
        ({"divergence": "no"}, "a divergence among exact, hutchinson"),
        ({"time_exponent": -1.0}, "a time_exponent above -1"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValueError, match=f"Expected {message}; got"):
        FlowMatching(key=jax.random.key(0), theta_dim=2, y_shape=(1,), **settings)
