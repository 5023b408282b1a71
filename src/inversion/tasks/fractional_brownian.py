"""Fractional Brownian motion with a wave on it (cDiff, `fBM`).

B has covariance tau^2 / 2 (s^2H + t^2H - |s - t|^2H) + 1e-6 [s = t], y = B + A sin(2 pi t / period + phase) at n
equispaced times from 0 to 1. H ~ U(0, 1), tau^2 ~ Gamma(20, rate 1), A ~ Gamma(3, rate 5), phase ~ U(0, 2 pi),
period ~ U(0.1, 1); theta = (logit H, log tau^2, log A, tan((phase - pi) / 2)) / 10 and period.
Chen, Bansal and Scott, 2025, arXiv 2410.19105; the draws as in Davies and Harte, 1987: the increments' covariance is a
corner of a circulant one, whose square root two Fourier transforms give.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, Int, PRNGKeyArray
from numpyro.distributions.transforms import AffineTransform, ExpTransform

from inversion.tasks.columns import Columns
from inversion.tasks.rows import check_rows, count, first, observed
from inversion.tasks.task import SmoothTask

UNIT = 10.0  # of theta
NOISE = 1e-3


class FractionalBrownian(SmoothTask):
    """`min_rows` to `max_rows` times, the first of them 0 and the last 1, each count as likely."""

    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, min_rows: int = 101, max_rows: int = 1000) -> None:
        check_rows("fractional_brownian", min_rows, max_rows, least=2)
        self.min_rows, self.max_rows = min_rows, max_rows

    def prior(self) -> Columns:
        return Columns(
            dist.Logistic(0.0, 1 / UNIT),
            _log(dist.Gamma(20.0, 1.0)),
            _log(dist.Gamma(3.0, 5.0)),
            dist.Cauchy(0.0, 1 / UNIT),
            dist.Uniform(0.1, 1.0),
        )

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "5"]) -> Float[Array, "rows 1"]:
        key_rows, key_motion, key_noise = jax.random.split(key, 3)
        n = count(key_rows, self.min_rows, self.max_rows)
        hurst, variance = jax.nn.sigmoid(UNIT * theta[0]), jnp.exp(UNIT * theta[1])
        steps = _increments(key_motion, hurst, self.max_rows - 1)
        motion = jnp.concatenate([jnp.zeros(1, theta.dtype), jnp.cumsum(steps)])
        motion *= jnp.sqrt(variance) * (n - 1.0) ** -hurst  # self-similar: one path serves every n
        noise = NOISE * jax.random.normal(key_noise, (self.max_rows,), theta.dtype)
        return first(n, (motion + noise + _wave(theta, self._times(n, theta)))[:, None])

    def log_likelihood(
        self, theta: Float[Array, "5"], y: Float[Array, "rows 1"]
    ) -> Float[Array, ""]:
        """Of the rows that there are; those that pad stand apart as standard normals at 0, and are taken off."""
        mask = observed(y)[:, 0]
        times = self._times(jnp.sum(mask), theta)[: len(y)]
        residual = jnp.where(mask, y[:, 0] - _wave(theta, times), 0.0)
        hurst, variance = jax.nn.sigmoid(UNIT * theta[0]), jnp.exp(UNIT * theta[1])
        ends, apart = _power(times, hurst), _power(times[:, None] - times, hurst)
        covariance = variance / 2 * (ends[:, None] + ends - apart)
        covariance = jnp.where(mask[:, None] & mask, covariance, 0.0)
        covariance += jnp.diag(jnp.where(mask, NOISE**2, 1.0))
        normal = dist.MultivariateNormal(scale_tril=jnp.linalg.cholesky(covariance))
        return normal.log_prob(residual) + jnp.sum(~mask) * 0.5 * jnp.log(2 * jnp.pi)

    def _times(self, n: Int[Array, ""], theta: Float[Array, "5"]) -> Float[Array, " rows"]:
        return jnp.arange(self.max_rows, dtype=theta.dtype) / jnp.maximum(n - 1, 1)


def _log(positive: dist.Distribution) -> dist.Distribution:
    return dist.TransformedDistribution(
        positive, [ExpTransform().inv, AffineTransform(0.0, 1 / UNIT)]
    )


def _wave(theta: Float[Array, "5"], times: Float[Array, " rows"]) -> Float[Array, " rows"]:
    phase = 2 * jnp.arctan(UNIT * theta[3]) + jnp.pi
    return jnp.exp(UNIT * theta[2]) * jnp.sin(2 * jnp.pi * times / theta[4] + phase)


def _power(distance: Float[Array, "*shape"], hurst: Float[Array, ""]) -> Float[Array, "*shape"]:
    """|distance|^2H; at 0 its derivative by H is 0 too."""
    apart = distance != 0
    return jnp.where(apart, jnp.abs(jnp.where(apart, distance, 1.0)) ** (2 * hurst), 0.0)


def _increments(key: PRNGKeyArray, hurst: Float[Array, ""], num: int) -> Float[Array, " num"]:
    """B(k + 1) - B(k): a lag k apart their covariance is (|k + 1|^2H - 2 |k|^2H + |k - 1|^2H) / 2."""
    k = jnp.arange(1, num + 1, dtype=hurst.dtype)
    bends = jnp.expm1(2 * hurst * jnp.log1p(1 / k)) + jnp.expm1(2 * hurst * jnp.log1p(-1 / k))
    lags = jnp.concatenate([jnp.ones(1, k.dtype), k ** (2 * hurst) * bends / 2])
    circle = jnp.concatenate([lags, lags[-2:0:-1]])
    variances = jnp.maximum(jnp.fft.rfft(circle).real, 0.0)  # not negative but for rounding
    white = jax.random.normal(key, circle.shape, hurst.dtype)
    return jnp.fft.irfft(jnp.sqrt(variances) * jnp.fft.rfft(white), circle.size)[:num]
