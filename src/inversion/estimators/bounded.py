"""Estimators of the prior whose density is known by a lower bound alone."""

import abc

from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractEstimator


class AbstractBoundedEstimator(AbstractEstimator):
    """A prior with latent variables z, of which `bound` averages over draws."""

    @abc.abstractmethod
    def bound(self, key: PRNGKeyArray, theta: Float[Array, " dim"], num: int) -> Float[Array, ""]:
        """On average at most log p(theta), in nats; with more draws of z, `num` of them, it is tighter."""

    @abc.abstractmethod
    def active_units(
        self, key: PRNGKeyArray, theta: Float[Array, "n dim"], num: int
    ) -> Float[Array, ""]:
        """The share of the coordinates of z that say anything of theta; `num` draws of z for each."""
