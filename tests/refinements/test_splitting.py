"""Splitting against the closed-form MAP: where it must reach it, and where it is known to miss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.refinements.prior_steps import data_fit
from inversion.refinements.splitting import Admm, HalfQuadraticSplitting
from inversion.samplers.descent import descend
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.task import SmoothTask
from inversion.tasks.two_moons_line import TwoMoonsLine

MEAN = [0.5, -1.0, 2.0]
ROTATION = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
Y3, LINE_Y = jnp.array([1.0, 1.0, -1.0]), jnp.array([1.0])


def inverted(method, task, prior, y, num=5):
    return jax.jit(lambda key: method.invert(key, task, prior, y, num))(jax.random.key(0))


def stacked(inverted):
    return jax.tree.map(lambda leaf: np.asarray(leaf)[None], inverted)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("kind", [HalfQuadraticSplitting, Admm])
def test_both_reach_the_map_under_an_isometry_up_to_a_scale(kind, scale, linear_prior):
    task = GaussianLinear(dim=3, noise_scale=0.5)
    prior = linear_prior(MEAN, scale * ROTATION)
    mu = (2 / scale**2, 20 / scale**2)
    method = kind(iterations=2000, mu=mu, ramp=20, scale=scale, tolerance=1e-9)
    found = inverted(method, task, prior, Y3)
    exact, _ = prior.given(task, Y3)
    np.testing.assert_allclose(found.theta, np.tile(exact, (5, 1)), atol=1e-5)


@pytest.mark.parametrize("root", [np.diag([1.0, 0.1**0.5]), [[1.0, 0.0], [0.8, 0.3]]])
@pytest.mark.parametrize("split", ["latent", "proximal"])
def test_the_steps_that_are_exact_reach_the_map_of_any_gaussian(split, root, linear_prior):
    task, prior = TwoMoonsLine(), linear_prior([0.0, 0.0], root)
    method = Admm(iterations=2000, mu=(10.0, 10.0), split=split, tolerance=1e-9)
    found = inverted(method, task, prior, LINE_Y)
    exact, _ = prior.given(task, LINE_Y)
    np.testing.assert_allclose(found.theta, np.tile(exact, (5, 1)), atol=1e-5)


def test_the_pulled_back_step_misses_it_by_what_is_known(linear_prior):
    """Prior covariance diag(1, .1): (.4975, .4975), for (.901, .090)."""
    prior = linear_prior([0.0, 0.0], np.diag([1.0, 0.1**0.5]))
    method = Admm(iterations=3000, mu=(10.0, 10.0), tolerance=1e-9)
    found = inverted(method, TwoMoonsLine(), prior, LINE_Y)
    np.testing.assert_allclose(found.theta, 1 / 2.01, atol=1e-4)
    exact, _ = prior.given(TwoMoonsLine(), LINE_Y)
    np.testing.assert_allclose(exact, [0.901, 0.090], atol=1e-3)


class Unsaid(SmoothTask):
    """The linear task, without saying that it is linear."""

    inner: GaussianLinear

    def prior(self):
        return self.inner.prior()

    def simulate(self, key, theta):
        return self.inner.simulate(key, theta)

    def log_likelihood(self, theta, y):
        return self.inner.log_likelihood(theta, y)


@pytest.mark.parametrize("kind", [HalfQuadraticSplitting, Admm])
def test_the_data_step_by_gradients_reaches_what_the_closed_form_does(kind, linear_prior):
    task = GaussianLinear(dim=3, noise_scale=0.5)
    prior = linear_prior(MEAN, ROTATION)
    method = kind(iterations=800, mu=(5.0, 5.0), tolerance=1e-9)
    closed, by_steps = (inverted(method, one, prior, Y3) for one in (task, Unsaid(task)))
    np.testing.assert_allclose(by_steps.theta, closed.theta, atol=1e-6)
    assert closed.calls.gradient == 0
    assert by_steps.calls.gradient >= 11 * 5


def test_a_growing_mu_leaves_the_dual_variable_its_meaning(linear_prior):
    """One step of the ramp away from the fixed point of the old mu is the fixed point of the new one."""
    task, prior = GaussianLinear(dim=3, noise_scale=0.5), linear_prior(MEAN, ROTATION)
    method = Admm(iterations=302, mu=(5.0, 50.0), ramp=301, tolerance=1e-12)
    found = inverted(method, task, prior, Y3)
    exact, _ = prior.given(task, Y3)
    np.testing.assert_allclose(found.theta[0], exact, atol=1e-5)


def test_starts_stop_by_themselves_and_are_counted(linear_prior):
    task, prior = GaussianLinear(dim=3, noise_scale=0.5), linear_prior(MEAN, ROTATION)
    method = Admm(iterations=500, mu=(5.0, 5.0), ramp=1, tolerance=1e-4, traced=2)
    found = inverted(method, task, prior, Y3, num=7)
    record = np.asarray(found.residuals)
    last = np.flatnonzero(~np.isnan(record[:, 2])).max()
    assert 2 < last < 100
    assert record[last, 2] == 1.0
    assert (record[last, :2] < 1e-4).all()
    assert found.calls.network <= 7 * (2 * (last + 1) + 1)
    assert found.calls.network > 7 * (2 * last // 2)
    path = np.asarray(found.chains)
    assert path.shape == (2, 1001, 3)
    np.testing.assert_allclose(path[:, -1], found.theta[:2])
    np.testing.assert_array_equal(path[:, 2 * last + 3], path[:, -1])
    starts = prior.sample(jax.random.key(0), Y3, 7)
    np.testing.assert_allclose(path[:, 0], starts[:2])
    verdict = method.verdict(task, stacked(found))
    assert verdict.accepted
    assert verdict.numbers["iterations"] == [last + 1]


def test_a_start_stops_after_the_ramp_alone(linear_prior):
    task, prior = GaussianLinear(dim=3, noise_scale=0.5), linear_prior(MEAN, ROTATION)
    found = inverted(Admm(iterations=90, mu=(5.0, 5.1), ramp=80), task, prior, Y3)
    assert np.isnan(np.asarray(found.residuals)[:, 2]).sum() == 10


def test_the_verdict_says_that_it_has_not_come_to_rest(linear_prior):
    task, prior = GaussianLinear(dim=3, noise_scale=0.5), linear_prior(MEAN, ROTATION)
    method = Admm(iterations=2, mu=(5.0, 5.0))
    verdict = method.verdict(task, stacked(inverted(method, task, prior, Y3)))
    assert not verdict.accepted
    assert verdict.reasons == ["observation 0: 0.0% of the starts below 0.0001, fewer than 90%"]


def test_descent_finds_a_minimum_and_never_goes_uphill():
    scales = jnp.array([1.0, 100.0])

    def objective(x):
        return jnp.sum(scales * (x - 1) ** 2) + jnp.cos(3 * x[0])

    x, length, values = jnp.array([3.0, -2.0]), jnp.asarray(10.0), []
    for _ in range(12):
        values.append(float(objective(x)))
        x, length = descend(objective, x, length, 5)
    assert values == sorted(values, reverse=True)
    np.testing.assert_allclose(jax.grad(objective)(x), 0, atol=1e-6)


def test_data_fit_is_the_minimum():
    task, y = TwoMoonsLine(), jnp.array([0.4])
    pulled, mu = jnp.array([1.0, -2.0]), jnp.asarray(3.0)
    fit, gradients = data_fit(task, y, 10)
    theta, _ = fit(pulled, pulled, mu, mu)
    assert gradients == 0

    def objective(theta):
        return -task.log_likelihood(theta, y) + mu * jnp.sum((theta - pulled) ** 2) / 2

    np.testing.assert_allclose(jax.grad(objective)(theta), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mu": (5.0, 2.0)}, "Expected mu as"),
        ({"mu": (0.5, 2.0)}, "Expected tau as"),
        ({"mu": (2.0, 5.0), "tau": (3.0, 1.0)}, "Expected tau as"),
        ({"mu": (2.0, 5.0), "split": "pulled"}, "Expected a split among pulled_back, proximal"),
        ({"mu": (2.0, 5.0), "ramp": 4}, "Expected ramp from 1 to iterations"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        HalfQuadraticSplitting(iterations=3, **settings)
