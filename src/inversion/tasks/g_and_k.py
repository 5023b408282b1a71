"""The g-and-k law, given by its quantiles: location, scale, skewness and weight of the tails (cDiff, `g_and_k`).

x = a + b (1 + 0.8 tanh(g z / 2)) (1 + z^2)^k z, z ~ N(0, 1), y = tanh(x / 10) for n rows; a, g ~ N(0, 1),
b ~ Gamma(5, rate 5), k ~ Gamma(7, rate 7), theta = (a / 5, log(b + 1e-3) / 2, g / 5, log(k + 1e-3) / 2).
Chen, Bansal and Scott, 2025, arXiv 2410.19105; the law after Rayner and MacGillivray, 2002.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import AffineTransform, ExpTransform

from inversion.tasks.columns import Columns
from inversion.tasks.rows import check_rows, cut, observed
from inversion.tasks.task import SmoothTask

SQUASH, SHIFT = 10.0, 1e-3
LIMIT = 60.0  # of |x|: float32 hardly tells the tanh of more from 1
REACH, HALVINGS = 20.0, 50  # z is looked for up to sinh(20) either way


class GAndK(SmoothTask):
    """A set of `min_rows` to `max_rows` numbers, each count as likely; the rows it lacks are NaN."""

    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, min_rows: int = 100, max_rows: int = 999) -> None:
        check_rows("g_and_k", min_rows, max_rows)
        self.min_rows, self.max_rows = min_rows, max_rows

    def prior(self) -> Columns:
        fifth = dist.Normal(0.0, 0.2)
        return Columns(fifth, _half_log(5.0), fifth, _half_log(7.0))

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "4"]) -> Float[Array, "rows 1"]:
        key_rows, key_noise = jax.random.split(key)
        z = jax.random.normal(key_noise, (self.max_rows, 1), theta.dtype)
        return cut(key_rows, jnp.tanh(_quantile(theta, z) / SQUASH), self.min_rows)

    def log_likelihood(
        self, theta: Float[Array, "4"], y: Float[Array, "rows 1"]
    ) -> Float[Array, ""]:
        """Of the rows that there are; of one beyond the limit, the probability to lie there."""
        rows = jnp.where(observed(y), y, 0.0)
        beyond = jnp.abs(rows) > jnp.tanh(LIMIT / SQUASH)
        inside = jnp.where(beyond, 0.0, rows)
        x = jnp.where(beyond, LIMIT * jnp.sign(rows), SQUASH * jnp.arctanh(inside))
        z = _normal(theta, x)
        _, slope = jax.jvp(lambda z: _quantile(theta, z), (z,), (jnp.ones_like(z),))
        density = dist.Normal().log_prob(z) - jnp.log(slope * (1 - inside**2) / SQUASH)
        each = jnp.where(beyond, log_ndtr(-jnp.sign(rows) * z), density)
        return jnp.sum(jnp.where(observed(y), each, 0.0))


def _half_log(shape: float) -> dist.Distribution:
    """log(v + SHIFT) / 2 of v ~ Gamma(shape, rate shape)."""
    shift = AffineTransform(SHIFT, 1.0, domain=dist.constraints.positive)
    above = dist.constraints.greater_than(math.log(SHIFT))
    log, halve = ExpTransform(above).inv, AffineTransform(0.0, 0.5, domain=above)
    return dist.TransformedDistribution(dist.Gamma(shape, shape), [shift, log, halve])


def _quantile(theta: Float[Array, "4"], z: Float[Array, "*rows"]) -> Float[Array, "*rows"]:
    a, g = 5 * theta[0], 5 * theta[2]
    b, k = jnp.exp(2 * theta[1]) - SHIFT, jnp.exp(2 * theta[3]) - SHIFT
    return a + b * (1 + 0.8 * jnp.tanh(g * z / 2)) * (1 + z**2) ** k * z


def _normal(theta: Float[Array, "4"], x: Float[Array, "*rows"]) -> Float[Array, "*rows"]:
    """The z of each x, by halving in arsinh z, then by one step of Newton's, which brings the derivative."""
    fixed = jax.lax.stop_gradient(theta)

    def halve(_: int, bracket: tuple) -> tuple:
        low, high = bracket
        middle = (low + high) / 2
        below = _quantile(fixed, jnp.sinh(middle)) < x
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    bracket = jnp.full_like(x, -REACH), jnp.full_like(x, REACH)
    z = jnp.sinh(sum(jax.lax.fori_loop(0, HALVINGS, halve, bracket)) / 2)
    _, slope = jax.jvp(lambda z: _quantile(fixed, z), (z,), (jnp.ones_like(z),))
    return z - (_quantile(theta, z) - x) / slope
