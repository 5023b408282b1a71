"""Deep sets with learned location, spread and count: a summary that no order of the rows changes.

Zaheer et al., 2017; the features and their learned scales by Chen, Bansal and Scott, 2025 (cDiff, its encoder).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.mlp import MLP
from inversion.networks.summaries.summary import AbstractSummary


class DeepSets(AbstractSummary):
    """rho(mean of phi(rows), a mean, b log spread, c sqrt(count)), with a, b and c learned.

    The rows go through phi less their mean and over their largest distance from it.
    """

    inner: MLP
    outer: MLP
    log_scales: Float[Array, "3"]
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
        self.outer = MLP(
            width + 2 * columns + 1, dim, width=width, depth=depth, activation="relu", key=key_outer
        )
        self.log_scales = jnp.array([-2.0, -2.0, 0.0])

    def __call__(self, y: Float[Array, "rows columns+1"]) -> Float[Array, " dim"]:
        rows, mask = y[:, :-1], y[:, -1:]
        count = jnp.maximum(jnp.sum(mask), 1.0)
        mean = jnp.sum(mask * rows, axis=0) / count
        centred = mask * (rows - mean)
        spread = jnp.sqrt(jnp.sum(centred**2, axis=0) / count + 1e-12)
        largest = jnp.max(jnp.abs(centred), axis=0) + 1e-6
        pooled = jnp.sum(mask * jax.vmap(self.inner)(centred / largest), axis=0) / count
        a, b, c = jnp.exp(self.log_scales)
        features = [pooled, a * mean, b * jnp.log(spread), c * jnp.sqrt(count)[None]]
        return self.outer(jnp.concatenate(features))
