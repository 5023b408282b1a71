"""Learned priors whose map is known in closed form, for all tests of refinements."""

import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array

from inversion.posterior import AbstractTransport


class LinearPrior(AbstractTransport):
    """theta = mean + root z: N(mean, root root')."""

    mean: Array
    root: Array

    def to_latent(self, theta):
        return jnp.linalg.solve(self.root, theta - self.mean)

    def from_latent(self, z):
        return self.mean + self.root @ z

    def log_prob(self, theta, y):
        z = self.to_latent(theta)
        log_det = jnp.linalg.slogdet(self.root)[1]
        return -0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi)) - log_det

    def sample(self, key, y, num):
        return jax.vmap(self.from_latent)(jax.random.normal(key, (num, self.mean.size)))

    def given(self, task, y):
        """Mean and covariance of the posterior under a linear task."""
        operator = jax.jacfwd(task.operator)(jnp.zeros(self.mean.size))
        precision = jnp.linalg.inv(self.root @ self.root.T)
        covariance = jnp.linalg.inv(precision + operator.T @ operator / task.noise_scale**2)
        pull = precision @ self.mean + operator.T @ y / task.noise_scale**2
        return covariance @ pull, covariance


@pytest.fixture
def linear_prior():
    """A prior from a mean and a root."""
    return lambda mean, root: LinearPrior(jnp.asarray(mean, float), jnp.asarray(root, float))


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield
