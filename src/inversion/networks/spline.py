"""The monotonic rational-quadratic spline on [-interval, interval], the identity outside.

Durkan, Bekasov, Murray and Papamakarios, Neural Spline Flows, 2019 (arXiv 1906.04032), equations 4 to 8.
Arrays of values share their axes; a spline's parameters lie along one axis more, in front, so that sums over
them run over whole rows of values.
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
    x: Float[Array, "*batch"], parameters: Float[Array, "p *batch"], interval: float
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """y and log dy/dx; with `parameters` zero, the identity (equations 4 and 5)."""
    inside = jnp.abs(x) < interval
    value = jnp.where(inside, x, 0.0)
    b = _find(value, parameters, interval, by_height=False)
    y, log_slope = _evaluate((value - b.x) / b.width, b)
    return jnp.where(inside, y, x), jnp.where(inside, log_slope, 0.0)


def inverse(
    y: Float[Array, "*batch"], parameters: Float[Array, "p *batch"], interval: float
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
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
    _, log_slope = _evaluate(xi, b)
    return jnp.where(inside, b.x + xi * b.width, y), jnp.where(inside, -log_slope, 0.0)


def _evaluate(xi: Array, b: _Bin) -> tuple[Array, Array]:
    slope = b.height / b.width
    cross = xi * (1 - xi)
    denominator = slope + (b.slope_right + b.slope_left - 2 * slope) * cross
    y = b.y + b.height * (slope * xi**2 + b.slope_left * cross) / denominator
    numerator = b.slope_right * xi**2 + 2 * slope * cross + b.slope_left * (1 - xi) ** 2
    return y, 2 * jnp.log(slope / denominator) + jnp.log(numerator)


def _find(value: Array, parameters: Array, interval: float, *, by_height: bool) -> _Bin:
    """The bin of `value`.

    Sums under a mask select it, which is faster than search and gather, backwards above all; no gradient runs
    through the search, and only the two slopes of the bin are ever computed.
    """
    bins = (parameters.shape[0] + 1) // 3
    raw = parameters[: 2 * bins].reshape(2, bins, *value.shape)
    raw_slopes = parameters[2 * bins :]
    top = jax.lax.stop_gradient(jnp.max(raw, axis=1, keepdims=True))
    share = jnp.exp(raw - top)  # of widths and of heights, up to `scale`
    least = 2 * interval * MIN_WIDTH
    scale = (2 * interval - bins * least) / jnp.sum(share, axis=1)

    sizes = jax.lax.stop_gradient(least + scale[by_height * 1] * share[by_height * 1])
    up_to = np.tril(np.ones((bins - 1, bins)))  # sums the sizes up to each inner knot
    knots = jnp.tensordot(jnp.asarray(up_to, sizes.dtype), sizes, 1) - interval
    index = jnp.sum(jax.lax.stop_gradient(value) >= knots, axis=0)

    number = jnp.arange(bins).reshape(bins, *[1] * value.ndim)
    before, own = number < index, number == index
    corner = index.astype(value.dtype) * least + scale * jnp.sum(jnp.where(before, share, 0.0), 1)
    size = least + scale * jnp.sum(jnp.where(own, share, 0.0), 1)
    # Beyond the inner knots no slope is selected, and the sum 0 stands for slope 1.
    at_ends = jnp.stack([own[1:], own[:-1]])
    slopes = jnp.sum(jnp.where(at_ends, raw_slopes, 0.0), 1)
    slopes = jax.nn.softplus(slopes + _SLOPE_ONE) + MIN_SLOPE
    return _Bin(
        x=corner[0] - interval,
        y=corner[1] - interval,
        width=size[0],
        height=size[1],
        slope_left=slopes[0],
        slope_right=slopes[1],
    )
