"""A neuron's spikes by a generalised linear model: sbibm's `bernoulli_glm` (Goncalves et al., 2020, eLife 9:e56261).

In each of 100 time bins a spike comes with probability sigmoid(x_t theta); x_t holds a 1 and the white-noise stimulus
of the bin and of the 8 before it. theta is an offset, ~ N(0, 2), and a filter of 9 weights whose second differences
the prior keeps small. y = X' spikes: the number of spikes and the spike-triggered sums of the stimulus, sufficient
for theta (Lueckmann et al., 2021, T.5). The stimulus is drawn once, from NumPy's generator with seed 42, as in
sbibm 1.1.0.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.symmetric import SymmetricTask
from inversion.tasks.task import BoundedTask, SmoothTask

BINS, WEIGHTS = 100, 9
REACH = 30.0  # no prior draw is longer: 10 of its longest standard deviations
NEWTON, RIDGE = 30, 1e-6  # steps to the bound, and what keeps them finite


def _design() -> np.ndarray:
    """X, (100, 10): a column of ones, then the stimulus, each column one bin later than the one before."""
    rng = np.random.RandomState(42)
    stimulus = rng.randn(BINS).astype(np.float32).astype(float)
    design = np.ones((BINS, WEIGHTS + 1))
    for lag in range(WEIGHTS):
        design[:, lag + 1] = np.concatenate([np.zeros(lag), stimulus[: BINS - lag]])
    return design


def _prior_scale_tril() -> np.ndarray:
    """From the prior's precision: 1/2 for the offset, F'F for the filter with F = D D + diag(i / 9)^(1/2)."""
    difference = np.eye(WEIGHTS) - np.eye(WEIGHTS, k=-1)
    smooth = difference @ difference + np.diag(np.sqrt(np.arange(WEIGHTS) / WEIGHTS))
    covariance = np.zeros((WEIGHTS + 1, WEIGHTS + 1))
    covariance[0, 0] = 2.0
    covariance[1:, 1:] = np.linalg.inv(smooth.T @ smooth)
    return np.linalg.cholesky(covariance)


DESIGN, PRIOR_SCALE_TRIL = _design(), _prior_scale_tril()


class BernoulliGlm(SmoothTask, BoundedTask, SymmetricTask):
    """The likelihood is log-concave, and so is the posterior."""

    def prior(self) -> dist.Distribution:
        return dist.MultivariateNormal(
            jnp.zeros(WEIGHTS + 1), scale_tril=jnp.asarray(PRIOR_SCALE_TRIL)
        )

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "10"]) -> Float[Array, "10"]:
        return statistics(draw_spikes(key, theta))

    def log_likelihood(self, theta: Float[Array, "10"], y: Float[Array, "10"]) -> Float[Array, ""]:
        """The log of a probability: no two trains of spikes share their sums, as the stimulus is not periodic."""
        return theta @ y - jnp.sum(jax.nn.softplus(_design_as(theta) @ theta))

    def log_likelihood_bound(self, y: Float[Array, "10"]) -> Float[Array, ""]:
        """By Newton's method; a concave function lies below its tangents, here within |theta| < REACH.

        Where Newton's method has not arrived, the tangent's slope makes the bound loose, not wrong.
        """
        design = _design_as(y)

        def step(theta: Array, _: None) -> tuple[Array, None]:
            p = jax.nn.sigmoid(design @ theta)
            curvature = design.T @ ((p * (1 - p))[:, None] * design) + RIDGE * jnp.eye(y.size)
            way = jnp.linalg.solve(curvature.astype(y.dtype), y - design.T @ p)
            tries = theta + 0.5 ** jnp.arange(8.0)[:, None].astype(y.dtype) * way
            best = jnp.argmax(jax.vmap(self.log_likelihood, (0, None))(tries, y))
            return tries[best], None

        theta, _ = jax.lax.scan(step, jnp.zeros_like(y), length=NEWTON)
        highest, slope = jax.value_and_grad(self.log_likelihood)(theta, y)
        rise = jnp.linalg.norm(slope) * (REACH + jnp.linalg.norm(theta))
        return jnp.minimum(highest + rise, 0.0)

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, "10"], y: Float[Array, "10"]
    ) -> tuple[Float[Array, "10"], Float[Array, "10"]]:
        """-theta puts spikes where there were none, and none where there were."""
        turned = jax.random.bernoulli(key)
        all_spikes = statistics(jnp.ones(BINS, y.dtype))
        return jnp.where(turned, -theta, theta), jnp.where(turned, all_spikes - y, y)


def draw_spikes(key: PRNGKeyArray, theta: Float[Array, "10"]) -> Float[Array, "100"]:
    """0 or 1 for each bin."""
    spikes = jax.random.bernoulli(key, jax.nn.sigmoid(_design_as(theta) @ theta))
    return spikes.astype(theta.dtype)


def statistics(spikes: Float[Array, "100"]) -> Float[Array, "10"]:
    """X' spikes."""
    return _design_as(spikes).T @ spikes


def _design_as(like: Array) -> Float[Array, "100 10"]:
    return jnp.asarray(DESIGN, like.dtype)
