"""Layers that turn the coordinates and then map each by itself: z = T(x), which reads no context.

Chen and Gopinath, Gaussianization, 2000; trained by likelihood: Meng, Song, Song and Ermon, Gaussianization Flows,
2020 (arXiv 2003.01941), whose margins are mixtures of logistics, inverted by bisection; these are splines, inverted in
closed form.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.margins import Margins
from inversion.networks.permutation import Rotations, rotated
from inversion.networks.transform import AbstractTransform


class Gaussianization(AbstractTransform):
    """Rotations and margins, one of each for every layer; at first the margins are left as they are."""

    rotations: Rotations
    margins: Margins

    def __init__(
        self, dim: int, *, layers: int, knots: int, interval: float, key: PRNGKeyArray
    ) -> None:
        if layers < 1:
            raise ValueError(f"Expected at least 1 layer; got {layers}.")
        self.rotations = rotated(key, layers, dim)
        self.margins = Margins.identity(layers, dim, knots, interval)

    def forward(
        self, x: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        def step(carry, leaves):
            x, log_det = carry
            z, slopes = layer(eqx.combine(leaves, static), x)
            return (z, log_det + slopes), None

        arrays, static = eqx.partition((self.rotations, self.margins), eqx.is_array)
        carry = (x, jnp.zeros(x.shape[1:], x.dtype))
        return jax.lax.scan(step, carry, arrays)[0]

    def inverse(
        self, z: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        def step(carry, leaves):
            z, log_det = carry
            rotation, margins = eqx.combine(leaves, static)
            x, slopes = margins.inverse(z)
            return (rotation.inverse(x), log_det + jnp.sum(slopes, axis=0)), None

        arrays, static = eqx.partition((self.rotations, self.margins), eqx.is_array)
        carry = (z, jnp.zeros(z.shape[1:], z.dtype))
        return jax.lax.scan(step, carry, arrays, reverse=True)[0]


def layer(
    parts: tuple[Rotations, Margins], x: Float[Array, "dim *batch"]
) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
    """One layer's z, and log |det dz/dx|: a rotation keeps volumes."""
    rotation, margins = parts
    z, slopes = margins.forward(rotation.forward(x))
    return z, jnp.sum(slopes, axis=0)
