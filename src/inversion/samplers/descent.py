"""Gradient descent whose step length follows the slope's own change, and that never goes uphill.

Barzilai and Borwein, Two-point step size gradient methods, 1988. A step that would raise the objective is not taken,
and the next one is a quarter as long: no line search, so that a batch of them compiles to one loop.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

SHORTER, LONGER = 0.25, 2.0


def descend(
    objective: Callable[[Float[Array, " dim"]], Float[Array, ""]],
    x: Float[Array, " dim"],
    length: Float[Array, ""],
    steps: int,
) -> tuple[Float[Array, " dim"], Float[Array, ""]]:
    """Where `steps` steps lead, the first of `length` times the slope, and the next one's length.

    It takes steps + 1 gradients.
    """
    evaluate = jax.value_and_grad(objective)

    def step(carry, _):
        x, value, slope, length = carry
        moved = x - length * slope
        new_value, new_slope = evaluate(moved)
        lower = new_value <= value
        along, bent = moved - x, new_slope - slope
        curvature = jnp.sum(along * bent)
        found = jnp.sum(along**2) / jnp.where(curvature > 0, curvature, 1.0)
        following = jnp.where(curvature > 0, found, LONGER * length)
        carry = (
            jnp.where(lower, moved, x),
            jnp.where(lower, new_value, value),
            jnp.where(lower, new_slope, slope),
            jnp.where(lower, following, SHORTER * length),
        )
        return carry, None

    (x, _, _, length), _ = jax.lax.scan(step, (x, *evaluate(x), length), length=steps)
    return x, length
