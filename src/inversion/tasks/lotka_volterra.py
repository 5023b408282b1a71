"""Prey and predators: sbibm's `lotka_volterra` (Lotka, 1920; Lueckmann et al., 2021, T.10).

theta = (alpha, beta, gamma, delta), log alpha and log gamma ~ N(-0.125, 0.5^2), log beta and log delta ~ N(-3, 0.5^2).
From 30 prey and 1 predator, x' = alpha x - beta x z and z' = -gamma z + delta x z. y is LogNormal(log u, 0.1^2) of the
prey at times 0, 2.1, ..., 18.9, then of the predators at the same times, where u is clipped to [1e-10, 1e4].
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import BoundedTask, SmoothTask
from inversion.tasks.trajectory import trajectory

START = np.log([30.0, 1.0])
TIMES = 2.1 * np.arange(10)
NOISE = 0.1
LEAST, MOST = 1e-10, 1e4


class LotkaVolterra(SmoothTask, BoundedTask):
    """Solved for the logarithms of both numbers, which keeps them positive."""

    def prior(self) -> dist.Distribution:
        return dist.LogNormal(jnp.array([-0.125, -3.0, -0.125, -3.0]), 0.5).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "4"]) -> Float[Array, "20"]:
        log_numbers = log_populations(theta)
        noise = jax.random.normal(key, log_numbers.shape, theta.dtype)
        return jnp.exp(log_numbers + NOISE * noise)

    def log_likelihood(self, theta: Float[Array, "4"], y: Float[Array, "20"]) -> Float[Array, ""]:
        residual = (jnp.log(y) - log_populations(theta)) / NOISE
        return self.log_likelihood_bound(y) - 0.5 * jnp.sum(residual**2)

    def log_likelihood_bound(self, y: Float[Array, "20"]) -> Float[Array, ""]:
        """Without any residual."""
        return -jnp.sum(jnp.log(y * NOISE * jnp.sqrt(2 * jnp.pi)))


def log_populations(theta: Float[Array, "4"]) -> Float[Array, "20"]:
    """The log numbers of prey, then of predators."""

    start, times = (jnp.asarray(x, theta.dtype) for x in (START, TIMES))
    states = trajectory(_field, theta, start, times)
    return jnp.clip(states.T.reshape(-1), np.log(LEAST), np.log(MOST))


def _field(t: Array, state: Float[Array, "2"], theta: Float[Array, "4"]) -> Float[Array, "2"]:
    """The derivatives of the log numbers."""
    alpha, beta, gamma, delta = theta
    prey, predators = jnp.exp(state)
    return jnp.stack([alpha - beta * predators, delta * prey - gamma])
