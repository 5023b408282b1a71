"""The ledger: compiling apart, calls as counted, and the crossing of two lines."""

import time

import jax
import jax.numpy as jnp
import pytest

from inversion.cost import Calls, Cost, Ledger, break_even


def test_compiling_is_booked_apart():
    ledger = Ledger()
    with ledger.entry(Cost("t", "m", 0, 0, "train")) as entry:
        program = entry.compile(lambda x: jnp.linalg.eigh(x @ x.T)[0].sum(), jnp.ones((20, 20)))
        time.sleep(0.2)
        program(jnp.ones((20, 20)))
        entry.count(Calls(simulator=3))
        entry.count(Calls(simulator=4, gradient=1))
    row = ledger.rows[0]
    assert row.compile_s > 0.01
    assert 0.2 < row.wall_s < 0.2 + 0.1 + row.compile_s
    assert row.cpu_s < 0.15
    assert (row.simulator_calls, row.gradient_calls, row.likelihood_calls) == (7, 1, 0)


def test_what_the_cache_saved_counts_as_compiled():
    """JAX reports the saving as an event; here the traced function plays the cache."""
    saved = "/jax/compilation_cache/compile_time_saved_sec"

    def program(x):
        jax.monitoring.record_event_duration_secs(saved, 5.0)
        return x + 1

    ledger = Ledger()
    with ledger.entry(Cost("t", "m", 0, 0, "train")) as entry:
        entry.compile(program, jnp.ones(3))
    assert 5.0 < ledger.rows[0].compile_s < 8.0
    assert 0.0 <= ledger.rows[0].wall_s < 0.5


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((100.0, 0.0, 0.0, 2.0), 50.0),
        ((100.0, 1.0, 10.0, 2.0), 90.0),
        ((100.0, 2.0, 0.0, 2.0), float("inf")),
        ((100.0, 3.0, 0.0, 2.0), float("inf")),
        ((1.0, 1.0, 10.0, 2.0), 0.0),
        ((1.0, 2.0, 1.0, 2.0), 0.0),
    ],
)
def test_break_even(lines, expected):
    assert break_even(*lines) == expected
