"""Run one chunk of a black-box simulator: a pair that fails, or is not finite, is counted and left out."""

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from inversion.cli.command import Command
from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs
from inversion.records import Record

LOST = ("exception", "exit", "timeout", "shape", "not_finite")  # why a pair was left out


@dataclass(frozen=True)
class Chunk(Record):
    """The pairs of one chunk that came out whole, and how many were lost for each reason in LOST."""

    theta: Float[np.ndarray, "n dim"]
    y: Float[np.ndarray, "n *event"]
    lost: Int[np.ndarray, " reasons"]


class Lost(Exception):
    """A pair without a y, with the reason and what was said."""

    def __init__(self, reason: str, said: object) -> None:
        lines = [line for line in str(said).splitlines() if line.strip()]
        super().__init__(f"{reason}: {lines[-1].strip() if lines else 'without a word'}")
        self.reason = reason


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "root_seed", "task", "task_entry", "chunk")
    configure_jax(double=True)
    from inversion.cost import Calls, Cost, Ledger
    from inversion.tasks import make_task
    from inversion.tasks.outside import chunk_of

    task, panel = make_task(cell["task_entry"]), cell.get("panel", "")
    asked, seed = cell.get("observations", cell.get("budget")), cell.get("seed", 0)
    numbers = chunk_of(task.chunk, asked, cell["chunk"])
    row = Cost(cell["task"], "", 0 if panel else asked, seed, "simulate", panel, len(numbers))
    names = ("simulate", cell["task"], panel, asked, seed)
    ledger = Ledger()
    with ledger.entry(row) as entry:
        before = children_s()
        theta, streams = drawn(cell["root_seed"], names, task, asked, numbers)
        chunk = simulate(simulator_of(task), task, theta, streams, numbers, asked)
        entry.cpu_apart_s -= (
            children_s() - before
        )  # of the commands, which this process only waits for
        entry.count(Calls(simulator=len(numbers)))
    chunk.save(arguments.out)
    write_costs(arguments.cost, ledger.as_rows())


def drawn(root_seed: int, names: tuple, task: Any, asked: int, numbers: range):
    """theta of some of the pairs that are asked for, of shape (n, dim), and a stream of random numbers for each."""
    import jax

    from inversion.keys import key_for

    theta = task.prior().sample(key_for(root_seed, *names, "theta"), (asked,))
    entropy = np.asarray(jax.random.key_data(key_for(root_seed, *names, "y"))).tolist()
    streams = [np.random.SeedSequence(entropy, spawn_key=(number,)) for number in numbers]
    return np.asarray(theta, float)[numbers.start : numbers.stop], streams


def simulator_of(task: Any) -> Callable[[np.ndarray, np.random.Generator], Any]:
    """What a black box runs for one theta."""
    from inversion.registry import resolve

    if task.command is not None:
        return Command(task.command, task.timeout)
    return resolve({}, task.simulator)


def simulate(
    simulator: Callable, task: Any, theta: Float[np.ndarray, "n dim"], streams: list, numbers: range, asked: int
) -> Chunk:  # fmt: skip
    """The chunk, and on stderr what each pair that was lost had to say."""
    kept, y, lost = [], [], dict.fromkeys(LOST, 0)
    for number, each, stream in zip(numbers, theta, streams, strict=True):
        try:
            y.append(attempt(simulator, each.copy(), np.random.default_rng(stream), task.shape))
            kept.append(each)
        except Lost as why:
            lost[why.reason] += 1
            print(f"pair {number}: {why}", file=sys.stderr)
            check_lost(sum(lost.values()), asked, task.most_lost, why)
    return Chunk(
        np.asarray(kept, np.float32).reshape(-1, theta.shape[1]),
        np.asarray(y, np.float32).reshape(-1, *task.shape),
        np.asarray(list(lost.values())),
    )


def attempt(
    simulator: Callable, theta: Float[np.ndarray, " dim"], rng: np.random.Generator, shape: tuple[int, ...]
) -> Float[np.ndarray, "*event"]:  # fmt: skip
    """One y, as float32; raises `Lost`."""
    try:
        returned = simulator(theta, rng)
    except subprocess.CalledProcessError as error:
        raise Lost("exit", error.stderr or f"exit status {error.returncode}") from None
    except subprocess.TimeoutExpired as error:
        raise Lost("timeout", f"more than {error.timeout:g} s") from None
    except (Exception, SystemExit) as error:
        reason = (
            "shape"
            if isinstance(simulator, Command) and isinstance(error, ValueError)
            else "exception"
        )
        raise Lost(reason, f"{type(error).__name__}: {error}") from None
    try:
        y = np.asarray(returned, float)
    except (TypeError, ValueError) as error:
        raise Lost("shape", error) from None
    if y.shape != shape:
        raise Lost("shape", f"Expected y of shape {shape}; got {y.shape}.")
    with np.errstate(over="ignore"):
        y = y.astype(np.float32)
    if not np.isfinite(y).all():
        raise Lost("not_finite", f"{np.sum(~np.isfinite(y))} of {y.size} numbers")
    return y


def check_lost(lost: int, asked: int, most: float, why: object) -> None:
    """Stop as soon as more pairs are lost than the share `most` and chance, three standard deviations, explain."""
    if lost > most * asked + 3 * (most * (1 - most) * asked) ** 0.5:
        raise ValueError(
            f"Expected about {most:.0%} of {asked} pairs to be lost at most (most_lost); got {lost}. The last: {why}"
        )


def children_s() -> float:
    """CPU seconds of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
