"""Many NUTS chains of NumPyro on any log density, warm-up included, as one function that compiles whole.

Hoffman and Gelman, The No-U-Turn Sampler, 2014; Phan, Pradhan and Jankowiak, 2019 (NumPyro).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray
from numpyro.infer import NUTS


class Chains(NamedTuple):
    """Every transition after the warm-up."""

    x: Float[Array, "chain step dim"]
    diverging: Bool[Array, "chain step"]
    gradients: Int[Array, ""]

    def thinned(self, num: int) -> Float[Array, "num dim"]:
        """`num` states, evenly spaced within every chain, chain after chain within a step."""
        chains, steps = self.diverging.shape
        kept = jnp.round(jnp.linspace(0, steps - 1, -(-num // chains))).astype(int)
        return jnp.swapaxes(self.x[:, kept], 0, 1).reshape(-1, self.x.shape[-1])[:num]


def run_chains(
    key: PRNGKeyArray,
    log_density: Callable[[Float[Array, " dim"]], Float[Array, ""]],
    start: Float[Array, "chain dim"],
    *,
    warmup: int,
    steps: int,
    max_tree_depth: int = 10,
    jump: Callable[[PRNGKeyArray, Float[Array, " dim"]], Float[Array, " dim"]] | None = None,
) -> Chains:
    """At most 2^max_tree_depth - 1 leapfrog steps a transition: abreast, all wait for the longest.

    `gradients` counts the leapfrog steps of all chains, warm-up included: one gradient each. `jump`, a Markov kernel
    that leaves the density as it is, moves a chain before every transition.
    """
    kernel = NUTS(potential_fn=lambda x: -log_density(x), max_tree_depth=max_tree_depth)

    def transition(state, _):
        if jump is not None:
            key, key_jump = jax.random.split(state.rng_key)
            moved = jump(key_jump, state.z)
            value, slope = jax.value_and_grad(log_density)(moved)
            state = state._replace(z=moved, potential_energy=-value, z_grad=-slope, rng_key=key)
        state = kernel.sample(state, (), {})
        return state, (state.z, state.diverging, state.num_steps + (jump is not None))

    def one_chain(key: PRNGKeyArray, start: Array) -> tuple[Array, Array, Array]:
        state = kernel.init(key, warmup, start, (), {})
        state, (_, _, before) = jax.lax.scan(transition, state, length=warmup)
        _, (x, diverging, after) = jax.lax.scan(transition, state, length=steps)
        return x, diverging, 1 + jnp.sum(before) + jnp.sum(after)

    x, diverging, gradients = jax.vmap(one_chain)(jax.random.split(key, len(start)), start)
    return Chains(x, diverging, jnp.sum(gradients))
