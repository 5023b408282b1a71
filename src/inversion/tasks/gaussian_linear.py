"""Gaussian prior, Gaussian noise, identity operator: sbibm's `gaussian_linear` (Lueckmann et al., 2021, T.1).

theta ~ N(0, prior_scale^2 I), y ~ N(theta, noise_scale^2 I); both variances are 0.1 and dim is 10 there.
"""

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.symmetric import SymmetricTask, signed_permutation
from inversion.tasks.task import ExactTask, LinearTask


class GaussianLinear(LinearTask, ExactTask, SymmetricTask):
    """The posterior is N(y s^2 / (s^2 + n^2), s^2 n^2 / (s^2 + n^2) I), with s and n the two scales."""

    size: int = eqx.field(static=True)
    prior_scale: float = eqx.field(static=True)
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self, *, dim: int = 10, prior_scale: float = 0.1**0.5, noise_scale: float = 0.1**0.5
    ) -> None:
        if dim < 1 or not min(prior_scale, noise_scale) > 0:
            raise ValueError(
                "Expected dim, prior_scale and noise_scale of gaussian_linear above 0; "
                f"got {dim}, {prior_scale} and {noise_scale}."
            )
        self.size = dim
        self.prior_scale = prior_scale
        self.noise_scale = noise_scale

    def prior(self) -> dist.Distribution:
        return dist.Normal(jnp.zeros(self.size), self.prior_scale).to_event(1)

    def operator(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return theta

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, " dim"], y: Float[Array, " dim"]
    ) -> tuple[Float[Array, " dim"], Float[Array, " dim"]]:
        """The coordinates in another order, some of them turned around."""
        g = signed_permutation(key, self.size, theta)
        return g @ theta, g @ y

    def posterior(self, y: Float[Array, " dim"]) -> dist.Distribution:
        shrink = self.prior_scale**2 / (self.prior_scale**2 + self.noise_scale**2)
        return dist.Normal(shrink * y, self.noise_scale * shrink**0.5).to_event(1)
