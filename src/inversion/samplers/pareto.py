"""Pareto-smoothed importance weights, and the shape k-hat of their tail, which says whether they can be trusted.

Vehtari, Simpson, Gelman, Yao and Gabry, Pareto smoothed importance sampling, 2024 (JMLR 25:72); the fit of the
generalised Pareto distribution is that of Zhang and Stephens, 2009. ArviZ has both in NumPy, and the tests hold these
to it; here they compile with what makes the weights, and cost no import of ArviZ.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

PRIOR_DRAWS, PRIOR_SHAPE = 10, 0.5  # k-hat is drawn to 1/2 as if by so many more of the tail
SCALE_OF_GRID = 3


def highest_shape(count: int) -> float:
    """Above this k-hat, `count` weights are not to be relied on (the same paper, section 3.2)."""
    return min(1 - 1 / math.log10(count), 0.7)


def smoothed(
    log_weights: Float[Array, " count"],
) -> tuple[Float[Array, " count"], Float[Array, ""]]:
    """The log weights with their largest ones replaced by quantiles of the fitted tail, and k-hat.

    A weight of -inf is one of 0. Where fewer than a tail are above 0, k-hat is inf and nothing is replaced.
    """
    count = len(log_weights)
    size = math.ceil(min(count / 5, 3 * count**0.5))
    order = jnp.argsort(log_weights)
    tail, highest = order[-size:], log_weights[order[-1]]
    cutoff = jnp.exp(log_weights[order[-size - 1]] - highest)
    excess = jnp.exp(log_weights[tail] - highest) - cutoff
    fitted = (excess[0] > 0) & jnp.isfinite(highest)
    shape, scale = _fit(jnp.where(fitted, excess, 1.0 + jnp.arange(size)))
    places = (jnp.arange(size) + 0.5) / size
    quantiles = jnp.log(_quantile(places, shape, scale) + cutoff)
    replaced = log_weights.at[tail].set(highest + jnp.minimum(quantiles, 0.0))
    shape = jnp.where(fitted, shape, jnp.inf)
    return jnp.where(fitted, replaced, log_weights), shape


def _fit(excess: Float[Array, " size"]) -> tuple[Array, Array]:
    """Shape k and scale of the generalised Pareto distribution of ascending `excess`.

    The posterior mean of b = -k / scale over a grid, weighted by its profile likelihood.
    """
    size = len(excess)
    grid = 30 + int(size**0.5)
    quartile = excess[int(size / 4 + 0.5) - 1]
    steps = 1 - jnp.sqrt(grid / (jnp.arange(grid) + 0.5))
    b = 1 / excess[-1] + steps / (SCALE_OF_GRID * quartile)
    k = jnp.mean(jnp.log1p(-b[:, None] * excess), axis=1)
    likelihood = size * (jnp.log(-b / k) - k - 1)
    weights = jnp.exp(likelihood - jnp.max(likelihood))
    b = jnp.sum(b * weights) / jnp.sum(weights)
    k = jnp.mean(jnp.log1p(-b * excess))
    shrunk = (size * k + PRIOR_DRAWS * PRIOR_SHAPE) / (size + PRIOR_DRAWS)
    return shrunk, -k / b


def _quantile(p: Array, shape: Array, scale: Array) -> Array:
    return scale * jnp.expm1(-shape * jnp.log1p(-p)) / shape
