"""Shares of a multinomial under a Dirichlet prior, seen as differences to the last (cDiff, `dirichlet_multinomial`).

p ~ Dir(concentration + 1e-5), theta_k = p_k - p_K for k < K, y = Multinomial(total, p) / total; the posterior of p
is Dir(concentration + 1e-5 + total y). Chen, Bansal and Scott, 2025, arXiv 2410.19105.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import (
    ComposeTransform,
    ParameterFreeTransform,
    StickBreakingTransform,
    biject_to,
)

from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask

# The original draws them from Gamma(5, rate 2) once a run; these are the ones that it notes in a comment.
CONCENTRATION = (1.43658871, 2.84772868, 5.67357521, 2.2688366, 3.45225569)


class DirichletMultinomial(SmoothTask, BoundedTask, ExactTask):
    """theta lies in an affine image of the simplex: no box, so it brings a bijection of its own."""

    concentration: tuple[float, ...] = eqx.field(static=True)
    total: int = eqx.field(static=True)

    def __init__(self, *, concentration: Sequence[float] = CONCENTRATION, total: int = 300) -> None:
        if len(concentration) < 2 or not min(concentration) > 0 or total < 1:
            raise ValueError(
                "Expected two concentrations or more of dirichlet_multinomial and a total, all above 0; "
                f"got {tuple(concentration)} and {total}."
            )
        self.concentration = tuple(float(value) for value in concentration)
        self.total = total

    def prior(self) -> dist.Distribution:
        return _differences_of(jnp.asarray(self.concentration) + 1e-5)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " dim+1"]:
        """Counts of `total` uniforms between the cumulated shares."""
        u = jax.random.uniform(key, (self.total, 1), theta.dtype)
        below = jnp.sum(u < jnp.cumsum(DIFFERENCES.inv(theta))[:-1], axis=0)
        counts = jnp.diff(below, prepend=0, append=self.total)
        return counts.astype(theta.dtype) / self.total

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, " dim+1"]
    ) -> Float[Array, ""]:
        return self._log_probability(DIFFERENCES.inv(theta), self.counts(y))

    def log_likelihood_bound(self, y: Float[Array, " dim+1"]) -> Float[Array, ""]:
        """At p = y."""
        counts = self.counts(y)
        return self._log_probability(counts / self.total, counts)

    def posterior(self, y: Float[Array, " dim+1"]) -> dist.Distribution:
        return _differences_of(jnp.asarray(self.concentration) + 1e-5 + self.counts(y))

    def counts(self, y: Float[Array, " dim+1"]) -> Float[Array, " dim+1"]:
        """Whole numbers again: y may have been rounded to float32."""
        return jnp.round(y * self.total)

    def _log_probability(self, p: Array, counts: Array) -> Float[Array, ""]:
        orders = gammaln(self.total + 1.0) - jnp.sum(gammaln(counts + 1))
        return orders + jnp.sum(xlogy(counts, p))


class _SimplexDifferences(dist.constraints.Constraint):
    """p_k - p_K, k < K, of the p that are shares."""

    event_dim = 1

    def __call__(self, x: Float[Array, "*batch dim"]) -> Array:
        return (_shares(x) >= 0).all(axis=-1)

    def tree_flatten(self):
        return (), ((), {})


class Differences(ParameterFreeTransform):
    """p of the simplex to p_k - p_K, k < K; the determinant, over the first K - 1 shares, is K."""

    domain = dist.constraints.simplex
    codomain = _SimplexDifferences()

    def __call__(self, x: Float[Array, "*batch dim+1"]) -> Float[Array, "*batch dim"]:
        return x[..., :-1] - x[..., -1:]

    def _inverse(self, y: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim+1"]:
        return jnp.maximum(_shares(y), jnp.finfo(y.dtype).tiny)  # rounding may leave the simplex

    def log_abs_det_jacobian(self, x: Array, y: Array, intermediates: None = None) -> Array:
        return jnp.full(y.shape[:-1], jnp.log(x.shape[-1]), y.dtype)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] - 1)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] + 1)


DIFFERENCES = Differences()


@biject_to.register(_SimplexDifferences)
def _(constraint: _SimplexDifferences) -> ComposeTransform:
    return ComposeTransform([StickBreakingTransform(), DIFFERENCES])


def _shares(theta: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim+1"]:
    """The shares sum to 1, so that the last is what the differences leave of it, shared by all."""
    last = (1 - jnp.sum(theta, axis=-1, keepdims=True)) / (theta.shape[-1] + 1)
    return jnp.concatenate([theta + last, last], axis=-1)


def _differences_of(concentration: Float[Array, " k"]) -> dist.Distribution:
    return dist.TransformedDistribution(dist.Dirichlet(concentration), DIFFERENCES)
