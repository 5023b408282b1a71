"""Diffusion: predictions, schedules, solvers, density and guidance, where the denoiser is known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.stats import norm

from inversion.cost import Cost, Entry
from inversion.estimators.denoising import (
    by_levels,
    by_multistep,
    circle,
    probability_flow,
    two_step_sde,
)
from inversion.estimators.diffusion import PREDICTIONS, Diffusion, preconditioned
from inversion.estimators.fit import Training, fit
from inversion.estimators.from_noise import log_density, stratified
from inversion.estimators.guidance import Guided, guided
from inversion.estimators.trained import Standardisation, make_estimator, trained
from inversion.networks.schedules import EDM, SCHEDULES, Cosine
from inversion.records import Simulations
from inversion.tasks.gaussian_linear import GaussianLinear

MEAN, STD = jnp.array([0.7, -1.2]), jnp.array([0.5, 0.2])
RULES = PREDICTIONS | {"F": preconditioned(1.0), "F of small data": preconditioned(0.5)}


def gaussian(z, ratio):
    """E[x | z] of x ~ N(MEAN, STD^2)."""
    alpha, sigma = circle(ratio)
    return MEAN + STD**2 * alpha / ((alpha * STD) ** 2 + sigma**2) * (z - alpha * MEAN)


@pytest.mark.parametrize("ratio", [0.01, 0.3, 1.0, 40.0])
@pytest.mark.parametrize("name", RULES)
def test_a_prediction_is_its_denoised(name, ratio):
    rule = RULES[name]
    with jax.enable_x64(True):
        alpha, sigma = circle(jnp.asarray(ratio))
        x, noise = jnp.array([0.3, -2.0]), jnp.array([1.1, 0.4])
        z = alpha * x + sigma * noise
        target = rule.target(x, noise, alpha, sigma)
        np.testing.assert_allclose(rule.denoised(z, target, alpha, sigma), x, rtol=1e-5, atol=1e-6)
        off = rule.denoised(z, target + 0.1, alpha, sigma)
        error = jnp.abs((z - alpha * off) / sigma - noise)
        np.testing.assert_allclose(error, 0.1 * rule.error(alpha, sigma), rtol=1e-4)


def test_edm_is_that_of_the_paper():
    schedule, shares = EDM(), jnp.array([0.1, 0.5, 0.8])
    expected = -1.2 + 1.2 * jax.scipy.stats.norm.ppf(shares)
    np.testing.assert_allclose(jnp.log(schedule.trained(shares)), expected, rtol=1e-5)
    i = np.arange(18)
    levels = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    np.testing.assert_allclose(schedule.level(jnp.linspace(1, 0, 18)), levels, rtol=1e-4)
    # The weight of the noise's error, that of F's error and 1 for F, are one loss.
    alpha, sigma = circle(jnp.asarray(0.7))
    weight = schedule.weight(jnp.asarray(0.7)) * preconditioned(1.0).error(alpha, sigma) ** 2
    assert weight == pytest.approx(1, rel=1e-5)


def test_cosine_is_that_of_the_paper():
    schedule, time = Cosine(), jnp.array([0.2, 0.5, 0.9])
    np.testing.assert_allclose(-2 * jnp.log(schedule.sigma_min), 15, rtol=1e-5)
    np.testing.assert_allclose(-2 * jnp.log(schedule.sigma_max), -15, rtol=1e-5)
    alpha, _ = circle(schedule.level(time))
    np.testing.assert_allclose(alpha, jnp.cos(jnp.pi * time / 2), atol=1e-3)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_clock_goes_from_no_noise_to_all(name):
    schedule = SCHEDULES[name]()
    np.testing.assert_allclose(
        [schedule.clock(schedule.level(jnp.asarray(t))) for t in (0.0, 1.0)], [0, 1], atol=1e-4
    )
    shares = schedule.trained(jnp.linspace(0.01, 0.99, 20))
    assert (jnp.diff(shares) > 0).all()


def test_shares_are_even_and_each_is_uniform():
    shares = jax.vmap(lambda key: stratified(key, 10, jnp.float32))(
        jax.random.split(jax.random.key(0), 4000)
    )
    np.testing.assert_allclose(jnp.sort(shares, axis=1)[:, 1:].mean(0) % 0.1, 0.05, atol=5e-3)
    np.testing.assert_allclose(
        jnp.quantile(shares[:, 3], jnp.array([0.1, 0.5, 0.9])), [0.1, 0.5, 0.9], atol=0.03
    )


def moved(noise, steps, second_order):
    denoiser = jax.vmap(gaussian, (0, None))
    return by_levels(denoiser, EDM(), noise, steps, second_order=second_order)


def test_heun_is_of_second_order_and_euler_of_first():
    with jax.enable_x64(True):
        noise = jnp.array([[0.5, -0.3], [2.0, 1.0]])
        # The flow of a Gaussian keeps its quantiles, but for the data that N(0, I) leaves out at the most noise.
        scale = jnp.sqrt(STD**2 + 80**2)
        start = noise * jnp.sqrt(1 + 80**2) - MEAN
        exact = MEAN + STD * start / scale * STD / jnp.sqrt(STD**2 + 0.002**2)
        errors = {
            order: [float(jnp.abs(moved(noise, n, order) - exact).max()) for n in (64, 128, 256)]
            for order in (False, True)
        }
    rate = {order: np.log2(np.divide(e[:-1], e[1:])) for order, e in errors.items()}
    assert rate[False] == pytest.approx([1, 1], abs=0.25)
    assert rate[True] == pytest.approx([2, 2], abs=0.5)
    assert errors[True][0] < 0.1 * errors[False][0]


def test_multistep_is_right_in_thirty_passes_where_heun_is_not_in_thirty_five():
    noise = jnp.array([[0.5, -0.3], [2.0, 1.0], [-1.0, -2.0]])
    spread = lambda draws: np.asarray(draws.std(0) / (noise.std(0) * STD))  # noqa: E731
    ours = spread(by_multistep(jax.vmap(gaussian, (0, None)), EDM(), noise, 30))
    assert (np.abs(ours - 1) < 0.012).all()
    assert (spread(moved(noise, 18, True)) > 1.04).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_sde_draws_what_its_score_says(schedule):
    keys = jax.random.split(jax.random.key(0), 4000)
    noise = jax.random.normal(jax.random.key(1), (4000, 2))
    walk = lambda key, z: two_step_sde(key, gaussian, SCHEDULES[schedule](), z)  # noqa: E731
    draws = jax.jit(jax.vmap(walk))(keys, noise)
    np.testing.assert_allclose(draws.mean(0), MEAN, atol=0.03)
    np.testing.assert_allclose(draws.std(0), STD, rtol=0.08)


def test_the_density_of_the_probability_flow():
    """The flow of a Gaussian keeps its quantiles: from N(0, I) at the most noise they make another Gaussian."""
    points = jnp.array([[0.7, -1.2], [0.2, -1.5], [1.6, -0.9]])
    low, high = jnp.log(0.002), jnp.log(80.0)
    alpha = circle(jnp.asarray(0.002))[0]
    field = probability_flow(gaussian)
    with jax.enable_x64(True):
        at = lambda x: log_density(field, alpha * x, low, high, rtol=1e-7, atol=1e-9)  # noqa: E731
        ours = jax.vmap(at)(points.astype(float)) + 2 * jnp.log(alpha)
    shrunk = jnp.sqrt((STD**2 + 0.002**2) / (STD**2 + 80**2))
    made = norm.logpdf(points, MEAN - shrunk * MEAN, shrunk * jnp.sqrt(1 + 80**2)).sum(1)
    np.testing.assert_allclose(ours, made, atol=1e-4)
    np.testing.assert_allclose(ours, norm.logpdf(points, MEAN, STD).sum(1), atol=0.02)


def test_hutchinson_is_right_on_average_and_exact_for_one_probe_of_a_diagonal():
    field = probability_flow(gaussian)
    x, low, high = jnp.array([0.3, -1.0]), jnp.log(0.002), jnp.log(80.0)
    exact = log_density(field, x, low, high)
    probe = jnp.array([[1.0, -1.0]])
    np.testing.assert_allclose(log_density(field, x, low, high, directions=probe), exact, atol=1e-3)


def test_a_linear_reward_tilts_a_gaussian():
    """q exp(a . theta) is N(m + s^2 a, s^2)."""
    slope = jnp.array([1.0, -3.0])
    denoiser = jax.vmap(guided(gaussian, lambda x, ratio: slope @ x), (0, None))
    noise = jax.random.normal(jax.random.key(0), (5000, 2))
    draws = by_levels(denoiser, EDM(), noise, 60, second_order=True)
    np.testing.assert_allclose(draws.mean(0), MEAN + STD**2 * slope, atol=0.03)
    np.testing.assert_allclose(draws.std(0), STD, rtol=0.05)


def model_of(task, **network):
    key_theta, key_y = jax.random.split(jax.random.key(0))
    theta = task.prior().sample(key_theta, (8000,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, 8000), theta)
    settings = {"width": 32, "depth": 2, "features": 4, **network}
    estimator = make_estimator(jax.random.key(0), task, "diffusion", settings)
    data = Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))
    training = Training(epochs=40, learning_rate=5e-3, average=0.98)
    entry = Entry(Cost("", "", 0, 0, ""))
    return fit(jax.random.key(1), estimator, task, data, training, entry=entry).model


@pytest.fixture(scope="module")
def dropped():
    task = GaussianLinear(dim=2, prior_scale=1.5, noise_scale=0.8)
    return task, model_of(task, drop=0.3)


def test_a_dropped_condition_gives_the_prior(dropped):
    task, model = dropped
    y = jnp.array([2.0, -1.0])
    draws = model.sample(jax.random.key(2), y, 5000)
    exact = task.posterior(y)
    scale = jnp.sqrt(exact.variance)
    np.testing.assert_allclose((draws.mean(0) - exact.mean) / scale, 0, atol=0.15)
    np.testing.assert_allclose(draws.std(0) / scale, 1, atol=0.1)
    u = model.estimator.unconditional(jax.random.key(3), 5000)
    np.testing.assert_allclose(u.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(u.std(0), 1, atol=0.1)


def test_a_model_is_guided_in_the_tasks_own_units(dropped):
    task, model = dropped
    y, slope = jnp.array([2.0, -1.0]), jnp.array([0.0, 1.5])
    exact = task.posterior(y)
    tilted = Guided(model, reward=lambda theta: slope @ theta)
    draws = tilted.sample(jax.random.key(2), y, 4000)
    error = (draws.mean(0) - exact.mean - exact.variance * slope) / jnp.sqrt(exact.variance)
    np.testing.assert_allclose(error, 0, atol=0.2)
    kept = Guided(model, constraint=lambda theta: theta[0] - exact.mean[0])
    draws = kept.sample(jax.random.key(2), y, 4000)
    assert (draws[:, 0] <= exact.mean[0] + 0.05).mean() > 0.98
    with pytest.raises(ValueError, match="Expected a reward or a constraint; got neither"):
        Guided(model)


def test_what_cannot_be_guided_or_dropped_is_refused():
    task = GaussianLinear(dim=2, prior_scale=1.5, noise_scale=0.8)
    flow = trained(
        make_estimator(jax.random.key(0), task, "flow", {"layers": 2}),
        Standardisation.identity(task),
    )
    with pytest.raises(ValueError, match="Expected a diffusion model to guide; got a Flow"):
        Guided(flow, reward=jnp.sum)
    estimator = Diffusion(key=jax.random.key(0), theta_dim=2, y_shape=(2,), width=8, depth=1)
    with pytest.raises(ValueError, match="Expected a model trained with drop above 0"):
        estimator.unconditional(jax.random.key(0), 3)
    for settings, message in (
        ({"prediction": "f"}, "a prediction among F, x, noise, velocity, score"),
        ({"schedule": "linear"}, "a schedule among edm, cosine"),
        ({"solver": "rk4"}, "a solver among multistep, heun, euler, two_step_sde, tsit5"),
        ({"drop": 1.0}, r"drop in \[0, 1\)"),
        ({"steps": 1}, "at least 2 steps"),
    ):
        with pytest.raises(ValueError, match=f"Expected {message}; got"):
            Diffusion(key=jax.random.key(0), theta_dim=2, y_shape=(2,), **settings)
