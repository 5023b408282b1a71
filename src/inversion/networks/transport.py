"""Which noise goes with which theta: optimal transport between the two halves of a batch, by Sinkhorn's iteration.

Cuturi, 2013; for flow matching Pooladian et al., 2023, and Tong et al., 2024. A transport that does not see the
condition pairs a theta with noise from its own corner of the space whatever the condition is, so that noise and
condition are no longer independent, as sampling takes them to be: the posterior is lost. Cheng and Schwing, 2025,
mend it by a cost of moving between conditions; here its weight is set so that a given share of the batch is near.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

ABSORBED = 10
TINY = 1e-30
DOUBLINGS, BISECTIONS = 20, 12  # of the weight of the condition, from 1 upwards


def sinkhorn(
    cost: Float[Array, "n n"], *, regularisation: float, iterations: int, tolerance: float = 1e-5
) -> Float[Array, "n n"]:
    """The logarithm of the entropic plan between two uniform marginals of n points; each row sums to 1 / n.

    The scalings are taken into the kernel after every ABSORBED iterations (Schmitzer, 2019, section 3.1), so that
    in between an iteration is two products with a matrix, and nothing overflows however small the regularisation.
    """
    kernel = -cost / regularisation
    share = 1.0 / len(cost)

    def unfinished(carry) -> Array:
        _, _, change, count = carry
        return (change > tolerance) & (count < iterations)

    def absorb(carry):
        rows, columns, _, count = carry
        plan = jnp.exp(kernel + rows[:, None] + columns)

        def iterate(_, scalings: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            of_rows, _, _ = scalings
            of_columns = share / jnp.maximum(of_rows @ plan, TINY)
            return share / jnp.maximum(plan @ of_columns, TINY), of_columns, of_rows

        ones = jnp.ones_like(rows)
        new, of_columns, old = jax.lax.fori_loop(0, ABSORBED, iterate, (ones, ones, ones))
        change = jnp.max(jnp.abs(jnp.log(new / old)))
        return rows + jnp.log(new), columns + jnp.log(of_columns), change, count + ABSORBED

    rows = -jnp.max(kernel, axis=1)
    columns = -jnp.max(kernel + rows[:, None], axis=0)
    start = (rows, columns, jnp.asarray(jnp.inf, cost.dtype), jnp.zeros((), jnp.int32))
    rows, columns, _, _ = jax.lax.while_loop(unfinished, absorb, start)
    return kernel + rows[:, None] + columns


def pair(
    key: PRNGKeyArray,
    noise: Float[Array, "n dim"],
    theta: Float[Array, "n dim"],
    condition: Float[Array, "n context"] | None,
    *,
    regularisation: float = 0.1,
    iterations: int = 100,
    near: float = 0.01,
) -> Int[Array, " n"]:
    """For each noise the number of the theta (and condition) that it goes with, drawn from the plan.

    With `condition` the cost of a pair grows with the squared distance between the condition of the theta
    and that which the noise came with, weighted so that the share `near` of the pairs costs no more than
    the pairs as they came.
    """
    cost = _squared_distances(noise, theta)
    if condition is not None:
        cost = cost + _weight(cost, _squared_distances(condition, condition), near)
    plan = sinkhorn(
        jax.lax.stop_gradient(cost), regularisation=regularisation, iterations=iterations
    )
    return jax.random.categorical(key, plan, axis=1)


def _weight(
    cost: Float[Array, "n n"], apart: Float[Array, "n n"], near: float
) -> Float[Array, "n n"]:
    """`apart` times the smallest weight, by doubling and bisection, that leaves a share of at most `near`."""
    own = jnp.diagonal(cost)[:, None]
    share = lambda weight: jnp.mean(cost + weight * apart <= own)  # noqa: E731

    def double(_, weight: Array) -> Array:
        return jnp.where(share(weight) > near, 2 * weight, weight)

    def halve(_, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        enough = share(middle) <= near
        return jnp.where(enough, low, middle), jnp.where(enough, middle, high)

    high = jax.lax.fori_loop(0, DOUBLINGS, double, jnp.ones((), cost.dtype))
    _, high = jax.lax.fori_loop(0, BISECTIONS, halve, (jnp.zeros_like(high), high))
    return high * apart


def _squared_distances(a: Float[Array, "n dim"], b: Float[Array, "m dim"]) -> Float[Array, "n m"]:
    return jnp.sum((a[:, None] - b[None]) ** 2, axis=-1)
