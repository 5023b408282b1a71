"""A narrow peak over a flat brim (Polson, 1991, and Matthews, 1993; set as in cDiff: Chen, Bansal and Scott, 2025).

theta ~ U(0.1, 0.9)^dim, y ~ (1 - delta) N(theta, scale^2 I) + delta U(0, 1)^dim. Given y, theta is drawn from
the normal cut off at the box or uniformly, by the weights (1 - delta) N(theta in box; y, scale^2 I) and delta |box|.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import ndtr
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask

LOW, HIGH = 0.1, 0.9


class WitchHat(SmoothTask, BoundedTask, ExactTask):
    """A share delta of the observations says nothing of theta, and looks like the others."""

    size: int = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    delta: float = eqx.field(static=True)

    def __init__(self, *, dim: int = 5, scale: float = 0.02, delta: float = 0.05) -> None:
        if dim < 1 or not scale > 0 or not 0 < delta < 1:
            raise ValueError(
                "Expected dim and scale of witch_hat above 0 and delta between 0 and 1; "
                f"got {dim}, {scale} and {delta}."
            )
        self.size, self.scale, self.delta = dim, scale, delta

    def prior(self) -> dist.Distribution:
        return dist.Uniform(jnp.full(self.size, LOW), jnp.full(self.size, HIGH)).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        key_which, key_normal, key_uniform = jax.random.split(key, 3)
        peak = theta + self.scale * jax.random.normal(key_normal, theta.shape, theta.dtype)
        brim = jax.random.uniform(key_uniform, theta.shape, theta.dtype)
        return jnp.where(jax.random.uniform(key_which) < self.delta, brim, peak)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, " dim"]
    ) -> Float[Array, ""]:
        peak = jnp.sum(dist.Normal(theta, self.scale).log_prob(y))
        return jnp.logaddexp(jnp.log1p(-self.delta) + peak, self._log_brim(y))

    def log_likelihood_bound(self, y: Float[Array, " dim"]) -> Float[Array, ""]:
        """At the theta of the box that lies nearest to y."""
        return self.log_likelihood(jnp.clip(y, LOW, HIGH), y)

    def posterior(self, y: Float[Array, " dim"]) -> dist.Distribution:
        normal = dist.TruncatedNormal(y, self.scale, low=LOW, high=HIGH)
        peak = jnp.log1p(-self.delta) + jnp.sum(self._log_inside(y))
        brim = self._log_brim(y) + self.size * jnp.log(HIGH - LOW)
        return dist.MixtureGeneral(
            dist.Categorical(logits=jnp.stack([peak, brim])),
            [normal.to_event(1), self.prior()],
            support=self.prior().support,
        )

    def _log_inside(self, y: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """log P(LOW < N(y, scale^2) < HIGH), from the tail that is the smaller."""
        low, high = (LOW - y) / self.scale, (HIGH - y) / self.scale
        below = low > 0
        low, high = jnp.where(below, -high, low), jnp.where(below, -low, high)
        return jnp.log(ndtr(high) - ndtr(low))

    def _log_brim(self, y: Float[Array, " dim"]) -> Float[Array, ""]:
        inside = jnp.all((y > 0) & (y < 1))
        return jnp.where(inside, jnp.log(self.delta), -jnp.inf).astype(y.dtype)
