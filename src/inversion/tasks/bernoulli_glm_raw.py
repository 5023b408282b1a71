"""`bernoulli_glm` with all of its 100 spikes seen: sbibm's `bernoulli_glm_raw` (Lueckmann et al., 2021, T.6).

y is 0 or 1 for each time bin, of which X'y alone says something about theta: prior and posterior are those of
`bernoulli_glm`.
"""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.bernoulli_glm import BernoulliGlm, draw_spikes, statistics
from inversion.tasks.symmetric import SymmetricTask
from inversion.tasks.task import BoundedTask, SmoothTask

GLM = BernoulliGlm()


class BernoulliGlmRaw(SmoothTask, BoundedTask, SymmetricTask):
    """The same posterior, from ten times the numbers."""

    def prior(self) -> dist.Distribution:
        return GLM.prior()

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "10"]) -> Float[Array, "100"]:
        return draw_spikes(key, theta)

    def log_likelihood(self, theta: Float[Array, "10"], y: Float[Array, "100"]) -> Float[Array, ""]:
        return GLM.log_likelihood(theta, statistics(y))

    def log_likelihood_bound(self, y: Float[Array, "100"]) -> Float[Array, ""]:
        return GLM.log_likelihood_bound(statistics(y))

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, "10"], y: Float[Array, "100"]
    ) -> tuple[Float[Array, "10"], Float[Array, "100"]]:
        """-theta puts spikes where there were none, and none where there were."""
        turned = jax.random.bernoulli(key)
        return jnp.where(turned, -theta, theta), jnp.where(turned, 1 - y, y)
