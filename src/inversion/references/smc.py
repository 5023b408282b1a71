"""Tempered sequential Monte Carlo: particles go from the prior to the posterior through p(theta) p(y | theta)^t."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import biject_to

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.references.reference import AbstractReference
from inversion.samplers.convergence import judge_runs
from inversion.samplers.tempering import Particles, temper
from inversion.tasks.task import TractableTask


class Smc(AbstractReference):
    """`runs` independent ones of at least `particles` particles, each moved `moves` times at every temperature.

    The record of acceptance takes runs for chains: they must agree, and particles of one ancestor must have parted.
    """

    needs = TractableTask
    runs: int = eqx.field(static=True)
    particles: int = eqx.field(static=True)
    moves: int = eqx.field(static=True)
    share: float = eqx.field(static=True)
    max_temperatures: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        runs: int = 4,
        particles: int = 1000,
        moves: int = 50,
        share: float = 0.5,
        max_temperatures: int = 100,
    ) -> None:
        if not (0 < share < 1 and runs > 0 and particles > 1 and moves > 0):
            raise ValueError(
                "Expected share of smc between 0 and 1, runs and moves above 0, particles above 1; "
                f"got {share}, {runs}, {moves} and {particles}."
            )
        self.runs, self.particles, self.moves = runs, particles, moves
        self.share, self.max_temperatures = share, max_temperatures

    def invert(
        self, key: PRNGKeyArray, task: TractableTask, y: Float[Array, "*event"], num: int
    ) -> Inverted:
        prior = task.prior()
        bijection = biject_to(prior.support)
        size = max(self.particles, -(-num // self.runs))

        def log_densities(u: Array) -> tuple[Array, Array]:
            theta = bijection(u)
            jacobian = jnp.sum(bijection.log_abs_det_jacobian(u, theta))
            return prior.log_prob(theta) + jacobian, task.log_likelihood(theta, y)

        def one_run(key: PRNGKeyArray):
            key_start, key_run = jax.random.split(key)
            start = bijection.inv(prior.sample(key_start, (size,)))
            particles, record, step = temper(
                key_run,
                jax.vmap(log_densities),
                Particles(start, *jax.vmap(log_densities)(start)),
                moves=self.moves,
                share=self.share,
                max_temperatures=self.max_temperatures,
            )
            return particles.u, record, step

        u, record, temperatures = jax.vmap(one_run)(jax.random.split(key, self.runs))
        theta = bijection(u)
        kept = jnp.round(jnp.linspace(0, size - 1, -(-num // self.runs))).astype(int)
        drawn = jnp.swapaxes(theta[:, kept], 0, 1).reshape(-1, theta.shape[-1])[:num]
        zero, each = jnp.zeros(()), 1 + self.moves * temperatures
        failed = jnp.nanmax(record[..., 0], axis=1, keepdims=True) < 1
        return Inverted(
            drawn,
            Calls(zero, jnp.sum(size * each), zero, zero),
            theta,
            jnp.broadcast_to(failed, theta.shape[:2]),
            jnp.nanmin(record, axis=0),
        )

    def verdict(self, task: TractableTask, inverted: Inverted) -> Verdict:
        """The runs' agreement, all of them at temperature 1, and the last acceptance rate."""
        return judge_runs(task, inverted)
