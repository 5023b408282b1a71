"""Mean and covariance of a normal sample, both unknown, with their conjugate prior (cDiff, `normal_wishart`).

Sigma = L L' ~ InverseWishart(dim + 2, I), mu ~ N(0, Sigma), y_i ~ N(mu, Sigma) for n rows of `size` numbers, and
theta = (mu, log L_11, ..., log L_dd, L_21, L_31, L_32, ...), the rows below the diagonal one after the other.
Chen, Bansal and Scott, 2025, arXiv 2410.19105; the update as in Murphy, Conjugate Bayesian analysis, 2007, section 8.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import multigammaln
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.rows import check_rows, cut, observed
from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask


class NormalWishart(SmoothTask, BoundedTask, ExactTask):
    """A set of `min_rows` to `max_rows` vectors, each count as likely; the rows it lacks are NaN."""

    size: int = eqx.field(static=True)
    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, size: int = 4, min_rows: int = 100, max_rows: int = 999) -> None:
        if size < 1:
            raise ValueError(f"Expected size of normal_wishart above 0; got {size}.")
        check_rows("normal_wishart", min_rows, max_rows, least=size + 1)
        self.size, self.min_rows, self.max_rows = size, min_rows, max_rows

    def prior(self) -> "NormalInverseWishart":
        rows, freedom = jnp.asarray(1.0), jnp.asarray(self.size + 2.0)
        return NormalInverseWishart(jnp.zeros(self.size), rows, freedom, jnp.eye(self.size))

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, "rows size"]:
        key_rows, key_noise = jax.random.split(key)
        mu, factor = unpack(theta, self.size)
        noise = jax.random.normal(key_noise, (self.max_rows, self.size), theta.dtype)
        return cut(key_rows, mu + noise @ factor.T, self.min_rows)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, "rows size"]
    ) -> Float[Array, ""]:
        """Of the rows that there are: normalised over them, given how many."""
        mu, factor = unpack(theta, self.size)
        normal = dist.MultivariateNormal(mu, scale_tril=factor)
        each = normal.log_prob(jnp.where(observed(y), y, 0.0))
        return jnp.sum(jnp.where(observed(y)[:, 0], each, 0.0))

    def log_likelihood_bound(self, y: Float[Array, "rows size"]) -> Float[Array, ""]:
        """At the sample's own mean and covariance."""
        n, mean, squares = scatter(y)
        return self.log_likelihood(pack(mean, jnp.linalg.cholesky(squares / n)), y)

    def posterior(self, y: Float[Array, "rows size"]) -> "NormalInverseWishart":
        return self.prior().given(*scatter(y))


class NormalInverseWishart(dist.Distribution):
    """Of theta as above: Sigma ~ InverseWishart(freedom, spread), mu ~ N(mean, Sigma / rows)."""

    support = dist.constraints.real_vector
    pytree_data_fields = ("mean_of_mu", "rows", "freedom", "spread")

    def __init__(
        self,
        mean: Float[Array, " size"],
        rows: Float[Array, ""],
        freedom: Float[Array, ""],
        spread: Float[Array, "size size"],
    ) -> None:
        self.mean_of_mu, self.rows, self.freedom, self.spread = mean, rows, freedom, spread
        size = mean.shape[0]
        super().__init__(batch_shape=(), event_shape=(size * (size + 3) // 2,))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Sigma = C (U U')^-1 C' with spread = C C', and Bartlett's U upper triangular: L = C U'^-1."""
        key_diagonal, key_below, key_mu = jax.random.split(key, 3)
        size = self.mean_of_mu.shape[0]
        freedom = self.freedom - jnp.arange(size)[::-1]
        diagonal = jnp.sqrt(dist.Chi2(freedom).sample(key_diagonal, sample_shape))
        below = jax.random.normal(key_below, (*sample_shape, size, size), diagonal.dtype)
        bartlett = jnp.tril(below, -1) + diagonal[..., None] * jnp.eye(size)
        eye = jnp.broadcast_to(jnp.eye(size), bartlett.shape)
        inverse = solve_triangular(bartlett, eye, lower=True)
        factor = jnp.linalg.cholesky(self.spread) @ inverse
        noise = jax.random.normal(key_mu, (*sample_shape, size), diagonal.dtype)
        shift = jnp.einsum("...ij,...j->...i", factor, noise) / jnp.sqrt(self.rows)
        return pack(self.mean_of_mu + shift, factor)

    def log_prob(self, value: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
        """The Jacobian of Sigma by (log L_ii, L_ij) is prod 2 L_ii^(size - i + 2), i from 1."""
        size = self.mean_of_mu.shape[0]
        mu, factor = unpack(value, size)
        log_diagonal = value[..., size : 2 * size]
        root = jnp.broadcast_to(jnp.linalg.cholesky(self.spread), factor.shape)
        trace = jnp.sum(solve_triangular(factor, root, lower=True) ** 2, axis=(-2, -1))
        log_det_spread = jnp.linalg.slogdet(self.spread)[1]
        constant = 0.5 * self.freedom * (log_det_spread - size * jnp.log(2.0))
        wishart = constant - multigammaln(self.freedom / 2, size) - trace / 2
        powers = size - jnp.arange(size) + 1 - (self.freedom + size + 1)
        wishart = wishart + jnp.sum(powers * log_diagonal, axis=-1) + size * jnp.log(2.0)
        normal = dist.MultivariateNormal(self.mean_of_mu, scale_tril=factor / jnp.sqrt(self.rows))
        return wishart + normal.log_prob(mu)

    def given(
        self, n: Float[Array, ""], mean: Float[Array, " size"], squares: Float[Array, "size size"]
    ) -> "NormalInverseWishart":
        """After n rows of that mean and that scatter around it."""
        rows, away = self.rows + n, mean - self.mean_of_mu
        between = self.rows * n / rows * jnp.outer(away, away)
        mean = (self.rows * self.mean_of_mu + n * mean) / rows
        return NormalInverseWishart(mean, rows, self.freedom + n, self.spread + squares + between)


def scatter(
    y: Float[Array, "rows size"],
) -> tuple[Float[Array, ""], Float[Array, " size"], Float[Array, "size size"]]:
    """How many rows, their mean, and the sum of outer products around it."""
    mask = observed(y)
    n = jnp.sum(mask).astype(y.dtype)
    rows = jnp.where(mask, y, 0.0)
    mean = jnp.sum(rows, axis=0) / n
    away = jnp.where(mask, rows - mean, 0.0)
    return n, mean, away.T @ away


def pack(
    mu: Float[Array, "*batch size"], factor: Float[Array, "*batch size size"]
) -> Float[Array, "*batch dim"]:
    log_diagonal = jnp.log(jnp.diagonal(factor, axis1=-2, axis2=-1))
    i, j = jnp.tril_indices(mu.shape[-1], -1)
    return jnp.concatenate([mu, log_diagonal, factor[..., i, j]], axis=-1)


def unpack(
    theta: Float[Array, "*batch dim"], size: int
) -> tuple[Float[Array, "*batch size"], Float[Array, "*batch size size"]]:
    """mu and L."""
    factor = jnp.exp(theta[..., size : 2 * size, None]) * jnp.eye(size, dtype=theta.dtype)
    i, j = jnp.tril_indices(size, -1)
    return theta[..., :size], factor.at[..., i, j].set(theta[..., 2 * size :])
