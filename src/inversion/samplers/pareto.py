"""Pareto-smoothed importance weights, and the shape k-hat of their tail, which says whether they can be trusted.

Vehtari, Simpson, Gelman, Yao and Gabry, Pareto smoothed importance sampling, 2024 (JMLR 25:72); the fit of the
generalised Pareto distribution is that of Zhang and Stephens, 2009. ArviZ has both in NumPy, and the tests hold these
to it; here they cost no import of ArviZ, and one text serves JAX, where they compile with what makes the weights, and
NumPy (`xp`), where nothing has to be compiled.
"""

import math
from types import ModuleType

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

PRIOR_DRAWS, PRIOR_SHAPE = 10, 0.5  # k-hat is drawn to 1/2 as if by so many more of the tail
SCALE_OF_GRID = 3
FLAT = 1e-6  # of the largest weight: what single precision tells apart


def highest_shape(count: int) -> float:
    """Above this k-hat, `count` weights are not to be relied on (the same paper, section 3.2)."""
    return min(1 - 1 / math.log10(count), 0.7)


def smoothed(
    log_weights: Float[Array, " count"],
) -> tuple[Float[Array, " count"], Float[Array, ""]]:
    """The log weights with their largest ones replaced by quantiles of the fitted tail, and k-hat.

    A weight of -inf is one of 0. Where fewer than a tail are above 0, k-hat is inf and nothing is replaced.
    """
    size = _tail_size(len(log_weights))
    order = jnp.argsort(log_weights)
    tail, shape = _smoothed_tail(log_weights[order[-size - 1 :]], jnp)
    return log_weights.at[order[-size:]].set(tail), shape


def smoothed_ascending(log_weights: Float[np.ndarray, " count"]) -> tuple[np.ndarray, np.ndarray]:
    """The same by NumPy, in double precision, the log weights in ascending order."""
    size = _tail_size(len(log_weights))
    ascending = np.sort(log_weights.astype(np.float64))
    with np.errstate(all="ignore"):
        tail, shape = _smoothed_tail(ascending[-size - 1 :], np)
    return np.concatenate([ascending[:-size], tail]), shape


def _tail_size(count: int) -> int:
    return math.ceil(min(count / 5, 3 * count**0.5))


def _smoothed_tail(largest: Float[Array, " size+1"], xp: ModuleType) -> tuple[Array, Array]:
    """All but the first of the largest log weights, ascending, as quantiles of the fitted tail, and k-hat."""
    tail, highest, size = largest[1:], largest[-1], len(largest) - 1
    cutoff = xp.exp(largest[0] - highest)
    excess = xp.exp(tail - highest) - cutoff
    # Weights that are all but equal, as those of an exact posterior are, tie where the tail begins.
    apart = xp.where(excess[0] > 0, excess, xp.maximum(excess, FLAT))
    fitted = ((excess[0] > 0) | (cutoff > 0)) & xp.isfinite(highest)
    shape, scale = _fit(xp.where(fitted, apart, 1.0 + xp.arange(size)), xp)
    places = (xp.arange(size) + 0.5) / size
    quantiles = xp.log(_quantile(places, shape, scale, xp) + cutoff)
    replaced = highest + xp.minimum(quantiles, 0.0)
    return xp.where(fitted, replaced, tail), xp.where(fitted, shape, xp.inf)


def _fit(excess: Float[Array, " size"], xp: ModuleType) -> tuple[Array, Array]:
    """Shape k and scale of the generalised Pareto distribution of ascending `excess`.

    The posterior mean of b = -k / scale over a grid, weighted by its profile likelihood.
    """
    size = len(excess)
    grid = 30 + int(size**0.5)
    quartile = excess[int(size / 4 + 0.5) - 1]
    steps = 1 - xp.sqrt(grid / (xp.arange(grid) + 0.5))
    b = 1 / excess[-1] + steps / (SCALE_OF_GRID * quartile)
    k = xp.mean(xp.log1p(-b[:, None] * excess), axis=1)
    likelihood = size * (xp.log(-b / k) - k - 1)
    weights = xp.exp(likelihood - xp.max(likelihood))
    b = xp.sum(b * weights) / xp.sum(weights)
    k = xp.mean(xp.log1p(-b * excess))
    shrunk = (size * k + PRIOR_DRAWS * PRIOR_SHAPE) / (size + PRIOR_DRAWS)
    return shrunk, -k / b


def _quantile(p: Array, shape: Array, scale: Array, xp: ModuleType) -> Array:
    return scale * xp.expm1(-shape * xp.log1p(-p)) / shape
