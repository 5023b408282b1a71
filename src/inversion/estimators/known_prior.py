"""The task's own prior as a denoiser, in closed form where it is Gaussian or a mixture of Gaussians.

For p = sum_k w_k N(m_k, C) and z = theta + sigma e, e of N(0, I), each component is a linear Gaussian model:
E[theta | z] = sum_k r_k (m_k + C (C + sigma^2 I)^-1 (z - m_k)), with r_k proportional to w_k N(z; m_k, C + sigma^2 I).
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.posterior import AbstractDenoiser, AbstractDensity
from inversion.tasks.gaussian_mixture import GaussianMixture
from inversion.tasks.task import AbstractTask

LEAST, MOST = 0.002, 80.0  # noise, over the prior's spread: the range of EDM (Karras et al., 2022)


class KnownPrior(AbstractDenoiser, AbstractDensity):
    """A mixture of Gaussians that share a covariance, of `axes` (its eigenvectors, as columns) and `variances`."""

    log_weights: Float[Array, " k"]
    means: Float[Array, "k dim"]
    axes: Float[Array, "dim dim"]
    variances: Float[Array, " dim"]

    @property
    def centre(self) -> Float[Array, " dim"]:
        return jnp.exp(self.log_weights) @ self.means

    @property
    def scale(self) -> Float[Array, " dim"]:
        return jnp.ones_like(self.centre)

    @property
    def spread(self) -> Float[Array, ""]:
        between = jnp.exp(self.log_weights) @ (self.means - self.centre) ** 2
        return jnp.sqrt(jnp.mean(between) + jnp.mean(self.variances))

    @property
    def levels(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        return LEAST * self.spread, MOST * self.spread

    def denoised(self, z: Float[Array, " dim"], sigma: Float[Array, ""]) -> Float[Array, " dim"]:
        offsets, log_joint = self._components(z, sigma)
        shares = jax.nn.softmax(log_joint)
        shrunk = self.variances / (self.variances + sigma**2) * (shares @ offsets)
        return shares @ self.means + self.axes @ shrunk

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        del y
        return jax.nn.logsumexp(self._components(theta, jnp.zeros((), theta.dtype))[1])

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        del y
        key_which, key_noise = jax.random.split(key)
        which = jax.random.categorical(key_which, self.log_weights, shape=(num,))
        noise = jax.random.normal(key_noise, (num, len(self.variances)), self.means.dtype)
        return self.means[which] + noise * jnp.sqrt(self.variances) @ self.axes.T

    def _components(self, z: Array, sigma: Array) -> tuple[Array, Array]:
        """z - m_k along the axes, and log w_k N(z; m_k, C + sigma^2 I)."""
        offsets = (z - self.means) @ self.axes
        variances = self.variances + sigma**2
        log_norm = 0.5 * jnp.sum(jnp.log(2 * jnp.pi * variances))
        return offsets, self.log_weights - 0.5 * offsets**2 @ (1 / variances) - log_norm


def known_prior(task: AbstractTask) -> KnownPrior:
    """The prior of `task`, which must be Gaussian or a mixture as `tasks.gaussian_mixture` has it."""
    with jax.ensure_compile_time_eval():
        prior = task.prior()
        if isinstance(prior, GaussianMixture):
            log_weights, means = prior.log_weights, prior.means
            covariance = np.asarray(prior.scale_tril) @ np.asarray(prior.scale_tril).T
        elif gaussian(prior):
            log_weights, means = jnp.zeros(1), jnp.reshape(prior.mean, (1, -1))
            full = isinstance(prior, dist.MultivariateNormal)
            covariance = prior.covariance_matrix if full else np.diag(np.ravel(prior.variance))
        else:
            raise ValueError(
                "Expected a task whose prior is Gaussian, or a mixture of Gaussians, for `prior: known`; "
                f"got {type(task).__name__}."
            )
        variances, axes = np.linalg.eigh(np.asarray(covariance, np.float64))
        return KnownPrior(
            jnp.asarray(log_weights), jnp.asarray(means), jnp.asarray(axes), jnp.asarray(variances)
        )


def gaussian(prior: dist.Distribution) -> bool:
    """Whether it is a Gaussian, with its coordinates apart or not."""
    if isinstance(prior, dist.Independent):
        return isinstance(prior.base_dist, dist.Normal)
    return isinstance(prior, dist.MultivariateNormal)
