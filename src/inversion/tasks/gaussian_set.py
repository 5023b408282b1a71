"""The mean of a set of Gaussian rows of known spread, with its conjugate prior: any number of rows has a closed form.

theta ~ N(0, prior_scale^2 I), y_i ~ N(theta, noise_scale^2 I) for n rows; the posterior is
N(n ybar s^2 / (v + n s^2), s^2 v / (v + n s^2) I), with s the prior's scale and v the noise's variance.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.rows import check_rows, cut, moments, observed
from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask


class GaussianSet(SmoothTask, BoundedTask, ExactTask):
    """`min_rows` to `max_rows` rows, each count as likely; the rows that an observation lacks are NaN."""

    size: int = eqx.field(static=True)
    prior_scale: float = eqx.field(static=True)
    noise_scale: float = eqx.field(static=True)
    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        dim: int = 2,
        prior_scale: float = 1.0,
        noise_scale: float = 1.0,
        min_rows: int = 1,
        max_rows: int = 100,
    ) -> None:
        if dim < 1 or not min(prior_scale, noise_scale) > 0:
            raise ValueError(
                "Expected dim, prior_scale and noise_scale of gaussian_set above 0; "
                f"got {dim}, {prior_scale} and {noise_scale}."
            )
        check_rows("gaussian_set", min_rows, max_rows)
        self.size, self.prior_scale, self.noise_scale = dim, prior_scale, noise_scale
        self.min_rows, self.max_rows = min_rows, max_rows

    def prior(self) -> dist.Distribution:
        return dist.Normal(jnp.zeros(self.size), self.prior_scale).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, "rows dim"]:
        key_rows, key_noise = jax.random.split(key)
        noise = jax.random.normal(key_noise, (self.max_rows, self.size), theta.dtype)
        return cut(key_rows, theta + self.noise_scale * noise, self.min_rows)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, "rows dim"]
    ) -> Float[Array, ""]:
        """Of the rows that there are: normalised over them, given how many."""
        rows = jnp.where(observed(y), y, 0.0)
        each = dist.Normal(theta, self.noise_scale).log_prob(rows)
        return jnp.sum(jnp.where(observed(y), each, 0.0))

    def log_likelihood_bound(self, y: Float[Array, "rows dim"]) -> Float[Array, ""]:
        """At the mean of the rows."""
        return self.log_likelihood(moments(y)[1], y)

    def posterior(self, y: Float[Array, "rows dim"]) -> dist.Distribution:
        n, mean, _ = moments(y)
        precision = 1 / self.prior_scale**2 + n / self.noise_scale**2
        return dist.Normal(
            n * mean / self.noise_scale**2 / precision, precision**-0.5 * jnp.ones_like(mean)
        ).to_event(1)
