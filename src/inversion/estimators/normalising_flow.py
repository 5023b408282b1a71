"""What normalising flows share: a density by change of variables, trained by maximum likelihood."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.networks.base import AbstractBase
from inversion.networks.transform import AbstractTransform


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
        z = self.base.sample(key, num, y.dtype)
        return self.transform.inverse(z.T, jnp.ravel(y))[0].T


def context_dim(y_shape: tuple[int, ...]) -> int:
    """The number of coordinates of one y."""
    return math.prod(y_shape)
