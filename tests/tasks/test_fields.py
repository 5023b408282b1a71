"""Gaussian images whose posterior is known: their laws, against what plain linear algebra gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.tasks import make_task
from inversion.tasks.sphere_field import Gap, grid

FIELD = make_task({"kind": "random_field", "side": 6, "exponent": 2.0, "blur": 0.8})
SPHERE = make_task({"kind": "sphere_field", "height": 5, "width": 8})


def dense_posterior(task, covariance, y):
    """Mean and covariance of theta given y by the operator's matrix."""
    told = task.given(y)
    matrix = jax.vmap(lambda e: told.operator(e).ravel())(jnp.eye(task.dim)).T
    matrix = matrix[np.asarray(task.measure.weights(y)).ravel() == 1]
    values = y.ravel()[np.asarray(task.measure.weights(y)).ravel() == 1]
    gain = (
        covariance
        @ matrix.T
        @ np.linalg.inv(matrix @ covariance @ matrix.T + task.noise_scale**2 * np.eye(len(matrix)))
    )
    return gain @ values, covariance - gain @ matrix @ covariance


def covariance_of(prior) -> np.ndarray:
    """From the quadratic form of the log-density."""
    return np.linalg.inv(-jax.hessian(prior.log_prob)(jnp.zeros(prior.event_shape)))


@pytest.mark.parametrize("task", [FIELD, SPHERE], ids=["torus", "sphere"])
def test_the_posterior_is_that_of_linear_algebra(task) -> None:
    prior = task.prior()
    y = task.simulate(jax.random.key(1), prior.sample(jax.random.key(0)))
    covariance = covariance_of(prior)
    np.testing.assert_allclose(np.diag(covariance), prior.variance, rtol=1e-6)
    mean, left = dense_posterior(task, covariance, y)
    posterior = task.posterior(y)
    np.testing.assert_allclose(posterior.mean, mean, atol=1e-7)
    np.testing.assert_allclose(posterior.variance, np.diag(left), rtol=1e-5)
    np.testing.assert_allclose(covariance_of(posterior), left, atol=1e-7)


@pytest.mark.parametrize("task", [FIELD, SPHERE], ids=["torus", "sphere"])
def test_draws_have_variance_one(task) -> None:
    draws = task.prior().sample(jax.random.key(2), (20_000,))
    np.testing.assert_allclose(draws.std(0), 1.0, rtol=0.04)
    np.testing.assert_allclose(task.prior().variance, 1.0, rtol=1e-5)


def test_the_power_falls_by_the_exponent() -> None:
    task = make_task({"kind": "random_field", "side": 16, "exponent": 3.0})
    power = np.asarray(task.prior().power)
    assert power[0, 1] / power[0, 4] == pytest.approx(64)
    assert power[3, 4] / power[0, 5] == pytest.approx(1)


def test_the_covariance_on_the_sphere_knows_the_angle_alone() -> None:
    task = make_task({"kind": "sphere_field", "height": 6, "width": 12})
    covariance = covariance_of(task.prior()).reshape(6, 12, 6, 12)
    np.testing.assert_allclose(covariance[2, 3, 4, 8], covariance[2, 0, 4, 5], atol=1e-8)
    np.testing.assert_allclose(covariance[0, 3, 1, 3], covariance[2, 3, 3, 3], atol=1e-8)


@pytest.mark.parametrize("region", ["cap", "orbit"])
def test_the_missing_region_covers_its_share_of_the_sphere(region) -> None:
    gap, shape = Gap(region=region, missing=0.2), (24, 48, 1)
    keys = jax.random.split(jax.random.key(3), 500)
    seen = np.asarray(jax.vmap(lambda key: gap.draw(key, shape))(keys))[..., 0]
    area = np.cos(grid(24, 48)[0])
    missing = ((1 - seen) * area).sum((1, 2)) / area.sum()
    assert missing.mean() == pytest.approx(0.2, abs=0.005)
    assert missing.std() < 0.03
    # Every place is as often missing as any other.
    assert np.abs((1 - seen).mean(0) - 0.2).max() < 0.1


def test_areas_are_those_of_the_sphere() -> None:
    areas = SPHERE.areas
    assert areas.mean() == pytest.approx(1)
    assert areas[0, 0] < areas[2, 0]


def test_the_gaussian_image_is_as_published() -> None:
    task = make_task({"kind": "gaussian_image"})
    y = jnp.ones((8, 8, 1))
    posterior = task.posterior(y)
    np.testing.assert_allclose(posterior.mean, 1 / 1.09)
    np.testing.assert_allclose(posterior.variance**0.5, 0.2873, atol=1e-4)


def test_what_makes_no_field_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected a region among cap, orbit; got 'hole'"):
        make_task({"kind": "sphere_field", "region": "hole"})
    with pytest.raises(ValueError, match="Expected side of random_field of at least 1"):
        make_task({"kind": "random_field", "side": 0})
