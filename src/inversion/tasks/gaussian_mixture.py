"""A mixture of Gaussians with one covariance for all components, and its update by a linear observation."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray


class GaussianMixture(dist.Distribution):
    """sum_k w_k N(means_k, L L'), with `log_weights` (k,), `means` (k, dim) and L = `scale_tril` (dim, dim)."""

    support = dist.constraints.real_vector
    pytree_data_fields = ("log_weights", "means", "scale_tril")

    def __init__(
        self,
        log_weights: Float[Array, " k"],
        means: Float[Array, "k dim"],
        scale_tril: Float[Array, "dim dim"],
    ) -> None:
        self.log_weights = jax.nn.log_softmax(log_weights)
        self.means = means
        self.scale_tril = scale_tril
        super().__init__(batch_shape=(), event_shape=(means.shape[-1],))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        key_component, key_noise = jax.random.split(key)
        # The inverse of the distribution function: one uniform a draw, where categorical takes k.
        cumulative = jnp.cumsum(jnp.exp(self.log_weights))
        u = jax.random.uniform(key_component, sample_shape, self.means.dtype) * cumulative[-1]
        component = jnp.minimum(jnp.searchsorted(cumulative, u), len(cumulative) - 1)
        noise = jax.random.normal(key_noise, (*sample_shape, *self.event_shape), self.means.dtype)
        return self.means[component] + noise @ self.scale_tril.T

    def log_prob(self, value: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
        whiten = solve_triangular(self.scale_tril, jnp.eye(len(self.scale_tril)), lower=True)
        offset = value[..., None, :] @ whiten.T - self.means @ whiten.T
        log_density = self.log_weights - 0.5 * jnp.sum(offset**2, axis=-1)
        log_norm = 0.5 * self.event_shape[0] * jnp.log(2 * jnp.pi)
        log_norm = log_norm + jnp.sum(jnp.log(jnp.diag(self.scale_tril)))
        return jax.nn.logsumexp(log_density, axis=-1) - log_norm

    def given(
        self,
        operator: Float[Array, "obs dim"],
        noise_scale: float,
        y: Float[Array, " obs"],
    ) -> "GaussianMixture":
        """The mixture after observing y = operator theta + noise_scale N(0, I): again a mixture.

        Each component is updated as a linear Gaussian model and weighed by its evidence N(y; A m_k, A V A' + v).
        """
        covariance = self.scale_tril @ self.scale_tril.T
        cross = covariance @ operator.T
        evidence = operator @ cross + noise_scale**2 * jnp.eye(len(y))
        gain = jnp.linalg.solve(evidence, cross.T).T
        residual = y - self.means @ operator.T
        log_weights = self.log_weights - 0.5 * jnp.sum(
            residual * jnp.linalg.solve(evidence, residual.T).T, axis=-1
        )
        posterior_covariance = covariance - gain @ cross.T
        means = self.means + residual @ gain.T
        return GaussianMixture(log_weights, means, jnp.linalg.cholesky(posterior_covariance))
