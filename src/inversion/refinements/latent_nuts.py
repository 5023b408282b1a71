"""NUTS in the latent space of a flow prior: z ~ N(0, I), with the likelihood at T^-1(z).

The flow's log-determinant cancels, so this samples the exact posterior under the learned prior (Hoffman et al.,
NeuTra-lizing Bad Geometry, 2019, with a prior's flow in place of a posterior's).
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
from inversion.samplers.nuts import run_chains
from inversion.tasks.task import TractableTask


class LatentNuts(AbstractRefinement):
    """`chains` chains from N(0, dispersion^2 I), each `warmup` transitions and then at least `steps`."""

    needs = TractableTask
    double = False
    chains: int = eqx.field(static=True)
    warmup: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    max_tree_depth: int = eqx.field(static=True)
    dispersion: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        chains: int,
        warmup: int,
        steps: int = 1,
        max_tree_depth: int = 10,
        dispersion: float = 1.0,
    ) -> None:
        self.chains, self.warmup, self.steps = chains, warmup, steps
        self.max_tree_depth = max_tree_depth
        self.dispersion = dispersion

    def invert(
        self,
        key: PRNGKeyArray,
        task: TractableTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        key_start, key_run = jax.random.split(key)

        def log_density(z: Array) -> Array:
            return task.log_likelihood(prior.from_latent(z), y) - 0.5 * jnp.sum(z**2)

        start = self.dispersion * jax.random.normal(key_start, (self.chains, task.dim))
        steps = max(self.steps, -(-num // self.chains))
        run = run_chains(
            key_run,
            log_density,
            start,
            warmup=self.warmup,
            steps=steps,
            max_tree_depth=self.max_tree_depth,
        )
        run = run._replace(x=jax.vmap(jax.vmap(prior.from_latent))(run.x))
        zero = jnp.zeros(())
        calls = Calls(zero, zero, run.gradients, run.gradients + run.diverging.size)
        return Inverted(run.thinned(num), calls, run.x, run.diverging)

    def verdict(self, task: TractableTask, inverted: Inverted) -> Verdict:
        return judge_task(task, np.asarray(inverted.chains), np.asarray(inverted.diverging))
