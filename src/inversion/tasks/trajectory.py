"""What solves a differential equation, at given times and with its derivative, by diffrax (Kidger, 2021).

The derivative is the Jacobian that forward mode carries along, a tangent a parameter: with the two or four parameters
of the tasks here it costs less than running backwards, and what asks for a gradient gets it from the Jacobian.
"""

from collections.abc import Callable

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

RTOL = ATOL = 1e-6
MAX_STEPS = 10_000


def trajectory(
    field: Callable[[Array, Float[Array, " state"], Float[Array, " dim"]], Float[Array, " state"]],
    theta: Float[Array, " dim"],
    start: Float[Array, " state"],
    times: Float[Array, " times"],
) -> Float[Array, "times state"]:
    """The state at `times`, the first of them that of `start`, moved by d state / dt = field(t, state, theta).

    Tsitouras' method of 5th order; what `MAX_STEPS` steps do not reach is NaN.
    """

    def solve(theta: Array) -> Array:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            diffrax.Tsit5(),
            t0=times[0],
            t1=times[-1],
            dt0=None,
            y0=start,
            args=theta,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=ATOL),
            adjoint=diffrax.ForwardMode(),
            max_steps=MAX_STEPS,
            throw=False,
        )
        return jnp.where(jnp.isfinite(solution.ys), solution.ys, jnp.nan)

    differentiable = jax.custom_jvp(solve)

    @differentiable.defjvp
    def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        def twice(theta: Array) -> tuple[Array, Array]:
            states = solve(theta)
            return states, states

        jacobian, states = jax.jacfwd(twice, has_aux=True)(*primals)
        return states, jacobian @ tangents[0]

    return differentiable(theta)
