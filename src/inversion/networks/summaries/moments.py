"""Location, spread and count of the observed rows, each with a learned scale (Chen, Bansal and Scott, 2025: cDiff)."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

FLOOR = 1e-4  # of spreads, in units of standardised rows: well above what rounding leaves


class Moments(eqx.Module):
    """(a mean, b log spread, c sqrt(count)), with log a, log b and log c learned.

    Means and attention forget how many rows there were: what tells the network how sure to be is here.
    a and b start at 1, c where the feature of the most rows is 1. cDiff starts at log a = log b = -2 and log c = 0:
    a location known to a few hundredths is then hard to see beside a large count. On normal_gamma, 840 steps leave
    a flow behind deep sets 0.1 nats from the exact posterior; 0.2 and 2.0, in two runs, with a and b as cDiff's.
    """

    log_scales: Float[Array, " 2*columns+1"]

    def __init__(self, most: int, columns: int) -> None:
        """`most`, of the rows of an observation."""
        self.log_scales = jnp.zeros(2 * columns + 1).at[-1].set(-0.5 * math.log(most))

    def __call__(
        self, y: Float[Array, "rows columns+1"]
    ) -> tuple[
        Float[Array, " 2*columns+1"], Float[Array, "rows columns"], Float[Array, " columns"]
    ]:
        """The features, the rows less their mean (0 where they pad), and the standard deviation of each column."""
        rows, mask = y[:, :-1], y[:, -1:]
        count = jnp.maximum(jnp.sum(mask), 1.0)
        mean = jnp.sum(mask * rows, axis=0) / count
        centred = mask * (rows - mean)
        spread = jnp.sqrt(jnp.sum(centred**2, axis=0) / count + FLOOR**2)
        found = jnp.concatenate([mean, jnp.log(spread), jnp.sqrt(count)[None]])
        return jnp.exp(self.log_scales) * found, centred, spread
