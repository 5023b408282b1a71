"""The monotonic rational-quadratic spline on [-interval, interval], the identity outside.

Durkan, Bekasov, Murray and Papamakarios, Neural Spline Flows, 2019 (arXiv 1906.04032), equations 4 to 8.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

MIN_WIDTH = 1e-3  # of a bin, as a fraction of the interval
MIN_SLOPE = 1e-3
_SLOPE_ONE = float(np.log(np.expm1(1 - MIN_SLOPE)))  # softplus of it, plus MIN_SLOPE, is 1


def num_parameters(knots: int) -> int:
    """How many numbers describe a spline with `knots` inner knots."""
    return 3 * knots + 2


class _Bin(NamedTuple):
    """The bin that a value falls into: its corner, size, and the slopes at its two ends."""

    x: Array
    y: Array
    width: Array
    height: Array
    slope_left: Array
    slope_right: Array


def forward(
    x: Float[Array, ""], parameters: Float[Array, " p"], interval: float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """y and log dy/dx; with `parameters` zero, the identity (equations 4 and 5)."""
    inside = jnp.abs(x) < interval
    b = _find(jnp.where(inside, x, 0.0), parameters, interval, by_height=False)
    slope = b.height / b.width
    xi = (jnp.where(inside, x, 0.0) - b.x) / b.width
    y, log_slope = _evaluate(xi, b, slope)
    return jnp.where(inside, y, x), jnp.where(inside, log_slope, 0.0)


def inverse(
    y: Float[Array, ""], parameters: Float[Array, " p"], interval: float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """x and log dx/dy (equations 6 to 8, by the root that does not cancel)."""
    inside = jnp.abs(y) < interval
    value = jnp.where(inside, y, 0.0)
    b = _find(value, parameters, interval, by_height=True)
    slope = b.height / b.width
    curvature = b.slope_right + b.slope_left - 2 * slope
    rise = value - b.y
    a_ = b.height * (slope - b.slope_left) + rise * curvature
    b_ = b.height * b.slope_left - rise * curvature
    c_ = -slope * rise
    root = jnp.sqrt(jnp.maximum(b_**2 - 4 * a_ * c_, 0.0))
    xi = jnp.clip(2 * c_ / (-b_ - root), 0.0, 1.0)
    _, log_slope = _evaluate(xi, b, slope)
    return jnp.where(inside, b.x + xi * b.width, y), jnp.where(inside, -log_slope, 0.0)


def _evaluate(xi: Array, b: _Bin, slope: Array) -> tuple[Array, Array]:
    cross = xi * (1 - xi)
    denominator = slope + (b.slope_right + b.slope_left - 2 * slope) * cross
    y = b.y + b.height * (slope * xi**2 + b.slope_left * cross) / denominator
    numerator = b.slope_right * xi**2 + 2 * slope * cross + b.slope_left * (1 - xi) ** 2
    return y, 2 * jnp.log(slope / denominator) + jnp.log(numerator)


def _find(value: Array, parameters: Array, interval: float, *, by_height: bool) -> _Bin:
    """The bin of `value`, selected by a mask: on short rows faster than search and gather, also backwards."""
    bins = (parameters.shape[-1] + 1) // 3
    widths = _sizes(parameters[:bins], interval)
    heights = _sizes(parameters[bins : 2 * bins], interval)
    slopes = jax.nn.softplus(parameters[2 * bins :] + _SLOPE_ONE) + MIN_SLOPE
    left = np.triu(np.ones((bins, bins), np.float32), 1)  # cumulative sums of the bins before
    x = widths @ left - interval
    y = heights @ left - interval
    corner = y if by_height else x
    above = value >= corner[1:]
    one, none = jnp.ones((1,), bool), jnp.zeros((1,), bool)
    mask = jnp.concatenate([one, above]) & ~jnp.concatenate([above, none])

    def pick(row: Array) -> Array:
        return jnp.sum(jnp.where(mask, row, 0.0))

    ones = jnp.ones((1,), slopes.dtype)
    return _Bin(
        pick(x),
        pick(y),
        pick(widths),
        pick(heights),
        pick(jnp.concatenate([ones, slopes])),
        pick(jnp.concatenate([slopes, ones])),
    )


def _sizes(raw: Array, interval: float) -> Array:
    bins = raw.shape[-1]
    return 2 * interval * (MIN_WIDTH + (1 - MIN_WIDTH * bins) * jax.nn.softmax(raw))
