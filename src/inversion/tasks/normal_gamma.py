"""Mean and spread of a normal sample, both unknown, with their conjugate prior (cDiff, `normal_gamma`).

sigma^2 ~ InverseGamma(4, 4), mu ~ N(0, sigma^2), theta = (mu, log sigma), y_i ~ N(mu, sigma^2) for n rows.
Chen, Bansal and Scott, 2025, arXiv 2410.19105; the update as in Murphy, Conjugate Bayesian analysis, 2007, eq. 85-89.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaln
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.rows import check_rows, cut, moments, observed
from inversion.tasks.task import BoundedTask, ExactTask, SmoothTask


class NormalGamma(SmoothTask, BoundedTask, ExactTask):
    """A set of `min_rows` to `max_rows` numbers, each count as likely; the rows it lacks are NaN."""

    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, min_rows: int = 200, max_rows: int = 499) -> None:
        check_rows("normal_gamma", min_rows, max_rows, least=2)
        self.min_rows, self.max_rows = min_rows, max_rows

    def prior(self) -> "NormalInverseGamma":
        return NormalInverseGamma(*map(jnp.asarray, (0.0, 1.0, 4.0, 4.0)))

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "2"]) -> Float[Array, "rows 1"]:
        key_rows, key_noise = jax.random.split(key)
        noise = jax.random.normal(key_noise, (self.max_rows, 1), theta.dtype)
        return cut(key_rows, theta[0] + jnp.exp(theta[1]) * noise, self.min_rows)

    def log_likelihood(
        self, theta: Float[Array, "2"], y: Float[Array, "rows 1"]
    ) -> Float[Array, ""]:
        """Of the rows that there are: normalised over them, given how many."""
        each = dist.Normal(theta[0], jnp.exp(theta[1])).log_prob(jnp.where(observed(y), y, 0.0))
        return jnp.sum(jnp.where(observed(y), each, 0.0))

    def log_likelihood_bound(self, y: Float[Array, "rows 1"]) -> Float[Array, ""]:
        """At the sample's own mean and spread."""
        n, mean, squares = moments(y)
        return self.log_likelihood(jnp.concatenate([mean, 0.5 * jnp.log(squares / n)]), y)

    def posterior(self, y: Float[Array, "rows 1"]) -> "NormalInverseGamma":
        n, (mean,), (squares,) = moments(y)
        return self.prior().given(n, mean, squares)


class NormalInverseGamma(dist.Distribution):
    """Of (mu, log sigma): sigma^2 ~ InverseGamma(shape, rate), mu ~ N(mean, sigma^2 / rows)."""

    support = dist.constraints.real_vector
    pytree_data_fields = ("mean_of_mu", "rows", "shape_of_variance", "rate")

    def __init__(
        self, mean: Float[Array, ""], rows: Float[Array, ""], shape: Float[Array, ""], rate: Float[Array, ""]
    ) -> None:  # fmt: skip
        self.mean_of_mu, self.rows, self.shape_of_variance, self.rate = mean, rows, shape, rate
        super().__init__(batch_shape=(), event_shape=(2,))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        key_precision, key_mu = jax.random.split(key)
        precision = dist.Gamma(self.shape_of_variance, self.rate).sample(
            key_precision, sample_shape
        )
        noise = jax.random.normal(key_mu, sample_shape, precision.dtype)
        mu = self.mean_of_mu + noise / jnp.sqrt(self.rows * precision)
        return jnp.stack([mu, -0.5 * jnp.log(precision)], axis=-1)

    def log_prob(self, value: Float[Array, "*batch 2"]) -> Float[Array, "*batch"]:
        """The Jacobian of log sigma to sigma^2 is 2 sigma^2."""
        mu, log_sigma = value[..., 0], value[..., 1]
        a, b = self.shape_of_variance, self.rate
        variance = a * jnp.log(b) - gammaln(a) - 2 * a * log_sigma - b * jnp.exp(-2 * log_sigma)
        normal = dist.Normal(self.mean_of_mu, jnp.exp(log_sigma) / jnp.sqrt(self.rows))
        return variance + jnp.log(2.0) + normal.log_prob(mu)

    def given(
        self, n: Float[Array, ""], mean: Float[Array, ""], squares: Float[Array, ""]
    ) -> "NormalInverseGamma":
        """After n rows of that mean and that sum of squares around it."""
        rows = self.rows + n
        between = self.rows * n / rows * (mean - self.mean_of_mu) ** 2
        return NormalInverseGamma(
            (self.rows * self.mean_of_mu + n * mean) / rows,
            rows,
            self.shape_of_variance + n / 2,
            self.rate + (squares + between) / 2,
        )
