"""Refinements under a prior whose map is known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from inversion.posterior import AbstractTransport
from inversion.refinements.latent_nuts import LatentNuts
from inversion.refinements.splitting import HalfQuadraticSplitting, data_fit
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.two_moons_line import TwoMoonsLine


class GaussianPrior(AbstractTransport):
    """theta = mean + scale z: an isometry up to a scale."""

    mean: Array
    scale: Array

    def to_latent(self, theta):
        return (theta - self.mean) / self.scale

    def from_latent(self, z):
        return self.mean + self.scale * z

    def log_prob(self, theta, y):
        z = self.to_latent(theta)
        return -0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi) + 2 * jnp.log(self.scale))

    def sample(self, key, y, num):
        return self.from_latent(jax.random.normal(key, (num, self.mean.size)))


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def test_data_fit_is_the_minimum():
    task, y = TwoMoonsLine(), jnp.array([0.4])
    pulled, mu = jnp.array([1.0, -2.0]), jnp.asarray(3.0)
    theta = data_fit(task, y)(pulled, mu)

    def objective(theta):
        return -task.log_likelihood(theta, y) + mu * jnp.sum((theta - pulled) ** 2) / 2

    np.testing.assert_allclose(jax.grad(objective)(theta), 0, atol=1e-9)


def test_splitting_reaches_the_map_under_an_isometry():
    """tau = mu - 1 is the setting for a map of scale 1; the data's own scale is another."""
    task = GaussianLinear(dim=3, prior_scale=1.0, noise_scale=0.5)
    mean = jnp.array([0.5, -1.0, 2.0])
    y = jnp.array([1.0, 1.0, -1.0])
    method = HalfQuadraticSplitting(iterations=2000, mu=(2.0, 20.0))
    inverted = method.invert(jax.random.key(0), task, GaussianPrior(mean, jnp.ones(3)), y, 5)
    exact = (mean + y / 0.25) / (1 + 1 / 0.25)
    np.testing.assert_allclose(inverted.theta, np.tile(exact, (5, 1)), atol=1e-5)
    assert inverted.residuals[-1, 1] < 1e-6
    assert inverted.calls.network == 5 * (2 * 2000 + 1)


def test_latent_nuts_is_exact_under_its_prior():
    task = GaussianLinear(
        dim=2, prior_scale=9.0, noise_scale=0.5
    )  # the task's own prior is not asked
    prior = GaussianPrior(jnp.array([0.5, -1.0]), jnp.array([1.0, 0.3]))
    y = jnp.array([1.0, 1.0])
    method = LatentNuts(chains=4, warmup=300)
    inverted = jax.jit(lambda key: method.invert(key, task, prior, y, 8000))(jax.random.key(1))
    precision = 1 / prior.scale**2 + 1 / 0.25
    exact = (prior.mean / prior.scale**2 + y / 0.25) / precision
    np.testing.assert_allclose(inverted.theta.mean(0), exact, atol=0.03)
    np.testing.assert_allclose(inverted.theta.std(0), precision**-0.5, rtol=0.06)
    stacked = jax.tree.map(lambda leaf: np.asarray(leaf)[None], inverted)
    assert method.verdict(task, stacked).accepted


def test_settings_are_checked():
    with pytest.raises(ValueError, match="Expected mu of hqs as"):
        HalfQuadraticSplitting(iterations=3, mu=(0.5, 2.0))
