"""What estimators that carry noise to theta share: draws in parts, the density of an ODE's image, even shares."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.integrate import solve

PART = 500  # draws at a time: what a network makes of them stays in the cache


def from_noise(
    key_noise: PRNGKeyArray,
    key: PRNGKeyArray,
    carry: Callable[[Float[Array, "part dim"], PRNGKeyArray], Float[Array, "part dim"]],
    num: int,
    dim: int,
) -> Float[Array, "num dim"]:
    """`num` draws of N(0, I), carried some hundreds at a time."""
    parts = -(-num // PART)
    size = -(-num // parts)
    noise = jax.random.normal(key_noise, (parts, size, dim))
    if parts == 1:
        return carry(noise[0], key)
    inputs = (noise, jax.random.split(key, parts))
    return jax.lax.map(lambda pair: carry(*pair), inputs).reshape(-1, dim)[:num]


def in_parts(
    carry: Callable[[Float[Array, "part dim"]], Float[Array, "part dim"]],
    z: Float[Array, "num dim"],
    size: int = PART,
) -> Float[Array, "num dim"]:
    """`carry` of each row of z, at most `size` of them at a time."""
    num = len(z)
    parts = -(-num // size)
    if parts <= 1:
        return carry(z)
    size = -(-num // parts)
    padded = jnp.pad(z, ((0, parts * size - num), (0, 0)))
    return jax.lax.map(carry, padded.reshape(parts, size, -1)).reshape(parts * size, -1)[:num]


def log_density(
    field: Callable[[Array, Array], Array],
    x: Float[Array, " dim"],
    start: Float[Array, ""] | float,
    stop: Float[Array, ""] | float,
    *,
    method: str = "tsit5",
    steps: int = 1000,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    directions: Float[Array, "probes dim"] | None = None,
) -> Float[Array, ""]:
    """The density at x of what dx/dt = field(t, x) makes, from `stop` back to `start`, of N(0, I).

    Chen et al., 2018, equation 8. The divergence is the sum over `directions` of d . J d: over the axes it is
    exact, over random ones Hutchinson's estimate.
    """
    if directions is None:
        directions = jnp.eye(len(x), dtype=x.dtype)

    def with_divergence(t: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        velocity, along = jax.linearize(lambda x: field(t, x), state[0])
        return velocity, jnp.sum(directions * jax.vmap(along)(directions))

    state = (x, jnp.zeros((), x.dtype))
    given = {"method": method, "steps": steps, "rtol": rtol, "atol": atol}
    noise, change = solve(with_divergence, state, start, stop, **given).state
    return change - 0.5 * jnp.sum(noise**2 + jnp.log(2 * jnp.pi))


def stratified(key: PRNGKeyArray, num: int, dtype) -> Float[Array, " num"]:
    """Shares in (0, 1), spread evenly from one random start, each of them uniform."""
    shares = (jax.random.uniform(key, (), dtype) + jnp.arange(num, dtype=dtype) / num) % 1.0
    return jnp.clip(shares, 1e-6, 1 - 1e-6)
