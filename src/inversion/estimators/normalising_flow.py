"""What normalising flows share: a density by change of variables, trained by maximum likelihood."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.estimators.from_noise import in_parts
from inversion.networks.base import AbstractBase
from inversion.networks.transform import AbstractTransform

PART = 1000  # draws at a time: what a layer of 64 units makes of them stays in the cache


class AbstractNormalisingFlow(AbstractDensityEstimator):
    """q(theta | y) = p(T(theta | y)) |det dT/dtheta| with a base density p.

    To write one, give a constructor that sets `transform` and `base`.
    """

    transform: eqx.AbstractVar[AbstractTransform]
    base: eqx.AbstractVar[AbstractBase]

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        z, log_det = self.transform.forward(theta, jnp.ravel(y))
        return log_det + self.base.log_prob(z)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        del progress
        return self.batch_validation_loss(theta, y, key=key)

    def batch_validation_loss(
        self, theta: Float[Array, "n dim"], y: Float[Array, "n *event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        del key
        z, log_det = self.transform.forward(theta.T, y.reshape(len(y), -1).T)
        return -jnp.mean(log_det + self.base.log_prob(z))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        context = jnp.ravel(y)
        carry = lambda z: self.transform.inverse(z.T, context)[0].T  # noqa: E731
        return in_parts(carry, self.base.sample(key, num, y.dtype), PART)


def context_dim(y_shape: tuple[int, ...]) -> int:
    """The number of coordinates of one y."""
    return math.prod(y_shape)
