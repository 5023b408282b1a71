"""Stochastic volatility: the log variance of a series is an autoregression that is not seen (cDiff, `stochastic_vol`).

h_0 ~ N(mu, sigma^2), h_t = mu + phi (h_{t-1} - mu) + sigma xi_t, y_t = exp(h_t / 2) e_t, theta = (mu, phi, sigma) with
mu ~ N(-1, 1/4), phi ~ U(0.9, 0.999), sigma ~ U(0.1, 0.3). Chen, Bansal and Scott, 2025, arXiv 2410.19105.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.columns import Columns
from inversion.tasks.rows import check_rows, cut
from inversion.tasks.task import AbstractTask


class StochasticVolatility(AbstractTask):
    """A series of `min_rows` to `max_rows` steps, each count as likely; h is not integrated out: no likelihood."""

    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, min_rows: int = 300, max_rows: int = 1499) -> None:
        check_rows("stochastic_volatility", min_rows, max_rows)
        self.min_rows, self.max_rows = min_rows, max_rows

    def prior(self) -> Columns:
        return Columns(dist.Normal(-1.0, 0.5), dist.Uniform(0.9, 0.999), dist.Uniform(0.1, 0.3))

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "3"]) -> Float[Array, "rows 1"]:
        mu, phi, sigma = theta
        key_rows, key_state, key_noise = jax.random.split(key, 3)
        xi = jax.random.normal(key_state, (self.max_rows,), theta.dtype)

        def step(deviation: Array, xi: Array) -> tuple[Array, Array]:
            deviation = phi * deviation + sigma * xi
            return deviation, deviation

        _, deviations = jax.lax.scan(step, jnp.zeros((), theta.dtype), xi)
        noise = jax.random.normal(key_noise, (self.max_rows,), theta.dtype)
        y = jnp.exp((mu + deviations) / 2) * noise
        return cut(key_rows, y[:, None], self.min_rows)
