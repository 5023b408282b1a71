"""An epidemic with contact and recovery rate: sbibm's `sir` (Lueckmann et al., 2021, T.9; Kermack, McKendrick, 1927).

theta = (beta, gamma) per day, log beta ~ N(log 0.4, 0.5^2), log gamma ~ N(log 0.125, 0.2^2). Of a million people one
is infected on day 0, and s' = -beta s i, i' = beta s i - gamma i for the shares that can catch it and that have it.
Each 17th day, from 0 to 153, 1,000 people are tested: y ~ Binomial(1000, i), ten counts.
"""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import gammaln, xlog1py, xlogy
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import BoundedTask, SmoothTask
from inversion.tasks.trajectory import trajectory

PEOPLE, TESTED = 1e6, 1000
DAYS = np.arange(0.0, 160.0, 17.0)
START = np.log([1 - 1 / PEOPLE, 1 / PEOPLE])


class Sir(SmoothTask, BoundedTask):
    """Solved for the logarithms of both shares, which keeps them positive."""

    def prior(self) -> dist.Distribution:
        return dist.LogNormal(jnp.log(jnp.array([0.4, 0.125])), jnp.array([0.5, 0.2])).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "2"]) -> Float[Array, "10"]:
        share = jnp.exp(log_infected(theta))
        return dist.Binomial(TESTED, probs=share).sample(key).astype(theta.dtype)

    def log_likelihood(self, theta: Float[Array, "2"], y: Float[Array, "10"]) -> Float[Array, ""]:
        log_share = log_infected(theta)
        log_rest = jnp.log1p(-jnp.exp(log_share))
        return jnp.sum(_log_choose(y) + y * log_share + (TESTED - y) * log_rest)

    def log_likelihood_bound(self, y: Float[Array, "10"]) -> Float[Array, ""]:
        """At shares that are the counted ones."""
        share = y / TESTED
        return jnp.sum(_log_choose(y) + xlogy(y, share) + xlog1py(TESTED - y, -share))


def log_infected(theta: Float[Array, "2"]) -> Float[Array, "10"]:
    """log i on the days of the tests."""

    start, days = (jnp.asarray(x, theta.dtype) for x in (START, DAYS))
    return trajectory(_field, theta, start, days)[:, 1]


def _field(t: Array, state: Float[Array, "2"], theta: Float[Array, "2"]) -> Float[Array, "2"]:
    """The derivatives of log s and log i."""
    (log_s, log_i), (beta, gamma) = state, theta
    return jnp.stack([-beta * jnp.exp(log_i), beta * jnp.exp(log_s) - gamma])


def _log_choose(y: Float[Array, "10"]) -> Float[Array, "10"]:
    return gammaln(TESTED + 1.0) - gammaln(y + 1) - gammaln(TESTED - y + 1)
