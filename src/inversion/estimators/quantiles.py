"""Mean and quantiles of each coordinate by the scores that they minimise: a posterior summed up, without draws of it.

The square for the mean, the pinball loss for a quantile (Koenker and Bassett, 1978; Gneiting and Raftery, 2007). The
quantiles are the middle one and steps above 0 away from it, so that they never cross.
"""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractPointEstimator
from inversion.estimators.normalising_flow import context_dim
from inversion.networks.mlp import MLP
from inversion.posterior import Points


class Quantiles(AbstractPointEstimator):
    """E[theta | y] and the quantiles of theta given y at `levels`, coordinate by coordinate."""

    network: MLP
    dim: int = eqx.field(static=True)
    levels: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        levels: list[float] | tuple[float, ...] = (0.1, 0.5, 0.9),
        width: int = 64,
        depth: int = 2,
        activation: str = "silu",
    ) -> None:
        bounds = (0.0, *levels, 1.0)
        if len(levels) < 1 or any(low >= high for low, high in pairwise(bounds)):
            raise ValueError(f"Expected levels that ascend within (0, 1); got {list(levels)}.")
        out = (1 + len(levels)) * theta_dim
        shape = {"width": width, "depth": depth, "activation": activation}
        self.network = MLP(context_dim(y_shape), out, **shape, key=key)
        self.dim, self.levels = theta_dim, tuple(levels)

    def points(self, y: Float[Array, "*event"]) -> Points:
        mean, *raw = self.network(jnp.ravel(y)).reshape(-1, self.dim)
        middle = min(range(len(raw)), key=lambda k: abs(self.levels[k] - 0.5))
        above = jnp.cumsum(jax.nn.softplus(jnp.stack(raw)[middle + 1 :]), axis=0)
        below = jnp.cumsum(jax.nn.softplus(jnp.stack(raw)[:middle][::-1]), axis=0)[::-1]
        steps = jnp.concatenate([-below, jnp.zeros((1, self.dim)), above])
        return Points(mean, raw[middle] + steps)

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The mean over the scores and over the coordinates."""
        del key, progress
        points, levels = self.points(y), jnp.asarray(self.levels)[:, None]
        over = points.quantiles - theta
        pinball = over * ((over > 0) - levels)
        return jnp.mean(jnp.vstack([(points.mean - theta) ** 2, pinball]))
