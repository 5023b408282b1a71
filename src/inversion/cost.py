"""The ledger of cost: seconds, compile apart, and calls of what a method has to evaluate."""

import resource
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from inversion.compiling import options


class Calls(NamedTuple):
    """How often a method evaluated the simulator, the likelihood, its gradient, or a network.

    One call is one theta; a gradient counts as a gradient alone, not as a likelihood besides.
    """

    simulator: float = 0
    likelihood: float = 0
    gradient: float = 0
    network: float = 0


@dataclass(frozen=True)
class Cost:
    """One row of costs.csv. cpu_s and wall_s leave compiling out; compile_s is wall seconds.

    What the compilation cache saved is counted as if it had been compiled, to the whole second that
    the cache keeps: a cost must not depend on what this machine has run before.
    """

    task: str
    method: str
    budget: int
    seed: int
    verb: str
    panel: str = ""
    observations: int = 0
    draws: int = 0
    compile_s: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    simulator_calls: int = 0
    likelihood_calls: int = 0
    gradient_calls: int = 0
    network_calls: int = 0
    peak_mb: float = 0.0


@dataclass
class Ledger:
    """Rows of cost, filled by `with ledger.entry(row) as entry:` around the work of each."""

    rows: list[Cost] = field(default_factory=list)

    @contextmanager
    def entry(self, row: Cost):
        entry = Entry(row)
        wall, cpu = time.perf_counter(), time.process_time()
        yield entry
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        calls = entry.calls
        self.rows.append(
            replace(
                entry.row,
                compile_s=entry.compile_s,
                wall_s=wall - entry.wall_apart_s,
                cpu_s=cpu - entry.cpu_apart_s,
                simulator_calls=int(calls.simulator),
                likelihood_calls=int(calls.likelihood),
                gradient_calls=int(calls.gradient),
                network_calls=int(calls.network),
                peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            )
        )

    def as_rows(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]


class Entry:
    """One piece of work under measurement."""

    def __init__(self, row: Cost) -> None:
        self.row = row
        self.calls = Calls()
        self.compile_s = 0.0
        self.wall_apart_s = 0.0
        self.cpu_apart_s = 0.0

    def count(self, calls: Calls) -> None:
        """Add calls to the row."""
        self.calls = Calls(*(a + float(b) for a, b in zip(self.calls, calls, strict=True)))

    def compile(self, function: Callable, *arguments: Any, quick: bool = False) -> Callable:
        """`function` compiled for `arguments`, its seconds booked; `quick` where it does not run for long."""
        import jax

        _listen()
        wall, cpu, saved = time.perf_counter(), time.process_time(), sum(_saved_s)
        compiled = (
            jax.jit(function).lower(*arguments).compile(compiler_options=options(quick=quick))
        )
        self.compile_s += time.perf_counter() - wall + sum(_saved_s) - saved
        self.wall_apart_s += time.perf_counter() - wall
        self.cpu_apart_s += time.process_time() - cpu
        return compiled


def break_even(
    upfront_s: float, each_s: float, against_upfront_s: float, against_each_s: float
) -> float:
    """The number of observations from which on the first method is the cheaper; 0 at once, `inf` never.

    upfront + n each < against_upfront + n against_each for all n above the crossing of the two lines.
    """
    more, saved = upfront_s - against_upfront_s, against_each_s - each_s
    if saved > 0:
        return max(0.0, more / saved)
    return 0.0 if more <= 0 and saved == 0 else float("inf")


_saved_s: list[float] = []  # by the compilation cache, each time that it was hit


@cache
def _listen() -> None:
    """Ask JAX, once, to report what its compilation cache saves."""
    import jax

    def on_duration(event: str, seconds: float, **_: Any) -> None:
        if event == "/jax/compilation_cache/compile_time_saved_sec":
            _saved_s.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(on_duration)
