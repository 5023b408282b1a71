"""The common mean of two Gaussians, one broad and one narrow: sbibm's `gaussian_mixture` (Sisson et al., 2007).

theta ~ U(-half_width, half_width)^dim, y ~ 1/2 N(theta, I) + 1/2 N(theta, 0.01 I); in sbibm 1.1.0 half_width is 10 and
dim 2 (Lueckmann et al., 2021, T.7). Given y, theta is drawn from the same two Gaussians around y, cut off at the box
and weighed by their mass in it.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.symmetric import SymmetricTask, signed_permutation
from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask

SCALES = (1.0, 0.1)


class CommonMean(SmoothTask, BoundedTask, ExactTask, SymmetricTask):
    """A narrow peak within a broad one."""

    size: int = eqx.field(static=True)
    half_width: float = eqx.field(static=True)

    def __init__(self, *, dim: int = 2, half_width: float = 10.0) -> None:
        if dim < 1 or not half_width > 0:
            raise ValueError(
                "Expected dim and half_width of gaussian_mixture above 0; "
                f"got {dim} and {half_width}."
            )
        self.size, self.half_width = dim, half_width

    def prior(self) -> dist.Distribution:
        high = jnp.full(self.size, self.half_width)
        return dist.Uniform(-high, high).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Both coordinates have their noise from the same Gaussian."""
        key_which, key_noise = jax.random.split(key)
        scale = jnp.where(jax.random.bernoulli(key_which), *SCALES)
        return theta + scale * jax.random.normal(key_noise, theta.shape, theta.dtype)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, " dim"]
    ) -> Float[Array, ""]:
        parts = [jnp.sum(dist.Normal(theta, scale).log_prob(y)) for scale in SCALES]
        return jnp.logaddexp(*parts) - jnp.log(2.0)

    def log_likelihood_bound(self, y: Float[Array, " dim"]) -> Float[Array, ""]:
        """At the theta of the box that lies nearest to y."""
        return self.log_likelihood(jnp.clip(y, -self.half_width, self.half_width), y)

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, " dim"], y: Float[Array, " dim"]
    ) -> tuple[Float[Array, " dim"], Float[Array, " dim"]]:
        """The coordinates in another order, some of them turned around."""
        g = signed_permutation(key, self.size, theta)
        return g @ theta, g @ y

    def posterior(self, y: Float[Array, " dim"]) -> dist.Distribution:
        box = {"low": -self.half_width, "high": self.half_width}
        return dist.MixtureGeneral(
            dist.Categorical(logits=jnp.stack([self._log_inside(y, scale) for scale in SCALES])),
            [dist.TruncatedNormal(y, scale, **box).to_event(1) for scale in SCALES],
            support=self.prior().support,
        )

    def _log_inside(self, y: Float[Array, " dim"], scale: float) -> Float[Array, ""]:
        """The log probability that N(y, scale^2 I) falls into the box: of |y|, whose far side is the lower tail."""
        high = log_ndtr((self.half_width - jnp.abs(y)) / scale)
        low = log_ndtr((-self.half_width - jnp.abs(y)) / scale)
        return jnp.sum(high + jnp.log1p(-jnp.exp(low - high)))
