"""Tempered sequential Monte Carlo: particles go from the prior to the posterior through p(theta) p(y | theta)^t.

Each t is as high as keeps the weights' effective size at a share of the particles (Jasra et al., 2011); then come
systematic resampling and random-walk Metropolis moves shaped by the particles' own covariance (Del Moral, Doucet and
Jasra, 2006). No gradient is asked for, and modes are held by as many particles as their mass deserves.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import biject_to

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.references.reference import AbstractReference
from inversion.samplers.convergence import judge_task
from inversion.tasks.task import TractableTask

ACCEPTANCE = 0.3  # aimed at by the scale of the moves
LOWEST = 0.1  # below that, at the last temperature, the moves have not spread the particles
WIDTH = 0.7  # each move's own scale is log-normal around the common one: modes may be narrower than all of them
BISECTIONS = 50


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
            return self._temper(key_run, jax.vmap(log_densities), start)

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
        judged = judge_task(task, np.asarray(inverted.chains), np.asarray(inverted.diverging))
        last = [record[~np.isnan(record[:, 1]), 1][-1] for record in np.asarray(inverted.residuals)]
        reasons = judged.reasons + [
            f"observation {at}: acceptance rate {rate:.3f}, below {LOWEST}"
            for at, rate in enumerate(last)
            if not rate >= LOWEST
        ]
        temperatures = [int((~np.isnan(r[:, 1])).sum()) for r in np.asarray(inverted.residuals)]
        more = {"acceptance": [float(rate) for rate in last], "temperatures": temperatures}
        return Verdict(not reasons, reasons, judged.numbers | more)

    def _temper(self, key: PRNGKeyArray, log_densities, start: Float[Array, "num dim"]):
        """Particles at the last temperature, a row (temperature, acceptance) for each, and how many there were."""

        def unfinished(carry) -> Array:
            *_, t, _, _, step = carry
            return (t < 1) & (step < self.max_temperatures)

        def advance(carry):
            u, log_prior, log_lik, t, log_scale, record, step = carry
            key_resample, key_move = jax.random.split(jax.random.fold_in(key, step))
            t, weights = _next_temperature(log_lik, t, self.share)
            chosen = _systematic(key_resample, weights)
            state = (u[chosen], log_prior[chosen], log_lik[chosen])
            factor = _factor(state[0])
            move = _mover(log_densities, factor, t)
            keys = jax.random.split(key_move, self.moves)
            (state, log_scale), accepted = jax.lax.scan(move, (state, log_scale), keys)
            record = record.at[step].set(jnp.array([t, jnp.mean(accepted)]))
            return *state, t, log_scale, record, step + 1

        record = jnp.full((self.max_temperatures, 2), jnp.nan)
        log_scale = jnp.log(2.38 / start.shape[-1] ** 0.5)
        carry = (start, *log_densities(start), 0.0, log_scale, record, 0)
        u, *_, record, step = jax.lax.while_loop(unfinished, advance, carry)
        return u, record, step


def _next_temperature(
    log_lik: Float[Array, " num"], t: Float[Array, ""], share: float
) -> tuple[Array, Float[Array, " num"]]:
    """The highest temperature that leaves an effective size of `share`, by bisection, and the weights on the way."""

    def weights(step: Array) -> Array:
        return jax.nn.softmax(jnp.where(jnp.isfinite(log_lik), step * log_lik, -jnp.inf))

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        enough = 1 / jnp.sum(weights(middle) ** 2) >= share * len(log_lik)
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    whole = 1 / jnp.sum(weights(1 - t) ** 2) >= share * len(log_lik)
    _, found = jax.lax.fori_loop(0, BISECTIONS, halve, (0.0 * t, 1 - t))
    step = jnp.where(whole, 1 - t, found)
    return jnp.where(whole, 1.0, t + step), weights(step)


def _systematic(key: PRNGKeyArray, weights: Float[Array, " num"]) -> Array:
    """Indices, each as often as its weight says but for less than one; what follows one another stays together."""
    num = len(weights)
    places = (jnp.arange(num) + jax.random.uniform(key, dtype=weights.dtype)) / num
    return jnp.minimum(jnp.searchsorted(jnp.cumsum(weights), places), num - 1)


def _factor(u: Float[Array, "num dim"]) -> Float[Array, "dim dim"]:
    """The Cholesky factor of the particles' covariance."""
    covariance = jnp.atleast_2d(jnp.cov(u, rowvar=False))
    return jnp.linalg.cholesky(covariance + 1e-9 * jnp.diag(jnp.diag(covariance)))


def _mover(log_densities, factor: Float[Array, "dim dim"], t: Float[Array, ""]):
    """One Metropolis move of all particles, for `scan`; the scale learns from the acceptance rate."""

    def move(carry, key: PRNGKeyArray):
        (u, log_prior, log_lik), log_scale = carry
        key_noise, key_width, key_accept = jax.random.split(key, 3)
        width = jnp.exp(log_scale + WIDTH * jax.random.normal(key_width, (len(u), 1), u.dtype))
        proposed = u + width * jax.random.normal(key_noise, u.shape, u.dtype) @ factor.T
        new_prior, new_lik = log_densities(proposed)
        ratio = new_prior - log_prior + t * (new_lik - log_lik)
        accepted = jnp.log(jax.random.uniform(key_accept, ratio.shape, u.dtype)) < ratio
        state = jax.tree.map(
            lambda new, old: jnp.where(accepted[:, None] if new.ndim > 1 else accepted, new, old),
            (proposed, new_prior, new_lik),
            (u, log_prior, log_lik),
        )
        rate = jnp.mean(accepted)
        return (state, log_scale + (rate - ACCEPTANCE)), rate

    return move
