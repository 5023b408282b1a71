"""What an amortised posterior gives to the training loop: a loss of one pair."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.posterior import AbstractDensity, AbstractPoints, AbstractPosterior


class AbstractTrainable(eqx.Module):
    """What the training loop asks for, whatever is learned of theta given y."""

    @property
    def passes(self) -> int:
        """Passes of the network for one draw, for the ledger; 1 as well where a solver picks its own steps."""
        return 1

    @abc.abstractmethod
    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The objective at one pair; `progress` in [0, 1] says how much of the training is done."""

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """What the best epoch is picked by: the objective at the end of the training."""
        return self.loss(theta, y, key=key, progress=jnp.ones(()))

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The mean of `loss` over a batch; to be overridden where the pairs of a batch are seen together."""
        keys = jax.random.split(key, len(theta))
        one = lambda theta, y, key: self.loss(theta, y, key=key, progress=progress)  # noqa: E731
        return jnp.mean(jax.vmap(one)(theta, y, keys))

    def batch_validation_loss(
        self, theta: Float[Array, "n dim"], y: Float[Array, "n *event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The mean of `validation_loss` over what is held out."""
        keys = jax.random.split(key, len(theta))
        one = lambda theta, y, key: self.validation_loss(theta, y, key=key)  # noqa: E731
        return jnp.mean(jax.vmap(one)(theta, y, keys))


class AbstractEstimator(AbstractTrainable, AbstractPosterior):
    """A posterior with parameters to learn, on standardised, unconstrained theta and standardised y.

    To write one:
    - a constructor with keyword-only arguments: `key`, `theta_dim` and `y_shape`, given by the training
      command, and the method's own settings, which become its entry in params.yaml;
    - `loss` of one pair; the training loop takes its mean over batches;
    - `sample`, and `log_prob` where there is a density (`AbstractDensityEstimator`).
    """


class AbstractPointEstimator(AbstractTrainable, AbstractPoints):
    """The same for a mean and quantiles alone: `points` in place of `sample`."""


class AbstractDensityEstimator(AbstractEstimator, AbstractDensity):
    """An estimator trained by maximum likelihood: its loss is -log q(theta | y)."""

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        del key, progress
        return -self.log_prob(theta, y)
