"""A sum of three cosines of two angles, seen through noise: a posterior of many ridges (cDiff, `cos`).

theta ~ U(-1, 1)^2 in units of pi, a = pi theta, mu = cos(a_1 - a_2) + cos(2 a_1 + a_2) + cos(3 a_1 - 4 a_2),
4 y ~ N(mu, 1): the network sees a quarter of the reading. Chen, Bansal and Scott, 2025, arXiv 2410.19105.
"""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import BoundedTask, SmoothTask

ANGLES = ((1.0, -1.0), (2.0, 1.0), (3.0, -4.0))
SCALE = 4.0


class Cos(SmoothTask, BoundedTask):
    """One number for two angles."""

    def prior(self) -> dist.Distribution:
        return dist.Uniform(-jnp.ones(2), jnp.ones(2)).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "2"]) -> Float[Array, "1"]:
        noise = jax.random.normal(key, (1,), theta.dtype)
        return (_mean(theta) + noise) / SCALE

    def log_likelihood(self, theta: Float[Array, "2"], y: Float[Array, "1"]) -> Float[Array, ""]:
        return dist.Normal(_mean(theta), 1.0).log_prob(SCALE * y[0]) + jnp.log(SCALE)

    def log_likelihood_bound(self, y: Float[Array, "1"]) -> Float[Array, ""]:
        """At mu = 4 y, or at the end of [-3, 3] that lies nearer."""
        reach = jnp.clip(SCALE * y[0], -3.0, 3.0)
        return dist.Normal(reach, 1.0).log_prob(SCALE * y[0]) + jnp.log(SCALE)


def _mean(theta: Float[Array, "2"]) -> Float[Array, ""]:
    return jnp.sum(jnp.cos(jnp.pi * jnp.asarray(ANGLES, theta.dtype) @ theta))
