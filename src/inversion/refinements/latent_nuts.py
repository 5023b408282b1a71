"""NUTS in the latent space of a learned prior: z ~ N(0, I), with the likelihood at theta(z).

A flow's log-determinant cancels, so this samples the exact posterior under the learned prior (Hoffman et al.,
NeuTra-lizing Bad Geometry, 2019, with a prior's flow in place of a posterior's); a decoder's noise is latent too.
The likelihood may cut the latent space into pieces that no trajectory joins; a jump, a draw of N(0, I) accepted by
its likelihood, leads from one to another, as often as the likelihood accepts what the prior proposes.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.posterior import AbstractGenerator
from inversion.refinements.refinement import AbstractRefinement
from inversion.samplers.convergence import judge_task
from inversion.samplers.nuts import run_chains
from inversion.tasks.task import TractableTask


class LatentNuts(AbstractRefinement):
    """`chains` chains from draws of the prior, `dispersion` times as far out, each `warmup` transitions and then at
    least `steps`; before every transition `jumps` are tried."""

    needs = TractableTask
    starts_from = AbstractGenerator
    double = False
    chains: int = eqx.field(static=True)
    warmup: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    max_tree_depth: int = eqx.field(static=True)
    dispersion: float = eqx.field(static=True)
    jumps: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        chains: int,
        warmup: int,
        steps: int = 1,
        max_tree_depth: int = 10,
        dispersion: float = 1.0,
        jumps: int = 0,
    ) -> None:
        self.chains, self.warmup, self.steps = chains, warmup, steps
        self.max_tree_depth = max_tree_depth
        self.dispersion, self.jumps = dispersion, jumps

    def invert(
        self,
        key: PRNGKeyArray,
        task: TractableTask,
        prior: AbstractGenerator,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        key_start, key_run = jax.random.split(key)

        def log_likelihood(z: Array) -> Array:
            return task.log_likelihood(prior.from_latent(z), y)

        def log_density(z: Array) -> Array:
            return log_likelihood(z) - 0.5 * jnp.sum(z**2)

        def jump(key: PRNGKeyArray, z: Array) -> Array:
            key_propose, key_accept = jax.random.split(key)
            proposed = jax.random.normal(key_propose, (self.jumps, len(z)), z.dtype)
            levels = jnp.log(jax.random.uniform(key_accept, (self.jumps,), z.dtype))

            def accept(current, one):
                (_, log_l), (proposed, new_log_l, level) = current, one
                taken = level < new_log_l - log_l
                return jax.tree.map(
                    lambda new, old: jnp.where(taken, new, old), (proposed, new_log_l), current
                ), None

            found = jax.vmap(log_likelihood)(proposed)
            (z, _), _ = jax.lax.scan(accept, (z, log_likelihood(z)), (proposed, found, levels))
            return z

        start = self.dispersion * prior.latents(key_start, y, self.chains)
        steps = max(self.steps, -(-num // self.chains))
        run = run_chains(
            key_run,
            log_density,
            start,
            warmup=self.warmup,
            steps=steps,
            max_tree_depth=self.max_tree_depth,
            jump=jump if self.jumps else None,
        )
        run = run._replace(x=jax.vmap(jax.vmap(prior.from_latent))(run.x))
        tried = self.chains * (self.warmup + steps) * (self.jumps + 1) if self.jumps else 0
        zero = jnp.zeros(())
        passes = run.gradients + tried + run.diverging.size + 2 * self.chains
        calls = Calls(zero, zero + tried, run.gradients, passes)
        return Inverted(run.thinned(num), calls, run.x, run.diverging)

    def verdict(self, task: TractableTask, inverted: Inverted) -> Verdict:
        return judge_task(task, np.asarray(inverted.chains), np.asarray(inverted.diverging))
