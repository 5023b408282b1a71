"""Solvers of differential equations: the order of each, the tolerance kept, and there and back again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.integrate import METHODS, TSIT5, adaptive, fixed, solve


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def spiral(t, x):
    """Turns and grows, with a coefficient that depends on t; the exact solution is known."""
    turned = jnp.stack([-x[..., 1], x[..., 0]], axis=-1)
    return jnp.cos(t) * x + 2 * turned


def exact(x, t):
    c, s = jnp.cos(2 * t), jnp.sin(2 * t)
    turned = jnp.stack([c * x[..., 0] - s * x[..., 1], s * x[..., 0] + c * x[..., 1]], axis=-1)
    return jnp.exp(jnp.sin(t)) * turned


START = jnp.array([[1.0, 0.0], [0.3, -2.0], [0.0, 0.5]], float)


@pytest.mark.parametrize(
    ("method", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2), ("tsit5", 5)]
)
def test_order(method, order):
    tableau = METHODS.get(method, TSIT5)
    start = jnp.asarray(np.asarray(START), jnp.float64)
    errors = [
        float(jnp.abs(fixed(spiral, start, 0.0, 1.5, tableau, n).state - exact(start, 1.5)).max())
        for n in (40, 80)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
def test_tolerance_is_kept_and_work_follows_it(rtol):
    start = jnp.asarray(np.asarray(START), jnp.float64)
    found = solve(spiral, start, 0.0, 3.0, rtol=rtol, atol=rtol)
    error = jnp.abs(found.state - exact(start, 3.0)).max()
    assert error < 30 * rtol
    assert error > rtol / 1e4, "far more work than was asked for"
    assert found.evaluations < 60 * rtol**-0.2


def test_there_and_back():
    start = jnp.asarray(np.asarray(START), jnp.float64)
    there = solve(spiral, start, 0.0, 2.0, rtol=1e-9, atol=1e-9).state
    back = solve(spiral, there, 2.0, 0.0, rtol=1e-9, atol=1e-9).state
    np.testing.assert_allclose(back, start, atol=1e-7)


def test_a_tree_is_solved_like_its_parts():
    start = jnp.asarray(np.asarray(START), jnp.float64)
    both = solve(
        lambda t, s: (spiral(t, s[0]), jnp.cos(t) * s[1]),
        (start, jnp.ones(3)),
        0.0,
        1.0,
        rtol=1e-8,
        atol=1e-8,
    )
    np.testing.assert_allclose(both.state[0], exact(start, 1.0), atol=1e-6)
    np.testing.assert_allclose(both.state[1], jnp.exp(jnp.sin(1.0)), atol=1e-6)


def test_too_few_steps_give_no_number():
    found = adaptive(spiral, START, 0.0, 50.0, rtol=1e-9, atol=1e-9, max_steps=5)
    assert jnp.isnan(found.state).all()


def test_evaluations_are_counted():
    calls = []

    def field(t, x):
        jax.debug.callback(lambda: calls.append(1))
        return -x

    found = jax.block_until_ready(solve(field, START, 0.0, 1.0))
    jax.effects_barrier()
    assert len(calls) == found.evaluations


def test_an_unknown_solver_is_named():
    with pytest.raises(ValueError, match="Expected a solver among euler, midpoint, heun, tsit5"):
        solve(spiral, START, 0.0, 1.0, method="rk4")
