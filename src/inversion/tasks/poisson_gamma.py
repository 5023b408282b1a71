"""Log rates of independent counts under a conjugate prior (cDiff, `possion_gamma`).

lambda ~ Gamma(2, rate 1)^dim, theta = log lambda, y = log(1 + count), count ~ Poisson(lambda); the posterior of
lambda is Gamma(2 + count, rate 2). Chen, Bansal and Scott, 2025, arXiv 2410.19105; their exact posterior takes exp(y)
for the count and leaves out the Jacobian of the logarithm.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import ExpTransform

from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask

SHAPE, RATE = 2.0, 1.0


class PoissonGamma(SmoothTask, BoundedTask, ExactTask):
    """One count for each of `dim` rates."""

    size: int = eqx.field(static=True)

    def __init__(self, *, dim: int = 10) -> None:
        if dim < 1:
            raise ValueError(f"Expected dim of poisson_gamma above 0; got {dim}.")
        self.size = dim

    def prior(self) -> dist.Distribution:
        return _log_gamma(jnp.full(self.size, SHAPE), RATE)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return jnp.log1p(jax.random.poisson(key, jnp.exp(theta)).astype(theta.dtype))

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, " dim"]
    ) -> Float[Array, ""]:
        counts = self.counts(y)
        return jnp.sum(counts * theta - jnp.exp(theta) - gammaln(counts + 1))

    def log_likelihood_bound(self, y: Float[Array, " dim"]) -> Float[Array, ""]:
        """At rates that are the counts."""
        counts = self.counts(y)
        return jnp.sum(xlogy(counts, counts) - counts - gammaln(counts + 1))

    def posterior(self, y: Float[Array, " dim"]) -> dist.Distribution:
        return _log_gamma(SHAPE + self.counts(y), RATE + 1)

    def counts(self, y: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Whole numbers again: y may have been rounded to float32."""
        return jnp.round(jnp.expm1(y))


def _log_gamma(shape: Float[Array, " dim"], rate: float) -> dist.Distribution:
    return dist.TransformedDistribution(dist.Gamma(shape, rate), ExpTransform().inv).to_event(1)
