"""Deep sets with learned location, spread and count: a summary that no order of the rows changes.

Zaheer et al., 2017; the features and their learned scales by Chen, Bansal and Scott, 2025 (cDiff, its encoder).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.mlp import MLP
from inversion.networks.summaries.moments import FLOOR, Moments
from inversion.networks.summaries.summary import AbstractSummary


class DeepSets(AbstractSummary):
    """rho(mean of phi(rows), location, spread, count).

    The rows go through phi less their mean and over their largest distance from it, column by column. The
    defaults are cDiff's: phi and rho of two hidden layers of 256.
    """

    inner: MLP
    outer: MLP
    moments: Moments
    dim: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        y_shape: tuple[int, int],
        dim: int = 256,
        width: int = 256,
        depth: int = 2,
    ) -> None:
        columns = y_shape[1] - 1
        key_inner, key_outer = jax.random.split(key)
        self.dim = dim
        self.inner = MLP(columns, width, width=width, depth=depth, activation="silu", key=key_inner)
        self.moments = Moments(y_shape[0], columns)
        features = width + 2 * columns + 1
        self.outer = MLP(features, dim, width=width, depth=depth, activation="relu", key=key_outer)

    def __call__(self, y: Float[Array, "rows columns+1"]) -> Float[Array, " dim"]:
        mask = y[:, -1]
        features, centred, _ = self.moments(y)
        # Taken by its place: the slope of a maximum asks which entries equal it, and compiled code may round the two
        # apart, so that none does.
        far = jnp.abs(centred)
        largest = jnp.take_along_axis(far, jnp.argmax(far, axis=0)[None], axis=0)[0] + FLOOR
        pooled = mask @ jax.vmap(self.inner)(centred / largest) / jnp.maximum(jnp.sum(mask), 1.0)
        return self.outer(jnp.concatenate([pooled, features]))
