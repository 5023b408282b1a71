"""Shares of three species from counts that miss some of each, the first one often by much (cDiff, `species_sampling`).

p ~ Dir(2, 2, 2), theta = (p_1 - p_3, p_2 - p_3). Of Poisson(50 p_i) animals each is seen with chance q_i, q_2 = 0.6,
q_3 = 0.7, and q_1 = 0.9 with probability 0.7, else 0.3, one for all of them: seen_i ~ Poisson(50 p_i q_i).
y = 2 seen / 50 - 1/2. Chen, Bansal and Scott, 2025, arXiv 2410.19105.
"""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.dirichlet_multinomial import DIFFERENCES
from inversion.tasks.task import BoundedTask, SmoothTask

ANIMALS = 50.0
SEEN = ((0.9, 0.6, 0.7), (0.3, 0.6, 0.7))
CHANCE = (0.7, 0.3)


class SpeciesSampling(SmoothTask, BoundedTask):
    """theta lies in an affine image of the simplex, as in dirichlet_multinomial."""

    def prior(self) -> dist.Distribution:
        return dist.TransformedDistribution(dist.Dirichlet(jnp.full(3, 2.0)), DIFFERENCES)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "2"]) -> Float[Array, "3"]:
        key_which, key_count = jax.random.split(key)
        well = jax.random.uniform(key_which) < CHANCE[0]
        seen = jnp.where(well, *jnp.asarray(SEEN, theta.dtype))
        counts = jax.random.poisson(key_count, ANIMALS * seen * DIFFERENCES.inv(theta))
        return 2 * counts.astype(theta.dtype) / ANIMALS - 0.5

    def log_likelihood(self, theta: Float[Array, "2"], y: Float[Array, "3"]) -> Float[Array, ""]:
        counts = self.counts(y)
        rates = ANIMALS * jnp.asarray(SEEN, theta.dtype) * DIFFERENCES.inv(theta)
        each = xlogy(counts, rates) - rates - gammaln(counts + 1)
        return jax.nn.logsumexp(each.sum(axis=1), b=jnp.asarray(CHANCE, theta.dtype))

    def log_likelihood_bound(self, y: Float[Array, "3"]) -> Float[Array, ""]:
        """At rates that are the counts, which no theta may give."""
        counts = self.counts(y)
        return jnp.sum(xlogy(counts, counts) - counts - gammaln(counts + 1))

    def counts(self, y: Float[Array, "3"]) -> Float[Array, "3"]:
        """Whole numbers again: y may have been rounded to float32."""
        return jnp.round(ANIMALS * (y + 0.5) / 2)
