"""An estimator that reads y through a summary network, both trained by the estimator's own loss."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import (
    AbstractEstimator,
    AbstractPointEstimator,
    AbstractTrainable,
)
from inversion.networks.summaries.summary import AbstractSummary
from inversion.posterior import AbstractDensity, AbstractPoints, Points


class AbstractSummarised(AbstractTrainable):
    """An estimator that is given s(y) for y, with a learned summary s."""

    estimator: eqx.AbstractVar[AbstractTrainable]
    summary: eqx.AbstractVar[AbstractSummary]

    @property
    def passes(self) -> int:
        return self.estimator.passes

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        return self.estimator.loss(theta, self.summary(y), key=key, progress=progress)

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        return self.estimator.validation_loss(theta, self.summary(y), key=key)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        return self.estimator.batch_loss(
            theta, jax.vmap(self.summary)(y), key=key, progress=progress
        )

    def batch_validation_loss(
        self, theta: Float[Array, "n dim"], y: Float[Array, "n *event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        return self.estimator.batch_validation_loss(theta, jax.vmap(self.summary)(y), key=key)


class Summarised(AbstractSummarised, AbstractEstimator):
    """q(theta | s(y))."""

    estimator: AbstractEstimator
    summary: AbstractSummary

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self.estimator.sample(key, self.summary(y), num)


class SummarisedDensity(Summarised, AbstractDensity):
    """The same around an estimator whose density is known."""

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        return self.estimator.log_prob(theta, self.summary(y))


class SummarisedPoints(AbstractSummarised, AbstractPoints):
    """Mean and quantiles given s(y)."""

    estimator: AbstractPointEstimator
    summary: AbstractSummary

    @property
    def levels(self) -> tuple[float, ...]:
        return self.estimator.levels

    def points(self, y: Float[Array, "*event"]) -> Points:
        return self.estimator.points(self.summary(y))


def summarised(estimator: AbstractTrainable, summary: AbstractSummary) -> AbstractSummarised:
    """The estimator behind the summary, with all that it offers."""
    if isinstance(estimator, AbstractPoints):
        return SummarisedPoints(estimator, summary)
    kind = SummarisedDensity if isinstance(estimator, AbstractDensity) else Summarised
    return kind(estimator, summary)
