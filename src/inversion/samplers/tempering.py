"""Tempered sequential Monte Carlo: particles go from a base density through base x tilt^t, t from 0 to 1.

Each t is as high as keeps the weights' effective size at a share of the particles (Jasra et al., 2011); then come
systematic resampling and random-walk Metropolis moves shaped by the particles' own covariance (Del Moral, Doucet and
Jasra, 2006). No gradient is asked for, and modes are held by as many particles as their mass deserves.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

ACCEPTANCE = 0.3  # aimed at by the scale of the moves
LOWEST = 0.1  # below that, at the last temperature, the moves have not spread the particles
WIDTH = 0.7  # each move's own scale is log-normal around the common one: modes may be narrower than all of them
BISECTIONS = 50


class Particles(NamedTuple):
    """Where particles are, with the logs of the base density and of the tilt there."""

    u: Float[Array, "num dim"]
    log_base: Float[Array, " num"]
    log_tilt: Float[Array, " num"]

    def chosen(self, indices: Array) -> "Particles":
        """Those of `indices`."""
        return Particles(*(leaf[indices] for leaf in self))


LogDensities = Callable[[Float[Array, "num dim"]], tuple[Array, Array]]


def temper(
    key: PRNGKeyArray,
    log_densities: LogDensities,
    start: Particles,
    *,
    moves: int,
    share: float,
    max_temperatures: int,
) -> tuple[Particles, Float[Array, "temperature 2"], Array]:
    """Particles at the last temperature, a row (temperature, acceptance) for each, and how many there were."""

    def unfinished(carry) -> Array:
        _, t, _, _, step = carry
        return (t < 1) & (step < max_temperatures)

    def advance(carry):
        particles, t, log_scale, record, step = carry
        key_resample, key_move = jax.random.split(jax.random.fold_in(key, step))
        t, weights = next_temperature(particles.log_tilt, t, share * len(particles.u))
        particles = particles.chosen(systematic(key_resample, weights, len(weights)))
        particles, log_scale, rate = moved(key_move, log_densities, particles, t, log_scale, moves)
        record = record.at[step].set(jnp.array([t, rate]))
        return particles, t, log_scale, record, step + 1

    record = jnp.full((max_temperatures, 2), jnp.nan)
    carry = (start, 0.0, first_log_scale(start.u.shape[-1]), record, 0)
    particles, _, _, record, step = jax.lax.while_loop(unfinished, advance, carry)
    return particles, record, step


def first_log_scale(dim: int) -> Float[Array, ""]:
    """Of random-walk moves: best for a Gaussian of many dimensions (Roberts, Gelman and Gilks, 1997)."""
    return jnp.log(2.38 / dim**0.5)


def next_temperature(
    log_tilt: Float[Array, " num"], t: Float[Array, ""], least: float
) -> tuple[Array, Float[Array, " num"]]:
    """The highest temperature that leaves an effective size of `least`, by bisection, and the weights on the way."""

    def weights(step: Array) -> Array:
        return jax.nn.softmax(jnp.where(jnp.isfinite(log_tilt), step * log_tilt, -jnp.inf))

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        enough = 1 / jnp.sum(weights(middle) ** 2) >= least
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    whole = 1 / jnp.sum(weights(1 - t) ** 2) >= least
    _, found = jax.lax.fori_loop(0, BISECTIONS, halve, (0.0 * t, 1 - t))
    step = jnp.where(whole, 1 - t, found)
    return jnp.where(whole, 1.0, t + step), weights(step)


def systematic(key: PRNGKeyArray, weights: Float[Array, " num"], count: int) -> Array:
    """`count` indices, each as often as its weight says but for less than one; copies stand next to each other."""
    places = (jnp.arange(count) + jax.random.uniform(key, dtype=weights.dtype)) / count
    return jnp.minimum(jnp.searchsorted(jnp.cumsum(weights), places), len(weights) - 1)


def moved(
    key: PRNGKeyArray,
    log_densities: LogDensities,
    particles: Particles,
    t: float | Float[Array, ""],
    log_scale: Float[Array, ""],
    moves: int,
) -> tuple[Particles, Float[Array, ""], Float[Array, ""]]:
    """The particles after `moves` Metropolis moves at one temperature, the log scale now, and the acceptance rate."""
    move = _mover(log_densities, _factor(particles.u), t)
    keys = jax.random.split(key, moves)
    (particles, log_scale), accepted = jax.lax.scan(move, (particles, log_scale), keys)
    return particles, log_scale, jnp.mean(accepted)


def _factor(u: Float[Array, "num dim"]) -> Float[Array, "dim dim"]:
    """The Cholesky factor of the particles' covariance."""
    covariance = jnp.atleast_2d(jnp.cov(u, rowvar=False))
    return jnp.linalg.cholesky(covariance + 1e-9 * jnp.diag(jnp.diag(covariance)))


def _mover(log_densities: LogDensities, factor: Float[Array, "dim dim"], t: Float[Array, ""]):
    """One Metropolis move of all particles, for `scan`; the scale learns from the acceptance rate."""

    def move(carry, key: PRNGKeyArray):
        particles, log_scale = carry
        u = particles.u
        key_noise, key_width, key_accept = jax.random.split(key, 3)
        width = jnp.exp(log_scale + WIDTH * jax.random.normal(key_width, (len(u), 1), u.dtype))
        proposed = u + width * jax.random.normal(key_noise, u.shape, u.dtype) @ factor.T
        proposed = Particles(proposed, *log_densities(proposed))
        tilt = t * (proposed.log_tilt - particles.log_tilt)
        ratio = proposed.log_base - particles.log_base + tilt
        accepted = jnp.log(jax.random.uniform(key_accept, ratio.shape, u.dtype)) < ratio
        particles = jax.tree.map(
            lambda new, old: jnp.where(accepted[:, None] if new.ndim > 1 else accepted, new, old),
            proposed,
            particles,
        )
        rate = jnp.mean(accepted)
        return (particles, log_scale + (rate - ACCEPTANCE)), rate

    return move
