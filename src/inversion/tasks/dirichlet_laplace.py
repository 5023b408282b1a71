"""A sparse mean under the Dirichlet-Laplace prior, with its scales (cDiff, `dirichlet_laplace`).

tau ~ Gamma(size a, scale 2), phi ~ Dir(a, ..., a) with a = 1 / sqrt(20), lambda_i ~ Exp(1),
mu_i ~ N(0, (tau phi_i lambda_i)^2), sigma^2 ~ InverseGamma(100, 100); 100 y_i ~ N(mu_i, sigma^2), and
theta = (tanh(mu / 50), log tau / 4, log sigma). phi and lambda are not asked for, and without them the prior has no
density in closed form. Chen, Bansal and Scott, 2025, arXiv 2410.19105; the prior after Bhattacharya et al., 2015.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.blocks import Blocks
from inversion.tasks.task import TractableTask

CONCENTRATION = 20**-0.5
SQUASH, SCALE = 50.0, 100.0


class DirichletLaplace(TractableTask):
    """`size` means, most of them about 0; theta has two coordinates more."""

    size: int = eqx.field(static=True)

    def __init__(self, *, size: int = 100) -> None:
        if size < 1:
            raise ValueError(f"Expected size of dirichlet_laplace above 0; got {size}.")
        self.size = size

    def prior(self) -> "SparseMeans":
        return SparseMeans(self.size)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " dim-2"]:
        mu, sigma = _means(theta), jnp.exp(theta[-1])
        return (mu + sigma * jax.random.normal(key, mu.shape, mu.dtype)) / SCALE

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, " dim-2"]
    ) -> Float[Array, ""]:
        return jnp.sum(
            dist.Normal(_means(theta), jnp.exp(theta[-1])).log_prob(SCALE * y) + jnp.log(SCALE)
        )


class SparseMeans(dist.Distribution):
    """Of (tanh(mu / 50), log tau / 4, log sigma): draws, without a density."""

    pytree_aux_fields = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(batch_shape=(), event_shape=(size + 2,))

    @dist.constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> Blocks:
        interval = dist.constraints.interval(-1.0, 1.0)
        return Blocks((interval, self.size), (dist.constraints.real, 2))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """tau phi_i are independent Gamma(a, scale 2), and tau is their sum."""
        key_part, key_lambda, key_mu, key_sigma = jax.random.split(key, 4)
        shape = (*sample_shape, self.size)
        part = 2 * jax.random.gamma(key_part, CONCENTRATION, shape)
        noise = jax.random.exponential(key_lambda, shape) * jax.random.normal(key_mu, shape)
        tau = jnp.sum(part, axis=-1, keepdims=True)
        variance = dist.InverseGamma(100.0, 100.0).sample(key_sigma, (*sample_shape, 1))
        mu = jnp.tanh(part * noise / SQUASH)
        inside = 1 - jnp.finfo(mu.dtype).epsneg  # a mean far out rounds to 1
        scales = [jnp.log(tau) / 4, jnp.log(variance) / 2]
        return jnp.concatenate([jnp.clip(mu, -inside, inside), *scales], axis=-1)


def _means(theta: Float[Array, " dim"]) -> Float[Array, " dim-2"]:
    return SQUASH * jnp.arctanh(theta[:-2])
