"""Differential evolution Markov chains: each particle moves along the difference of two others.

ter Braak, A Markov chain Monte Carlo version of the genetic algorithm differential evolution, 2006. The differences
have the shape of the target, and one between two modes carries a particle from mode to mode. Half of the particles
move at a time, along differences within the other half, which leaves the target of both as it is.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

JUMPS = 0.3  # the share of moves by a whole difference, from mode to mode
WIDTH = 1.0  # the others are scaled log-normally: modes may be narrower than the differences between them
NOISE = 1e-3  # of a difference: what leads out of the particles' span


def evolved(
    key: PRNGKeyArray,
    log_density: Callable[[Float[Array, "half dim"]], Float[Array, " half"]],
    u: Float[Array, "num dim"],
    moves: int,
) -> tuple[Float[Array, "num dim"], Float[Array, ""]]:
    """The particles, an even number of them, after `moves` moves each, and the last move's acceptance rate."""
    scale = 2.38 / (2 * u.shape[-1]) ** 0.5

    def propose(key: PRNGKeyArray, u: Array, others: Array) -> Array:
        key_pair, key_jump, key_scale, key_noise = jax.random.split(key, 4)
        first, second = jax.random.randint(key_pair, (2, len(u)), 0, len(others))
        step = others[first] - others[second]
        jump = jax.random.bernoulli(key_jump, JUMPS, (len(u), 1))
        short = scale * jnp.exp(WIDTH * (jax.random.normal(key_scale, (len(u), 1)) - 1))
        noise = jax.random.normal(key_noise, u.shape) * jnp.std(others, axis=0)
        return u + jnp.where(jump, 1.0, short) * (step + NOISE * noise)

    def half(key: PRNGKeyArray, moving: tuple[Array, Array], others: Array):
        key_propose, key_accept = jax.random.split(key)
        u, log_p = moving
        new = propose(key_propose, u, others)
        new_log_p = log_density(new)
        accepted = jnp.log(jax.random.uniform(key_accept, log_p.shape)) < new_log_p - log_p
        u = jnp.where(accepted[:, None], new, u)
        return (u, jnp.where(accepted, new_log_p, log_p)), jnp.mean(accepted)

    def move(carry, key: PRNGKeyArray):
        first, second = carry
        key_first, key_second = jax.random.split(key)
        first, rate = half(key_first, first, second[0])
        second, other = half(key_second, second, first[0])
        return (first, second), (rate + other) / 2

    start = tuple((part, log_density(part)) for part in (u[0::2], u[1::2]))
    ((first, _), (second, _)), rates = jax.lax.scan(move, start, jax.random.split(key, moves))
    return jnp.stack([first, second], axis=1).reshape(u.shape), rates[-1]
