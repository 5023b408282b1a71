"""Langevin chains under a learned prior: by the prior's own score, or in its latent space.

In data space the density is log p(theta) + log p(y | theta), whose gradient holds the score of the prior's flow. In
latent space it is -|z|^2 / 2 + log p(y | T^-1(z)), where the flow's log-determinant cancels. Both are the posterior
under the learned prior. `inversion.samplers.langevin` has the chains.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.posterior import AbstractTransport
from inversion.refinements.refinement import AbstractRefinement
from inversion.samplers.convergence import judge_task
from inversion.samplers.langevin import run_langevin
from inversion.tasks.task import SmoothTask


class Langevin(AbstractRefinement):
    """`chains` chains, each `warmup` transitions and then at least `steps`; `step` is eps, or where it starts."""

    needs = SmoothTask
    double = False
    chains: int = eqx.field(static=True)
    warmup: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    step: float = eqx.field(static=True)
    adjusted: bool = eqx.field(static=True)
    latent: bool = eqx.field(static=True)

    def __init__(
        self,
        *,
        chains: int,
        warmup: int,
        step: float,
        steps: int = 1,
        adjusted: bool = False,
        latent: bool = False,
    ) -> None:
        if not (chains > 0 and warmup >= 0 and step > 0):
            raise ValueError(
                "Expected chains and step of langevin above 0 and warmup of at least 0; "
                f"got {chains}, {step} and {warmup}."
            )
        self.chains, self.warmup, self.steps = chains, warmup, steps
        self.step, self.adjusted, self.latent = step, adjusted, latent

    def invert(
        self,
        key: PRNGKeyArray,
        task: SmoothTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        key_start, key_run = jax.random.split(key)

        def in_data_space(theta: Array) -> Array:
            return prior.log_prob(theta, y) + task.log_likelihood(theta, y)

        def in_latent_space(z: Array) -> Array:
            return task.log_likelihood(prior.from_latent(z), y) - 0.5 * jnp.sum(z**2)

        start = prior.sample(key_start, y, self.chains)
        if self.latent:
            start = jax.vmap(prior.to_latent)(start)
        run = run_langevin(
            key_run,
            in_latent_space if self.latent else in_data_space,
            start,
            step=self.step,
            adjusted=self.adjusted,
            warmup=self.warmup,
            steps=max(self.steps, -(-num // self.chains)),
        )
        passes = run.gradients + self.chains
        if self.latent:
            run = run._replace(x=jax.vmap(jax.vmap(prior.from_latent))(run.x))
            passes = passes + self.chains + run.diverging.size
        zero = jnp.zeros(())
        calls = Calls(zero, zero, run.gradients, passes)
        return Inverted(run.thinned(num), calls, run.x, run.diverging)

    def verdict(self, task: SmoothTask, inverted: Inverted) -> Verdict:
        return judge_task(task, np.asarray(inverted.chains), np.asarray(inverted.diverging))
