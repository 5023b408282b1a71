"""An increasing rational-quadratic spline for each coordinate, with knots of its own; straight beyond the last ones.

Durkan, Bekasov, Murray and Papamakarios, Neural Spline Flows, 2019 (arXiv 1906.04032), equations 4 to 8. No network
sets these knots, unlike those of `spline`, and they may lie anywhere, as the quantiles of a margin do.
"""

import math
from typing import NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

EXACT = jax.lax.Precision.HIGHEST  # a sum under a mask selects, and must not round


class _Bin(NamedTuple):
    """The bin that each value falls into: its corner, size, and the slopes at its two ends."""

    x: Array
    y: Array
    width: Array
    height: Array
    slope_left: Array
    slope_right: Array


class Margins(eqx.Module):
    """Increasing maps, one for each coordinate; the methods are those of one layer's slice."""

    first: Float[Array, "*layers 2 dim"]  # the first knot's place, and its height
    log_steps: Float[Array, "*layers 2 dim bins"]  # from knot to knot
    log_slopes: Float[Array, "*layers dim knots"]

    @classmethod
    def identity(cls, layers: int, dim: int, knots: int, interval: float) -> Self:
        """`knots` of them evenly on [-interval, interval], in each of `layers`."""
        if knots < 2 or not interval > 0:
            raise ValueError(
                f"Expected at least 2 knots and an interval above 0; got {knots} and {interval}."
            )
        log_step = math.log(2 * interval / (knots - 1))
        return cls(
            -interval * jnp.ones((layers, 2, dim)),
            log_step * jnp.ones((layers, 2, dim, knots - 1)),
            jnp.zeros((layers, dim, knots)),
        )

    @classmethod
    def through(cls, x: Float[np.ndarray, "dim knots"], y: Float[np.ndarray, "dim knots"]) -> Self:
        """Through these knots; each slope is the geometric mean of the straight lines' on its two sides."""
        log_steps = np.log(np.diff(np.stack([x, y]), axis=-1))
        straight = log_steps[1] - log_steps[0]
        sides = np.concatenate([straight[:, :1], straight, straight[:, -1:]], axis=1)
        log_slopes = (sides[:, 1:] + sides[:, :-1]) / 2
        return cls(np.stack([x[:, 0], y[:, 0]]), log_steps, log_slopes)

    def forward(
        self, x: Float[Array, "dim *batch"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "dim *batch"]]:
        """y and log dy/dx."""
        value, at, beyond = self._placed(x, of=0)
        xi = (value - at.x) / at.width
        y, log_slope = _evaluate(xi, at)
        y = y + beyond * jnp.exp(log_slope)
        return y.reshape(x.shape), log_slope.reshape(x.shape)

    def inverse(
        self, y: Float[Array, "dim *batch"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "dim *batch"]]:
        """x and log dx/dy (equations 6 to 8, by the root that does not cancel)."""
        value, at, beyond = self._placed(y, of=1)
        slope = at.height / at.width
        curvature = at.slope_right + at.slope_left - 2 * slope
        rise = value - at.y
        a = at.height * (slope - at.slope_left) + rise * curvature
        b = at.height * at.slope_left - rise * curvature
        c = -slope * rise
        root = jnp.sqrt(jnp.maximum(b**2 - 4 * a * c, 0.0))
        xi = jnp.clip(2 * c / (-b - root), 0.0, 1.0)
        _, log_slope = _evaluate(xi, at)
        x = at.x + xi * at.width + beyond * jnp.exp(-log_slope)
        return x.reshape(y.shape), -log_slope.reshape(y.shape)

    def _placed(self, value: Array, of: int) -> tuple[Array, _Bin, Array]:
        """Values between the outermost knots, (dim, n), the bin of each, and how far beyond the knots it was."""
        value = value.reshape(len(value), -1)
        steps = jnp.exp(self.log_steps)
        corners = self.first[..., None] + jnp.cumsum(steps, axis=-1) - steps
        knots, last = corners[of], corners[of, :, -1] + steps[of, :, -1]
        inside = jnp.clip(value, knots[:, :1], last[:, None])
        index = jnp.sum(jax.lax.stop_gradient(inside)[:, None] >= knots[:, 1:, None], axis=1)
        own = index[:, None] == jnp.arange(knots.shape[1])[:, None]
        slopes = jnp.exp(self.log_slopes)
        table = jnp.stack([*corners, *steps, slopes[:, :-1], slopes[:, 1:]])
        found = jnp.einsum("qdb,dbn->qdn", table, own.astype(table.dtype), precision=EXACT)
        return inside, _Bin(*found), value - inside


def _evaluate(xi: Array, at: _Bin) -> tuple[Array, Array]:
    """Equations 4 and 5, the slope as its logarithm."""
    slope = at.height / at.width
    cross = xi * (1 - xi)
    denominator = slope + (at.slope_right + at.slope_left - 2 * slope) * cross
    y = at.y + at.height * (slope * xi**2 + at.slope_left * cross) / denominator
    numerator = at.slope_right * xi**2 + 2 * slope * cross + at.slope_left * (1 - xi) ** 2
    return y, 2 * jnp.log(slope / denominator) + jnp.log(numerator)
