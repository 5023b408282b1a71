"""Anchored ascent of a learned prior, with a reward: the refinement sampler of Algomancer's flow_prior_posterior.

From z_0, a draw of the prior, it goes uphill by `rate` times the gradient of

    log p(z) - anchor |z - z_0|^2 + reward(z)

`steps` times. The original takes the mean over the batch, so that a start moves by its own slope over the number of
starts: next to nothing. Taken for each start by itself, the prior's modes are approached; nothing here is a posterior.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict, found_all
from inversion.posterior import AbstractTransport
from inversion.refinements.refinement import AbstractRefinement
from inversion.tasks.task import SmoothTask


def ascend(
    log_prob: Callable[[Float[Array, " dim"]], Float[Array, ""]],
    start: Float[Array, "num dim"],
    *,
    steps: int,
    rate: float,
    anchor: float,
    reward: Callable[[Float[Array, " dim"]], Float[Array, ""]] = lambda z: jnp.zeros(()),
    of_mean: bool = False,
) -> Float[Array, "num dim"]:
    """Where the ascent ends; `reward` is any function of z, `of_mean` the original's objective."""
    share = 1 / len(start) if of_mean else 1.0

    def objective(z: Array, z0: Array) -> Array:
        return log_prob(z) - anchor * jnp.sum((z - z0) ** 2) + reward(z)

    def step(z: Array, _):
        return z + rate * share * jax.vmap(jax.grad(objective))(z, start), None

    end, _ = jax.lax.scan(step, start, length=steps)
    return end


class Ascent(AbstractRefinement):
    """The reward is `reward` times log p(y | theta), in the space of theta; a point estimate of each start."""

    needs = SmoothTask
    double = False
    steps: int = eqx.field(static=True)
    rate: float = eqx.field(static=True)
    anchor: float = eqx.field(static=True)
    reward: float = eqx.field(static=True)
    of_mean: bool = eqx.field(static=True)

    def __init__(
        self,
        *,
        steps: int = 10,
        rate: float = 0.1,
        anchor: float = 0.1,
        reward: float = 1.0,
        of_mean: bool = False,
    ) -> None:
        if not (steps > 0 and rate > 0 and min(anchor, reward) >= 0):
            raise ValueError(
                "Expected steps and rate of ascent above 0, anchor and reward of at least 0; "
                f"got {steps}, {rate}, {anchor} and {reward}."
            )
        self.steps, self.rate, self.anchor = steps, rate, anchor
        self.reward, self.of_mean = reward, of_mean

    def invert(
        self,
        key: PRNGKeyArray,
        task: SmoothTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        def log_prob(theta: Array) -> Array:
            return prior.log_prob(theta, y)

        def log_likelihood(theta: Array) -> Array:
            return task.log_likelihood(theta, y)

        start = prior.sample(key, y, num)
        theta = ascend(
            log_prob,
            start,
            steps=self.steps,
            rate=self.rate,
            anchor=self.anchor,
            reward=lambda theta: self.reward * log_likelihood(theta),
            of_mean=self.of_mean,
        )
        ends = (start, theta)
        told = [jnp.linalg.norm(theta - start, axis=1).mean()]
        told += [jax.vmap(f)(end).mean() for f in (log_prob, log_likelihood) for end in ends]
        zero, gradients = jnp.zeros(()), jnp.asarray(1.0 * num * self.steps)
        calls = Calls(zero, zero + 2 * num, gradients, gradients + 3 * num)
        return Inverted(theta, calls, residuals=jnp.stack(told)[None])

    def verdict(self, task: SmoothTask, inverted: Inverted) -> Verdict:
        """Every end found; with how far it moved, and the means of log p(theta) and log p(y | theta) on both ends."""
        names = ("moved", "log_prior_start", "log_prior", "log_likelihood_start", "log_likelihood")
        told = np.asarray(inverted.residuals)[:, 0].T.astype(float)
        found = found_all(inverted)
        return found._replace(numbers=found.numbers | dict(zip(names, told.tolist(), strict=True)))
