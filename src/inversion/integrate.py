"""Ordinary differential equations dx/dt = f(t, x) for a whole batch at once: explicit Runge-Kutta methods.

Fixed steps: Euler, midpoint, Heun. Adaptive: Tsitouras, 2011, table 1 (5th order, embedded 4th), with the step-size
control of Hairer, Norsett and Wanner, 1993, section II.4. One step size serves the batch, so that one program does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

State = Any  # an array, or a tree of arrays
Field = Callable[[Array, State], State]


class Tableau(NamedTuple):
    """Butcher's: stage i is evaluated at t + nodes[i] h, from the stages before it with weights stages[i]."""

    nodes: tuple[float, ...]
    stages: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]


METHODS = {
    "euler": Tableau((0.0,), ((),), (1.0,)),
    "midpoint": Tableau((0.0, 0.5), ((), (0.5,)), (0.0, 1.0)),
    "heun": Tableau((0.0, 1.0), ((), (1.0,)), (0.5, 0.5)),
}
TSIT5 = Tableau(
    (0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0),
    (
        (),
        (0.161,),
        (-0.008480655492356989, 0.335480655492357),
        (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
        (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
        (
            5.86145544294642,
            -12.92096931784711,
            8.159367898576159,
            -0.071584973281401,
            -0.028269050394068383,
        ),
        (
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
        ),
    ),
    (
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
        0.0,
    ),
)
# The 5th-order weights less the 4th-order ones.
TSIT5_ERROR = (
    -0.00178001105222577714,
    -0.0008164344596567469,
    0.007880878010261995,
    -0.1447110071732629,
    0.5823571654525552,
    -0.45808210592918697,
    0.015151515151515152,
)
SAFETY, LEAST, MOST = 0.9, 0.2, 10.0  # of the factor from one step size to the next


class Solution(NamedTuple):
    """The state at the end, and how often the field was evaluated for it; NaN where `max_steps` did not do."""

    state: State
    evaluations: Int[Array, ""]


def solve(
    field: Field,
    state: State,
    start: float,
    stop: float,
    *,
    method: str = "tsit5",
    steps: int = 100,
    rtol: float = 1e-4,
    atol: float = 1e-6,
) -> Solution:
    """From `start` to `stop`, either way: `tsit5` by tolerance in at most `steps`, others in `steps` equal ones."""
    if method == "tsit5":
        return adaptive(field, state, start, stop, rtol=rtol, atol=atol, max_steps=steps)
    if method not in METHODS:
        raise ValueError(
            f"Expected a solver among {', '.join((*METHODS, 'tsit5'))}; got {method!r}."
        )
    return fixed(field, state, start, stop, METHODS[method], steps)


def fixed(
    field: Field, state: State, start: float, stop: float, tableau: Tableau, steps: int
) -> Solution:
    """`steps` equal steps."""
    size = (stop - start) / steps

    def step(state: State, number: Array) -> tuple[State, None]:
        slopes = _stages(field, start + number * size, state, size, tableau, ())
        return _moved(state, size, tableau.weights, slopes), None

    state, _ = jax.lax.scan(step, state, jnp.arange(steps))
    return Solution(state, jnp.asarray(steps * len(tableau.nodes)))


def adaptive(
    field: Field,
    state: State,
    start: float,
    stop: float,
    *,
    rtol: float,
    atol: float,
    max_steps: int,
) -> Solution:
    """Steps such that the root mean square of the error over `atol + rtol |x|`, over the whole batch, is below 1."""
    start, stop = (jnp.asarray(t, _dtype(state)) for t in (start, stop))
    first = field(start, state)
    scale = jax.tree.map(lambda x: atol + rtol * jnp.abs(x), state)
    size = _first_step(field, start, stop, state, first, scale)

    def unfinished(carry) -> Array:
        time, _, _, _, count = carry
        return (time != stop) & (count < max_steps)

    def step(carry):
        time, state, slope, size, count = carry
        last = jnp.abs(size) >= jnp.abs(stop - time)
        used = jnp.where(last, stop - time, size)
        slopes = _stages(field, time, state, used, TSIT5, (slope,))
        moved = _moved(state, used, TSIT5.weights, slopes)
        error = _combined(used, TSIT5_ERROR, slopes)
        bound = jax.tree.map(
            lambda x, y: atol + rtol * jnp.maximum(jnp.abs(x), jnp.abs(y)), state, moved
        )
        size_of_error = _rms(error, bound)
        good = size_of_error <= 1.0  # and not NaN
        factor = SAFETY * jnp.maximum(size_of_error, 1e-10) ** -0.2
        factor = jnp.clip(jnp.where(jnp.isfinite(factor), factor, LEAST), LEAST, MOST)
        factor = jnp.where(good, factor, jnp.minimum(factor, 1.0))
        keep = lambda new, old: jnp.where(good, new, old)  # noqa: E731
        time = keep(jnp.where(last, stop, time + used), time)
        state = jax.tree.map(keep, moved, state)
        slope = jax.tree.map(keep, slopes[-1], slope)
        return time, state, slope, used * factor, count + 1

    carry = (start, state, first, size, jnp.zeros((), jnp.int32))
    time, state, _, _, count = jax.lax.while_loop(unfinished, step, carry)
    state = jax.tree.map(lambda x: jnp.where(time == stop, x, jnp.nan), state)
    return Solution(state, 2 + (len(TSIT5.nodes) - 1) * count)


def _stages(
    field: Field, time: Array, state: State, size: Array, tableau: Tableau, slopes: tuple
) -> tuple[State, ...]:
    """The slopes at all nodes; those that are known already are given."""
    for node, weights in list(zip(tableau.nodes, tableau.stages, strict=True))[len(slopes) :]:
        at = _moved(state, size, weights, slopes) if weights else state
        slopes = (*slopes, field(time + node * size, at))
    return slopes


def _combined(size: Array, weights: tuple[float, ...], slopes: tuple) -> State:
    used = [(weight, slope) for weight, slope in zip(weights, slopes) if weight]
    factors = [weight for weight, _ in used]
    return jax.tree.map(
        lambda *leaves: size * sum(w * leaf for w, leaf in zip(factors, leaves)),
        *(slope for _, slope in used),
    )


def _moved(state: State, size: Array, weights: tuple[float, ...], slopes: tuple) -> State:
    return jax.tree.map(jnp.add, state, _combined(size, weights, slopes))


def _first_step(
    field: Field, start: Array, stop: Array, state: State, slope: State, scale: State
) -> Float[Array, ""]:
    """Hairer, Norsett and Wanner, 1993, section II.4, for an error of 5th order."""
    way = jnp.sign(stop - start)
    size_of_state, size_of_slope = _rms(state, scale), _rms(slope, scale)
    rough = (size_of_state < 1e-5) | (size_of_slope < 1e-5)
    guess = jnp.where(rough, 1e-6, 0.01 * size_of_state / jnp.maximum(size_of_slope, 1e-12))
    guess = jnp.minimum(guess, jnp.abs(stop - start))
    ahead = field(start + way * guess, _moved(state, way * guess, (1.0,), (slope,)))
    bend = _rms(jax.tree.map(jnp.subtract, ahead, slope), scale) / guess
    largest = jnp.maximum(size_of_slope, bend)
    better = jnp.where(largest <= 1e-15, jnp.maximum(1e-6, 1e-3 * guess), (0.01 / largest) ** 0.2)
    return way * jnp.minimum(jnp.minimum(100 * guess, better), jnp.abs(stop - start))


def _rms(values: State, scale: State) -> Float[Array, ""]:
    squares = jax.tree.map(lambda v, s: (v / s) ** 2, values, scale)
    leaves = jax.tree.leaves(squares)
    return jnp.sqrt(sum(jnp.sum(leaf) for leaf in leaves) / sum(leaf.size for leaf in leaves))


def _dtype(state: State):
    return jnp.result_type(*jax.tree.leaves(state))
