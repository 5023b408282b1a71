"""An amortised posterior's draws, weighted as far as the weights carry, and moved from there to the exact posterior.

The path is q(theta | y)^(1 - t) (p(theta) p(y | theta))^t, with q mixed with the prior as for the importance
correction. The first resample goes as far along it as leaves enough of the proposals, which is to its end where q is
good. Then come tempered steps, if any are left (Del Moral, Doucet and Jasra, 2006), and random-walk moves of the
posterior itself, which have no use for q any more.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import biject_to

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.posterior import AbstractDensity
from inversion.refinements.refinement import AbstractRefinement
from inversion.samplers.convergence import judge_runs
from inversion.samplers.evolution import evolved
from inversion.samplers.importance import Defensive, weigh
from inversion.samplers.tempering import (
    Particles,
    first_log_scale,
    moved,
    next_temperature,
    systematic,
)
from inversion.tasks.task import TractableTask


class Tempered(AbstractRefinement):
    """`runs` independent ones, which share `proposals` and keep a share of the draws each, accepted as `smc` is.

    `bridge` moves are made at every temperature below 1, whose density asks q, and `moves` at the last.
    """

    needs = TractableTask
    starts_from = AbstractDensity
    runs: int = eqx.field(static=True)
    proposals: int = eqx.field(static=True)
    particles: int = eqx.field(static=True)
    defensive: float = eqx.field(static=True)
    bridge: int = eqx.field(static=True)
    moves: int = eqx.field(static=True)
    share: float = eqx.field(static=True)
    max_temperatures: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        runs: int = 4,
        proposals: int = 20_000,
        particles: int = 1000,
        defensive: float = 0.1,
        bridge: int = 5,
        moves: int = 50,
        share: float = 0.5,
        max_temperatures: int = 30,
    ) -> None:
        if not (0 <= defensive < 1 and 0 < share < 1 and min(runs, bridge, moves) > 0):
            raise ValueError(
                "Expected defensive of tempered from 0 to below 1, share between 0 and 1, runs, bridge and moves "
                f"above 0; got {defensive}, {share}, {runs}, {bridge} and {moves}."
            )
        self.runs, self.proposals, self.particles = runs, proposals, particles
        self.defensive, self.bridge, self.moves = defensive, bridge, moves
        self.share, self.max_temperatures = share, max_temperatures

    def invert(
        self,
        key: PRNGKeyArray,
        task: TractableTask,
        start: AbstractDensity,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        size = max(self.particles, -(-num // self.runs))
        size += size % 2
        count = max(size, -(-self.proposals // self.runs))
        mixture = Defensive(task, start, y, self.defensive)
        keys = jax.random.split(key, self.runs)
        run = lambda key: self._run(key, mixture, count, size)  # noqa: E731
        theta, log_weights, last, steps = jax.lax.map(run, keys)
        kept = jnp.round(jnp.linspace(0, size - 1, -(-num // self.runs))).astype(int)
        drawn = jnp.swapaxes(theta[:, kept], 0, 1).reshape(-1, theta.shape[-1])[:num]
        bridged = size * self.bridge * jnp.sum(steps)
        zero, proposed = jnp.zeros(()), mixture.calls(count)
        calls = Calls(
            zero,
            self.runs * (proposed.likelihood + size * (1 + self.moves)) + bridged,
            zero,
            self.runs * proposed.network + bridged,
        )
        return Inverted(
            drawn,
            calls,
            theta,
            jnp.broadcast_to(last[:, :1] < 1, theta.shape[:2]),
            jnp.min(last, axis=0, keepdims=True),
            weigh(log_weights.reshape(-1))[1],
        )

    def verdict(self, task: TractableTask, inverted: Inverted) -> Verdict:
        """That of the runs, with what their first weights said."""
        judged = judge_runs(task, inverted)
        khat, ess, _ = (np.asarray(each).tolist() for each in inverted.weights)
        return judged._replace(numbers=judged.numbers | {"khat": khat, "ess": ess})

    def _run(self, key: PRNGKeyArray, mixture: Defensive, count: int, size: int):
        """Draws of one run, the log weights of its proposals, (temperature, acceptance) at the end, and the steps."""
        key_propose, key_first, key_bridge, key_last = jax.random.split(key, 4)
        bijection = biject_to(mixture.task.prior().support)

        def between(u: Array) -> tuple[Array, Array]:
            theta = bijection(u)
            log_q = mixture.log_prob(theta)
            jacobian = jnp.sum(bijection.log_abs_det_jacobian(u, theta))
            return log_q + jacobian, mixture.log_target(theta) - log_q

        def target(u: Array) -> Array:
            theta = bijection(u)
            jacobian = jnp.sum(bijection.log_abs_det_jacobian(u, theta))
            return mixture.log_target(theta) + jacobian

        proposals = mixture.propose(key_propose, count)
        log_weights = proposals.log_weights
        t, weights = next_temperature(log_weights, jnp.zeros(()), self.share * size)
        chosen = systematic(key_first, weights, size)
        u = bijection.inv(proposals.theta[chosen])
        jacobian = bijection.log_abs_det_jacobian(u, proposals.theta[chosen])
        log_base = proposals.log_proposal[chosen] + jnp.sum(jacobian.reshape(size, -1), axis=1)
        log_scale = first_log_scale(u.shape[-1])

        def unfinished(carry) -> Array:
            _, t, _, step = carry
            return (t < 1) & (step < self.max_temperatures)

        def advance(carry):
            particles, t, log_scale, step = carry
            key_move, key_resample = jax.random.split(jax.random.fold_in(key_bridge, step))
            particles, log_scale, _ = moved(
                key_move, jax.vmap(between), particles, t, log_scale, self.bridge
            )
            t, weights = next_temperature(particles.log_tilt, t, self.share * size)
            particles = particles.chosen(systematic(key_resample, weights, size))
            return particles, t, log_scale, step + 1

        start = Particles(u, log_base, log_weights[chosen])
        carry = (start, t, log_scale, 0)
        particles, t, log_scale, step = jax.lax.while_loop(unfinished, advance, carry)
        u, rate = evolved(key_last, jax.vmap(target), particles.u, self.moves)
        return bijection(u), log_weights, jnp.stack([t, rate]), step
