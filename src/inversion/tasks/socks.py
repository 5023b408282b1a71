"""How many socks are in the dryer, from how many were pulled until two matched (cDiff, `socks`; Baath, 2014).

Of each of `dryers` totals, negative binomial with mean 30 and deviation 15, floor(total share / 2) pairs and singles
besides; share ~ 3/4 Beta(30, 4) + 1/4 Beta(50, 50) is one for all dryers and not asked for. Socks leave in random
order; pulls counts to the first that matches one before it, or to the last. y = pulls / 30, theta = (total + v) / 30
with v ~ U(-1/2, 1/2): totals have no density, so they are spread evenly, and 30 theta is rounded where it is read.
Chen, Bansal and Scott, 2025, arXiv 2410.19105, where v = 0.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaln
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import AbstractTask

MEAN, DEVIATION = 30.0, 15.0
MOST = 512  # socks: more than that have probability 1e-26


class Socks(AbstractTask):
    """`dryers` totals that share a nuisance."""

    dryers: int = eqx.field(static=True)

    def __init__(self, *, dryers: int = 10) -> None:
        if dryers < 1:
            raise ValueError(f"Expected dryers of socks above 0; got {dryers}.")
        self.dryers = dryers

    def prior(self) -> dist.Distribution:
        return Spread().expand((self.dryers,)).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        key_which, key_share, key_pull = jax.random.split(key, 3)
        paired, mixed = dist.Beta(jnp.array([30.0, 50.0]), jnp.array([4.0, 50.0])).sample(key_share)
        share = jnp.where(jax.random.uniform(key_which) < 0.75, paired, mixed)
        total = jnp.maximum(jnp.round(MEAN * theta), 0)
        return _pulls(key_pull, total, jnp.floor(total * share / 2)) / MEAN


class Spread(dist.Distribution):
    """(count + v) / 30 with a negative binomial count and v ~ U(-1/2, 1/2): uniform around each whole number."""

    support = dist.constraints.greater_than(-0.5 / MEAN)

    def __init__(self) -> None:
        super().__init__(batch_shape=(), event_shape=())

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        key_count, key_spread = jax.random.split(key)
        below = jnp.cumsum(jnp.exp(_log_mass(jnp.arange(MOST, dtype=float))))
        u = below[-1] * jax.random.uniform(key_count, sample_shape)
        counts = jnp.searchsorted(below, u)
        spread = jax.random.uniform(key_spread, sample_shape, minval=-0.5, maxval=0.5)
        return (counts + spread) / MEAN

    def log_prob(self, value: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
        return _log_mass(jnp.maximum(jnp.round(MEAN * value), 0)) + jnp.log(MEAN)


def _log_mass(total: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Of the negative binomial law, which NumPyro's has to seven digits only."""
    size, share = MEAN**2 / (DEVIATION**2 - MEAN), MEAN / DEVIATION**2
    orders = gammaln(total + size) - gammaln(total + 1) - gammaln(size)
    return orders + size * jnp.log(share) + total * jnp.log1p(-share)


def _pulls(key: PRNGKeyArray, total: Float[Array, " n"], pairs: Float[Array, " n"]) -> Array:
    """Of the socks that are left, one of each pair in hand matches; of the other pairs' socks none does."""

    def pull(state: tuple) -> tuple:
        pulls, halves, going = state
        step = jnp.max(pulls)  # of the dryers that go on
        u = jax.random.uniform(jax.random.fold_in(key, step.astype(int)), total.shape, total.dtype)
        drawn = u * (total - pulls)
        matched, fresh = drawn < halves, drawn < 2 * pairs - halves
        pulls = pulls + going
        halves = halves + (going & fresh & ~matched)
        return pulls, halves, going & ~matched & (pulls < total)

    zeros = jnp.zeros_like(total)
    return jax.lax.while_loop(lambda state: state[2].any(), pull, (zeros, zeros, total > 0))[0]
