"""Importance sampling: proposals from an amortised posterior, weighted to the exact one.

A share of the proposals is drawn from the prior, and the density of all is that of the mixture (defensive importance
sampling: Hesterberg, 1995): no weight then exceeds the likelihood over the share, whatever the posterior has missed.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Weights
from inversion.posterior import AbstractDensity
from inversion.samplers.pareto import smoothed
from inversion.tasks.task import TractableTask

AT_ONCE = 10_000  # proposals in one batch: bounds the memory


class Proposals(NamedTuple):
    """In random order, with the log density that they were drawn from and the unnormalised log posterior."""

    theta: Float[Array, "count dim"]
    log_proposal: Float[Array, " count"]
    log_target: Float[Array, " count"]

    @property
    def log_weights(self) -> Float[Array, " count"]:
        """-inf, a weight of 0, where either density is not a number."""
        log_weights = self.log_target - self.log_proposal
        return jnp.where(jnp.isnan(log_weights), -jnp.inf, log_weights)


class Defensive(NamedTuple):
    """q(theta | y) mixed with the prior: what the proposals are drawn from, given one observation."""

    task: TractableTask
    posterior: AbstractDensity
    y: Float[Array, "*event"]
    share: float  # of the prior

    def log_prob(self, theta: Float[Array, " dim"]) -> Float[Array, ""]:
        log_q = jnp.log1p(-self.share) + self.posterior.log_prob(theta, self.y)
        if self.share == 0:
            return log_q
        return jnp.logaddexp(log_q, jnp.log(self.share) + self.task.prior().log_prob(theta))

    def log_target(self, theta: Float[Array, " dim"]) -> Float[Array, ""]:
        """log p(theta) + log p(y | theta)."""
        return self.task.prior().log_prob(theta) + self.task.log_likelihood(theta, self.y)

    def propose(self, key: PRNGKeyArray, count: int) -> Proposals:
        """`count` proposals, the prior's share of them rounded."""
        key_prior, key_draw, key_order = jax.random.split(key, 3)
        of_prior = round(self.share * count)
        theta = jnp.concatenate(
            [
                _in_batches(self.posterior, key_draw, self.y, count - of_prior),
                self.task.prior().sample(key_prior, (of_prior,)),
            ]
        )
        theta = jax.random.permutation(key_order, theta)
        size = min(count, AT_ONCE)
        log_proposal = jax.lax.map(self.log_prob, theta, batch_size=size)
        return Proposals(theta, log_proposal, jax.vmap(self.log_target)(theta))

    def calls(self, count: int) -> Calls:
        """What `propose` takes: each proposal has its likelihood and q's density, and all but the prior's a draw."""
        zero, of_prior = jnp.zeros(()), round(self.share * count)
        return Calls(zero, zero + count, zero, zero + 2 * count - of_prior)


def weigh(log_weights: Float[Array, " count"]) -> tuple[Float[Array, " count"], Weights]:
    """Pareto-smoothed weights that add up to 1, and what they say."""
    log_weights, khat = smoothed(log_weights)
    weights = jax.nn.softmax(log_weights)
    log_evidence = jax.nn.logsumexp(log_weights) - jnp.log(len(log_weights))
    return weights, Weights(khat, 1 / jnp.sum(weights**2), log_evidence)


def _in_batches(
    posterior: AbstractDensity, key: PRNGKeyArray, y: Float[Array, "*event"], count: int
) -> Float[Array, "count dim"]:
    """Draws, AT_ONCE at a time."""
    batches = -(-count // AT_ONCE)
    each = -(-count // batches)
    keys = jax.random.split(key, batches)
    theta = jax.lax.map(lambda key: posterior.sample(key, y, each), keys)
    return theta.reshape(-1, theta.shape[-1])[:count]
