"""Means, spreads and correlations of a few points: all that a Gaussian likelihood reads of them.

For points in a set, or laid one after the other in a vector, which is then kept beside its moments: two moments are
enough where the points are normal, and a network of the points themselves has to find them first.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.summaries.moments import Moments
from inversion.networks.summaries.summary import AbstractSummary

NEARLY_ONE = 0.9999  # a correlation's inverse hyperbolic tangent stays below 5


class PointMoments(AbstractSummary):
    """(y, a mean, b log spread, c sqrt(count), artanh correlation) of the `points` in a vector y.

    A y of rows is its own set of points: `points` is left out, and y itself not among the features.
    """

    moments: Moments
    points: int | None = eqx.field(static=True)
    dim: int = eqx.field(static=True)

    def __init__(
        self, *, key: PRNGKeyArray, y_shape: tuple[int, ...], points: int | None = None
    ) -> None:
        del key
        laid_out = len(y_shape) == 1
        if laid_out != (points is not None) or (points and y_shape[0] % points):
            raise ValueError(
                f"Expected points that divide a vector y, none for a y of rows; got {points} "
                f"for a y of shape {y_shape}."
            )
        rows, columns = (points, y_shape[0] // points) if points else (y_shape[0], y_shape[1] - 1)
        self.moments, self.points = Moments(rows, columns), points
        pairs = columns * (columns - 1) // 2
        self.dim = y_shape[0] * laid_out + 2 * columns + 1 + pairs

    def __call__(
        self, y: Float[Array, " numbers"] | Float[Array, "rows columns+1"]
    ) -> Float[Array, " dim"]:
        kept = [y] if self.points else []
        if self.points:
            y = jnp.pad(y.reshape(self.points, -1), ((0, 0), (0, 1)), constant_values=1.0)
        features, centred, spread = self.moments(y)
        covariance = centred.T @ centred / jnp.maximum(jnp.sum(y[:, -1]), 1.0)
        one, other = np.triu_indices(len(spread), 1)
        correlation = covariance[one, other] / (spread[one] * spread[other])
        return jnp.concatenate([*kept, features, jnp.arctanh(NEARLY_ONE * correlation)])
