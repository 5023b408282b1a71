"""Heads against independent densities and conjugate posteriors; points where mean, median and quantiles differ."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.heads import GaussianHead, MixtureHead
from inversion.estimators.quantiles import Quantiles
from inversion.estimators.trained import make_estimator
from inversion.records import Simulations
from inversion.tasks import make_task

SMALL = {"theta_dim": 3, "y_shape": (2,), "width": 16}
Y = jnp.array([0.3, -1.0])
GAUSSIAN = {"kind": "gaussian_linear", "dim": 2, "prior_scale": 1.5, "noise_scale": 0.8}


def shaken(model):
    leaves, treedef = jax.tree.flatten(model)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    pairs = zip(leaves, keys, strict=True)
    return jax.tree.unflatten(treedef, [a + 0.3 * jax.random.normal(k, a.shape) for a, k in pairs])


def fitted(kind, network, task, simulations, **settings):
    """By few epochs."""
    training = Training(**{"epochs": 30, "learning_rate": 5e-3, "average": 0.98, **settings})
    estimator = make_estimator(jax.random.key(0), task, kind, network)
    entry = Entry(Cost("", "", 0, 0, ""))
    return fit(jax.random.key(1), estimator, task, simulations, training, entry=entry).model


def pairs_of(task, num):
    key_theta, key_y = jax.random.split(jax.random.key(3))
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


def scipy_normal(mean, factor):
    factor = np.asarray(factor, float)
    return multivariate_normal(mean, np.linalg.inv(factor.T @ factor))


def test_the_gaussian_head_is_the_normal_of_its_precision():
    head = shaken(GaussianHead(key=jax.random.key(0), **SMALL))
    mean, factor = head._normal(Y)
    assert (np.triu(factor, 1) == 0).all()
    assert (jnp.abs(factor) > 0).sum() == 6
    normal, theta = scipy_normal(mean, factor), np.array([0.5, -1.0, 2.0], np.float32)
    assert float(head.log_prob(theta, Y)) == pytest.approx(normal.logpdf(theta), abs=1e-4)
    draws = head.sample(jax.random.key(2), Y, 100_000)
    scale = np.sqrt(np.diagonal(normal.cov))
    np.testing.assert_allclose((draws.mean(0) - mean) / scale, 0.0, atol=0.02)
    np.testing.assert_allclose(np.cov(draws.T) - normal.cov, 0.0, atol=0.02 * scale.max() ** 2)


def test_the_mixture_head_is_the_sum_of_its_normals():
    head = shaken(MixtureHead(key=jax.random.key(0), components=4, **SMALL))
    log_weights, normals = head._mixture(Y)
    weights = np.exp(np.asarray(log_weights, float))
    assert weights.sum() == pytest.approx(1)
    parts = [scipy_normal(*pair) for pair in zip(*normals, strict=True)]
    for theta in (np.zeros(3, np.float32), np.array([0.5, -1.0, 2.0], np.float32)):
        expected = np.log(sum(w * part.pdf(theta) for w, part in zip(weights, parts, strict=True)))
        assert float(head.log_prob(theta, Y)) == pytest.approx(expected, abs=1e-4)
    draws = head.sample(jax.random.key(2), Y, 100_000)
    mean = sum(w * part.mean for w, part in zip(weights, parts, strict=True))
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.02 * draws.std())


def test_one_component_is_no_mixture():
    with pytest.raises(ValueError, match="at least 2 components"):
        MixtureHead(key=jax.random.key(0), components=1, **SMALL)


def test_the_gaussian_head_finds_a_conjugate_posterior():
    """Within .01 nats of it, on pairs that it has not seen."""
    task = make_task(GAUSSIAN)
    model = fitted("gaussian_head", {"width": 32}, task, pairs_of(task, 8000))
    fresh = pairs_of(task, 9000)
    own = jax.jit(jax.vmap(model.log_prob))(fresh.theta[8000:], fresh.y[8000:])
    exact = jax.vmap(lambda theta, y: task.posterior(y).log_prob(theta))
    excess = np.mean(exact(fresh.theta[8000:], fresh.y[8000:]) - own)
    assert -0.005 < excess < 0.02


def test_the_mixture_head_finds_two_modes_where_the_normal_cannot():
    """theta = +-1 + N(0, .2^2), whatever y: the exact cross-entropy is ln 2 + that of the normal."""
    rng = np.random.default_rng(0)
    sign = rng.choice([-1.0, 1.0], (4000, 1))
    theta = np.repeat(sign, 2, axis=1) + 0.2 * rng.normal(size=(4000, 2))
    simulations = Simulations(
        theta.astype(np.float32), rng.normal(size=(4000, 2)).astype(np.float32)
    )
    task = make_task(GAUSSIAN)
    one, two = (
        fitted(kind, {"width": 16, **more}, task, simulations)
        for kind, more in (("gaussian_head", {}), ("mixture_head", {"components": 2}))
    )
    nll = [
        float(-jax.vmap(m.log_prob)(simulations.theta, simulations.y).mean()) for m in (one, two)
    ]
    exact = np.log(2) + np.log(2 * np.pi * 0.2**2) + 1
    assert abs(nll[1] - exact) < 0.05
    assert nll[0] > exact + 0.2
    share = np.mean(two.sample(jax.random.key(0), simulations.y[0], 2000)[:, 0] > 0)
    assert 0.4 < share < 0.6


@pytest.mark.parametrize("levels", [(0.5,), (0.05, 0.25, 0.4, 0.8), (0.9,)])
def test_quantiles_never_cross(levels):
    model = shaken(Quantiles(key=jax.random.key(0), levels=levels, **SMALL))
    y = 5 * jax.random.normal(jax.random.key(2), (200, 2))
    quantiles = jax.vmap(model.points)(y).quantiles
    assert quantiles.shape == (200, len(levels), 3)
    assert (np.diff(quantiles, axis=1) > 0).all()


def test_points_of_a_skewed_posterior_are_its_mean_and_its_quantiles():
    """theta = y + an exponential: mean y + 1, quantiles y - ln(1 - level), the median far from the mean."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(20_000, 2))
    theta = y + rng.exponential(size=y.shape)
    simulations = Simulations(theta.astype(np.float32), y.astype(np.float32))
    network = {"levels": [0.1, 0.5, 0.9], "width": 16, "depth": 1}
    model = fitted("quantiles", network, make_task(GAUSSIAN), simulations, epochs=20)
    assert model.levels == (0.1, 0.5, 0.9)
    at = jnp.array([[0.0, 0.0], [1.0, -1.0]])
    mean, quantiles = jax.vmap(model.points)(at)
    np.testing.assert_allclose(mean - at, 1.0, atol=0.06)
    expected = -np.log1p(-np.array([0.1, 0.5, 0.9]))[:, None]
    np.testing.assert_allclose(quantiles - at[:, None], np.tile(expected, (2, 1, 2)), atol=0.1)


def test_the_loss_is_the_mean_of_the_scores():
    model = shaken(Quantiles(key=jax.random.key(0), **SMALL))
    theta = np.array([0.5, -1.0, 2.0], np.float32)
    mean, quantiles = model.points(Y)
    scores = [(mean - theta) ** 2]
    for level, quantile in zip((0.1, 0.5, 0.9), quantiles, strict=True):
        gap = theta - np.asarray(quantile)
        scores.append(np.maximum(level * gap, (level - 1) * gap))
    found = model.loss(theta, Y, key=jax.random.key(0), progress=jnp.zeros(()))
    assert float(found) == pytest.approx(float(np.mean(scores)), rel=1e-5)


@pytest.mark.parametrize("levels", [[], [0.5, 0.5], [0.9, 0.1], [0.0, 0.5], [0.5, 1.0]])
def test_levels_that_do_not_ascend_are_refused(levels):
    with pytest.raises(ValueError, match="levels that ascend"):
        Quantiles(key=jax.random.key(0), levels=levels, **SMALL)


def test_whitened_theta_has_no_quantiles_by_coordinate():
    task = make_task(GAUSSIAN)
    with pytest.raises(ValueError, match="coordinate by coordinate"):
        fitted("quantiles", {}, task, pairs_of(task, 100), whiten=True)
