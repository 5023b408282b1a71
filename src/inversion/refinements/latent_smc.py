"""Annealed sequential Monte Carlo in the latent space of a flow prior: from N(0, I) through N(0, I) p(y | T^-1(z))^t.

The particles hold every mode by as many as its mass deserves, which no chain of its own does. At the last temperature
they go on to move along each other's differences, from mode to mode as well. `inversion.samplers` has both kernels.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.posterior import AbstractTransport
from inversion.refinements.refinement import AbstractRefinement
from inversion.samplers.convergence import judge_runs
from inversion.samplers.evolution import evolved
from inversion.samplers.tempering import Particles, temper
from inversion.tasks.task import TractableTask


class LatentSmc(AbstractRefinement):
    """`runs` runs of at least `particles` each; `bridge` moves at every temperature, and `moves` more at the last."""

    needs = TractableTask
    double = False
    runs: int = eqx.field(static=True)
    particles: int = eqx.field(static=True)
    bridge: int = eqx.field(static=True)
    moves: int = eqx.field(static=True)
    share: float = eqx.field(static=True)
    max_temperatures: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        runs: int = 4,
        particles: int = 1000,
        bridge: int = 5,
        moves: int = 50,
        share: float = 0.5,
        max_temperatures: int = 100,
    ) -> None:
        if not (0 < share < 1 and particles > 1 and min(runs, bridge, moves) > 0):
            raise ValueError(
                "Expected share of latent_smc between 0 and 1, particles above 1, runs, bridge and moves above 0; "
                f"got {share}, {particles}, {runs}, {bridge} and {moves}."
            )
        self.runs, self.particles, self.bridge, self.moves = runs, particles, bridge, moves
        self.share, self.max_temperatures = share, max_temperatures

    def invert(
        self,
        key: PRNGKeyArray,
        task: TractableTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        size = max(self.particles, -(-num // self.runs))
        size += size % 2

        def log_densities(z: Array) -> tuple[Array, Array]:
            return -0.5 * jnp.sum(z**2), task.log_likelihood(prior.from_latent(z), y)

        def one_run(key: PRNGKeyArray):
            key_start, key_bridge, key_last = jax.random.split(key, 3)
            start = jax.random.normal(key_start, (size, task.dim))
            particles, record, step = temper(
                key_bridge,
                jax.vmap(log_densities),
                Particles(start, *jax.vmap(log_densities)(start)),
                moves=self.bridge,
                share=self.share,
                max_temperatures=self.max_temperatures,
            )
            target = jax.vmap(lambda z: sum(log_densities(z)))
            z, rate = evolved(key_last, target, particles.u, self.moves)
            record = record.at[step - 1, 1].set(rate)  # of the last temperature, all its moves done
            return jax.vmap(prior.from_latent)(z), record, step

        keys = jax.random.split(key, self.runs)
        theta, record, temperatures = jax.lax.map(one_run, keys)
        kept = jnp.round(jnp.linspace(0, size - 1, -(-num // self.runs))).astype(int)
        drawn = jnp.swapaxes(theta[:, kept], 0, 1).reshape(-1, theta.shape[-1])[:num]
        each = 2 + self.bridge * temperatures + self.moves
        evaluated = jnp.sum(size * each).astype(float)
        zero, failed = jnp.zeros(()), jnp.nanmax(record[..., 0], axis=1, keepdims=True) < 1
        return Inverted(
            drawn,
            Calls(zero, evaluated, zero, evaluated + self.runs * size),
            theta,
            jnp.broadcast_to(failed, theta.shape[:2]),
            jnp.nanmin(record, axis=0),
        )

    def verdict(self, task: TractableTask, inverted: Inverted) -> Verdict:
        """The runs' agreement, all of them at temperature 1, and the last acceptance rate."""
        return judge_runs(task, inverted)
