"""Uniform prior, Gaussian noise, identity operator: sbibm's `gaussian_linear_uniform` (Lueckmann et al., 2021, T.2).

theta ~ U(-half_width, half_width)^dim, y ~ N(theta, noise_scale^2 I); there dim is 10, half_width 1 and the
variance of the noise 0.1. The posterior is the noise's normal around y, cut off at the box.
"""

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.symmetric import SymmetricTask, signed_permutation
from inversion.tasks.task import ExactTask, LinearTask


class GaussianLinearUniform(LinearTask, ExactTask, SymmetricTask):
    """The y that lie outside the box have their posterior crowd against its walls."""

    size: int = eqx.field(static=True)
    half_width: float = eqx.field(static=True)
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self, *, dim: int = 10, half_width: float = 1.0, noise_scale: float = 0.1**0.5
    ) -> None:
        if dim < 1 or not min(half_width, noise_scale) > 0:
            raise ValueError(
                "Expected dim, half_width and noise_scale of gaussian_linear_uniform above 0; "
                f"got {dim}, {half_width} and {noise_scale}."
            )
        self.size, self.half_width, self.noise_scale = dim, half_width, noise_scale

    def prior(self) -> dist.Distribution:
        high = jnp.full(self.size, self.half_width)
        return dist.Uniform(-high, high).to_event(1)

    def operator(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return theta

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, " dim"], y: Float[Array, " dim"]
    ) -> tuple[Float[Array, " dim"], Float[Array, " dim"]]:
        """The coordinates in another order, some of them turned around."""
        g = signed_permutation(key, self.size, theta)
        return g @ theta, g @ y

    def posterior(self, y: Float[Array, " dim"]) -> dist.Distribution:
        return dist.TruncatedNormal(
            y, self.noise_scale, low=-self.half_width, high=self.half_width
        ).to_event(1)
