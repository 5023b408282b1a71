"""Langevin chains on any log density, unadjusted or with Metropolis's correction, as one function that compiles whole.

x' = x + eps^2 / 2 grad log p(x) + eps xi, with xi of N(0, I) (Roberts and Tweedie, Exponential convergence of Langevin
distributions, 1996). Unadjusted, what the chain converges to is off by an amount that grows with eps; corrected it is
p, and eps is found in the warm-up by the acceptance rate that serves best in many dimensions (Roberts and Rosenthal,
1998).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.samplers.nuts import Chains

ACCEPTANCE = 0.574
LEARNING = 0.6  # the step's logarithm moves by k^-LEARNING at warm-up transition k


def run_langevin(
    key: PRNGKeyArray,
    log_density: Callable[[Float[Array, " dim"]], Float[Array, ""]],
    start: Float[Array, "chain dim"],
    *,
    step: float,
    adjusted: bool,
    warmup: int,
    steps: int,
) -> Chains:
    """Each chain learns its own eps from `step` on where it is adjusted. A move to where p has no value is not made.

    `diverging` marks such a move of an unadjusted chain; a corrected one rejects it as it does others.
    """
    evaluate = jax.value_and_grad(log_density)

    def transition(carry, inputs):
        (x, log_p, slope), log_step = carry
        key, learning = inputs
        eps = jnp.exp(log_step)
        key_noise, key_accept = jax.random.split(key)
        noise = jax.random.normal(key_noise, x.shape, x.dtype)
        moved = x + eps**2 / 2 * slope + eps * noise
        new_log_p, new_slope = evaluate(moved)
        valid = jnp.isfinite(new_log_p) & jnp.isfinite(new_slope).all()
        back = (x - moved - eps**2 / 2 * new_slope) / eps
        log_ratio = new_log_p - log_p - (jnp.sum(back**2) - jnp.sum(noise**2)) / 2
        rate = jnp.where(valid, jnp.exp(jnp.minimum(log_ratio, 0.0)), 0.0)
        taken = valid
        if adjusted:
            taken = valid & (jax.random.uniform(key_accept, dtype=x.dtype) < rate)
            log_step = log_step + learning * (rate - ACCEPTANCE)
        now = jax.tree.map(
            lambda new, old: jnp.where(taken, new, old),
            (moved, new_log_p, new_slope),
            (x, log_p, slope),
        )
        return (now, log_step), (now[0], ~valid & (not adjusted))

    def one_chain(key: PRNGKeyArray, start: Array):
        keys = jax.random.split(key, warmup + steps)
        learning = (1 + jnp.arange(warmup, dtype=start.dtype)) ** -LEARNING
        carry = ((start, *evaluate(start)), jnp.log(jnp.asarray(step, start.dtype)))
        carry, _ = jax.lax.scan(transition, carry, (keys[:warmup], learning))
        _, (x, diverging) = jax.lax.scan(transition, carry, (keys[warmup:], jnp.zeros(steps)))
        return x, diverging

    x, diverging = jax.vmap(one_chain)(jax.random.split(key, len(start)), start)
    return Chains(x, diverging, jnp.asarray(len(start) * (1 + warmup + steps)))
