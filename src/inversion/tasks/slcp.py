"""Simple likelihood, complex posterior: sbibm's `slcp` (Papamakarios et al., 2019; Lueckmann et al., 2021, T.3).

theta ~ U(-3, 3)^5; y holds four points of the plane, one after the other, each ~ N((theta_1, theta_2), S) with
S = [[s^2, r s t], [r s t, t^2]] + 1e-6 I, s = theta_3^2, t = theta_4^2 and r = tanh theta_5.
"""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.symmetric import SymmetricTask, random_signs
from inversion.tasks.task import BoundedTask, LabelledTask, SmoothTask

POINTS, JITTER = 4, 1e-6


class Slcp(SmoothTask, BoundedTask, LabelledTask, SymmetricTask):
    """The signs of theta_3 and theta_4 do not show: four modes, each the others' mirror image."""

    def prior(self) -> dist.Distribution:
        return dist.Uniform(jnp.full(5, -3.0), jnp.full(5, 3.0)).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "5"]) -> Float[Array, "8"]:
        noise = jax.random.normal(key, (POINTS, 2), theta.dtype)
        return (theta[:2] + noise @ _scale_tril(theta).T).reshape(-1)

    def log_likelihood(self, theta: Float[Array, "5"], y: Float[Array, "8"]) -> Float[Array, ""]:
        (first, _), (across, second) = _scale_tril(theta)
        u, v = (y.reshape(POINTS, 2) - theta[:2]).T
        u = u / first
        v = (v - across * u) / second
        log_scale = jnp.log(2 * jnp.pi * first * second)
        return -0.5 * jnp.sum(u**2 + v**2) - POINTS * log_scale

    def log_likelihood_bound(self, y: Float[Array, "8"]) -> Float[Array, ""]:
        """That of the Gaussian which fits the four points best: mean and covariance are theirs."""
        points = y.reshape(POINTS, 2)
        u, v = (points - points.mean(0)).T
        spread = jnp.sqrt((u @ u) * (v - u * (u @ v) / (u @ u)) @ v) / POINTS
        return -POINTS * (jnp.log(2 * jnp.pi * spread) + 1)

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, "5"], y: Float[Array, "8"]
    ) -> tuple[Float[Array, "5"], Float[Array, "8"]]:
        """The points in another order, the plane's axes turned around or exchanged, the signs that do not show."""
        key_order, key_turned, key_signs, key_axes = jax.random.split(key, 4)
        points = jax.random.permutation(key_order, y.reshape(POINTS, 2))
        turned = random_signs(key_turned, 2, theta)
        mean, scales, slant = theta[:2] * turned, theta[2:4], theta[4:] * jnp.prod(turned)
        scales, points = scales * random_signs(key_signs, 2, theta), points * turned
        axes = jax.random.permutation(key_axes, 2)
        return jnp.concatenate([mean[axes], scales[axes], slant]), points[:, axes].reshape(-1)

    @property
    def parts(self) -> dict[str, int]:
        return {"signs": 4}

    def labels(self, theta: Float[Array, "5"]) -> dict[str, Array]:
        """`signs`: 1 if theta_3 is positive, plus 2 if theta_4 is."""
        return {"signs": (theta[2] > 0) + 2 * (theta[3] > 0)}


def _scale_tril(theta: Float[Array, "5"]) -> Float[Array, "2 2"]:
    """The Cholesky factor of S, without the cancellation where r is close to 1."""
    s, t, r = theta[2] ** 2, theta[3] ** 2, jnp.tanh(theta[4])
    first = jnp.sqrt(s**2 + JITTER)
    rest = (s**2 / jnp.cosh(theta[4]) ** 2 + JITTER) / first**2
    second = jnp.sqrt(t**2 * rest + JITTER)
    return jnp.array([[first, 0.0], [r * s * t / first, second]])
