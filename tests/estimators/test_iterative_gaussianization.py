"""Iterative Gaussianization: what it fits in closed form is a density, near the exact one, and open to refinements."""

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.cost import Cost, Entry
from inversion.estimators.direct import fit_directly
from inversion.estimators.iterative_gaussianization import (
    IterativeGaussianization,
    _product,
    _reflections,
)
from inversion.posterior import AbstractTransport
from inversion.records import Simulations
from inversion.tasks import make_task

MOONS = make_task({"kind": "two_moons_line"})
SETTINGS = {"layers": 20, "knots": 16}
Y = jnp.zeros(1)


def fitted(task=MOONS, num=4000, **settings):
    theta = np.asarray(task.prior().sample(jax.random.key(0), (num,)), np.float32)
    estimator = IterativeGaussianization(
        key=jax.random.key(1), theta_dim=task.dim, y_shape=(1,), **{**SETTINGS, **settings}
    )
    data = Simulations(theta, np.zeros((num, *task.event_shape), np.float32))
    entry = Entry(Cost("", "", 0, 0, ""))
    return fit_directly(jax.random.key(2), estimator, task, data, validation=0.1, entry=entry)


@pytest.fixture(scope="module")
def moons():
    return fitted()


def in_double(model):
    return jax.tree.map(
        lambda leaf: jnp.asarray(leaf, float) if eqx.is_inexact_array(leaf) else leaf, model
    )


def mass(log_prob) -> float:
    """The integral of a density over the square in which the moons lie, and far around."""
    axis = jnp.linspace(-6, 6, 481)
    grid = jnp.stack(jnp.meshgrid(axis, axis), -1).reshape(-1, 2)
    each = jax.jit(lambda grid: jax.lax.map(log_prob, grid, batch_size=8192))(grid)
    return float(jnp.exp(each).sum() * (axis[1] - axis[0]) ** 2)


def test_the_density_integrates_to_one_and_one_without_its_slopes_does_not(moons) -> None:
    with jax.enable_x64(True):
        model = in_double(moons.model)
        assert mass(lambda theta: model.log_prob(theta, Y)) == pytest.approx(1, abs=2e-3)

        def wrong(theta):
            z = model.to_latent(theta)
            return model.estimator.base.log_prob(z) + model.standardisation.log_det(theta)

        assert abs(mass(wrong) - 1) > 0.1


def test_it_is_a_prior_that_refinements_can_use(moons) -> None:
    """The map both ways, the density by its Jacobian, and a score without jumps to infinity."""
    assert isinstance(moons.model, AbstractTransport)
    with jax.enable_x64(True):
        model = in_double(moons.model)
        theta = MOONS.prior().sample(jax.random.key(3), (200,))
        z = jax.vmap(model.to_latent)(theta)
        np.testing.assert_allclose(jax.vmap(model.from_latent)(z), theta, atol=1e-7)
        slope = jax.vmap(lambda t: jnp.linalg.slogdet(jax.jacfwd(model.to_latent)(t))[1])(theta)
        density = jax.vmap(lambda t: model.log_prob(t, Y))
        expected = slope - 0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi), axis=1)
        np.testing.assert_allclose(density(theta), expected, atol=1e-9)
        score = jax.vmap(jax.grad(lambda t: model.log_prob(t, Y)))(theta)
        step = 1e-5 * jnp.ones(2)
        change = (density(theta + step) - density(theta - step)) / 2e-5
        # A finite difference across a knot is that of neither side.
        apart = jnp.abs(score.sum(1) - change)
        assert jnp.quantile(apart, 0.95) < 1e-3


def test_it_comes_near_the_exact_density(moons) -> None:
    """A Gaussian of the same moments misses two moons by 1.2 nats."""
    theta = MOONS.prior().sample(jax.random.key(4), (4000,))
    log_prob = jax.jit(jax.vmap(lambda t: moons.model.log_prob(t, Y)))(theta)
    excess = float(jnp.mean(MOONS.prior().log_prob(theta) - log_prob))
    assert 0 < excess < 0.5
    assert moons.validation[0] - moons.validation.min() > 0.2


def test_draws_are_those_of_the_prior(moons) -> None:
    draws = moons.model.sample(jax.random.key(5), Y, 20_000)
    np.testing.assert_allclose(draws.mean(0), 0, atol=0.05)
    np.testing.assert_allclose(jnp.cov(draws.T), jnp.cov(
        MOONS.prior().sample(jax.random.key(6), (20_000,)).T), atol=0.05)  # fmt: skip
    labels = jax.vmap(MOONS.labels)(draws)["crescent"]
    assert labels.mean() == pytest.approx(0.5, abs=0.02)


def test_a_gaussian_needs_next_to_no_layer_and_the_rest_moves_nothing() -> None:
    task = make_task({"kind": "gaussian_linear", "dim": 3})
    result = fitted(task, patience=3)
    assert result.stopped == "patience"
    assert result.steps < SETTINGS["layers"]
    theta = task.prior().sample(jax.random.key(4), (4000,))
    log_prob = jax.jit(jax.vmap(lambda t: result.model.log_prob(t, jnp.zeros(3))))(theta)
    assert jnp.abs(jnp.mean(task.prior().log_prob(theta) - log_prob)) < 0.05
    # The loss that it tells is that of the model that it gives.
    used, whole = result.best_epoch, result.model.estimator.transform
    short = jax.tree.map(lambda leaf: leaf[:used], whole)
    u = jax.random.normal(jax.random.key(7), (3, 50))
    np.testing.assert_allclose(whole.forward(u, Y[:0])[1], short.forward(u, Y[:0])[1], atol=1e-5)


def test_principal_axes_turn_by_the_covariance_s_own() -> None:
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    found = _product(_reflections(basis))
    np.testing.assert_allclose(np.abs(found @ basis.T), np.eye(5), atol=1e-12)
    np.testing.assert_allclose(np.abs(_product(_reflections(np.eye(4)))), np.eye(4), atol=1e-12)
    result = fitted(rotation="pca", layers=3)
    assert result.validation[-1] < result.validation[0]


def test_the_same_key_gives_the_same_bits(moons) -> None:
    again = fitted()
    assert eqx.tree_equal(again.model, moons.model)
    np.testing.assert_array_equal(again.validation, moons.validation)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation": "ica"}, "Expected a rotation among random, pca; got 'ica'."),
        ({"candidates": 0}, "of at least 1; got 0, 5 and 5."),
        ({"knots": 1}, "Expected at least 2 knots"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fitted(**settings)


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected more than 10 draws to fit to; got 9"):
        fitted(num=10)
    with pytest.raises(ValueError, match="Expected at least 3 draws to fit to; got 2"):
        fitted(num=2)
