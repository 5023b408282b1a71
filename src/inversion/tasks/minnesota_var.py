"""A vector autoregression of three lags under the Minnesota prior, made stable (cDiff, `minnesota`).

Gamma_h,ij ~ N([i = j] 0.45 / h, (0.25 / h)^2) cut off at |Gamma| <= 1, all times 0.99 until the autoregression is
stable; Sigma_ii ~ InverseGamma(2, 1/6); y_t = sum_h Gamma_h y_{t-h} + N(0, diag Sigma) from zeros for n steps, and the
network sees y / 100; theta = (Gamma_1 row by row, Gamma_2, Gamma_3, log Sigma / 3).
Chen, Bansal and Scott, 2025, arXiv 2410.19105; the prior after Litterman, 1986.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.blocks import Blocks
from inversion.tasks.rows import check_rows, cut, observed
from inversion.tasks.task import TractableTask

SCALE = 100.0
SHRINK = 0.99


class MinnesotaVar(TractableTask):
    """`min_rows` to `max_rows` steps of `size` numbers, each count as likely."""

    size: int = eqx.field(static=True)
    lags: int = eqx.field(static=True)
    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(
        self, *, size: int = 5, lags: int = 3, min_rows: int = 250, max_rows: int = 999
    ) -> None:
        if min(size, lags) < 1:
            raise ValueError(
                f"Expected size and lags of minnesota_var above 0; got {size} and {lags}."
            )
        check_rows("minnesota_var", min_rows, max_rows)
        self.size, self.lags, self.min_rows, self.max_rows = size, lags, min_rows, max_rows

    def prior(self) -> "StableMinnesota":
        return StableMinnesota(self.size, self.lags)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, "rows size"]:
        key_rows, key_noise = jax.random.split(key)
        gamma, scale = self._parts(theta)
        noise = scale * jax.random.normal(key_noise, (self.max_rows, self.size), theta.dtype)

        def step(past: Array, noise: Array) -> tuple[Array, Array]:
            now = jnp.einsum("hij,hj->i", gamma, past) + noise
            return jnp.concatenate([now[None], past[:-1]]), now

        past = jnp.zeros((self.lags, self.size), theta.dtype)
        _, y = jax.lax.scan(step, past, noise)
        return cut(key_rows, y / SCALE, self.min_rows)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, "rows size"]
    ) -> Float[Array, ""]:
        """Of the rows that there are: normalised over them, given how many."""
        gamma, scale = self._parts(theta)
        rows = jnp.where(observed(y), SCALE * y, 0.0)
        padded = jnp.pad(rows, ((self.lags, 0), (0, 0)))
        past = [padded[self.lags - h : len(padded) - h] for h in range(1, self.lags + 1)]
        mean = jnp.einsum("hij,htj->ti", gamma, jnp.stack(past))
        each = dist.Normal(mean, scale).log_prob(rows) + jnp.log(SCALE)
        return jnp.sum(jnp.where(observed(y), each, 0.0))

    def _parts(self, theta: Float[Array, " dim"]) -> tuple[Array, Array]:
        """The lags' matrices, and the noise's scales."""
        gamma = theta[: -self.size].reshape(self.lags, self.size, self.size)
        return gamma, jnp.exp(1.5 * theta[-self.size :])


class StableMinnesota(dist.Distribution):
    """Of theta as above: draws, without a density. The support is a box around the stable ones."""

    pytree_aux_fields = ("size", "lags")

    def __init__(self, size: int, lags: int) -> None:
        self.size, self.lags = size, lags
        super().__init__(batch_shape=(), event_shape=(lags * size**2 + size,))

    @dist.constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> Blocks:
        interval = dist.constraints.interval(-1.0, 1.0)
        return Blocks((interval, self.lags * self.size**2), (dist.constraints.real, self.size))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """One draw after the other is made stable, since a batch would wait for its slowest at every step."""
        key_gamma, key_sigma = jax.random.split(key)
        h = jnp.arange(1.0, self.lags + 1)[:, None, None]
        mean, deviation = 0.45 / h * jnp.eye(self.size), 0.25 / h * jnp.ones((self.size, self.size))
        normal = dist.TruncatedNormal(mean, deviation, low=-1.0, high=1.0)
        gamma = normal.sample(key_gamma, sample_shape).reshape(-1, *mean.shape)
        gamma = jax.lax.map(_made_stable, gamma).reshape(*sample_shape, -1)
        variance = dist.InverseGamma(2.0, 1 / 6).sample(key_sigma, (*sample_shape, self.size))
        return jnp.concatenate([gamma, jnp.log(variance) / 3], axis=-1)


def _made_stable(gamma: Float[Array, "lags size size"]) -> Float[Array, "lags size size"]:
    return jax.lax.while_loop(
        lambda gamma: spectral_radius(gamma) >= 1, lambda gamma: SHRINK * gamma, gamma
    )


def spectral_radius(gamma: Float[Array, "lags size size"]) -> Float[Array, ""]:
    """The largest modulus of an eigenvalue of the companion matrix: below 1, the autoregression is stable."""
    lags, size, _ = gamma.shape
    top = jnp.moveaxis(gamma, 0, 1).reshape(size, lags * size)
    companion = jnp.concatenate([top, jnp.eye((lags - 1) * size, lags * size)])
    return jnp.abs(jnp.linalg.eigvals(companion)).max()
