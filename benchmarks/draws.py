"""Draws from a flow: 10,000 for one observation, then for each of 100, warm, by the code that `inversion sample` runs.

The network is that of an entry of params.yaml, untrained: what it costs does not depend on its parameters. Times
are of a compiled call, its draws brought to the host, by the wall and as CPU time of the process, which a busy machine
disturbs less; memory is what the call needs beside its input and output. By hand, on one core:

    OMP_NUM_THREADS=1 NPROC=1 taskset -c 0 python benchmarks/draws.py --out draws.csv
"""

import argparse
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
import yaml

from inversion.cli.sample import draw
from inversion.estimators.trained import Standardisation, make_estimator, trained
from inversion.tasks import make_task

ROOT = Path(__file__).parents[1]
TASK, NUM, MANY = "two_moons_line", 10_000, 100


class Kept:
    """Stands in for the ledger's entry: compiles once and keeps what it compiled."""

    compiled = None

    def compile(self, function: Callable, *arguments: Any) -> Callable:
        if self.compiled is None:
            start = time.perf_counter()
            self.compiled = jax.jit(function).lower(*arguments).compile()
            self.compile_s = time.perf_counter() - start
        return self.compiled


def warm_seconds(call: Callable[[int], Any], repetitions: int) -> np.ndarray:
    """Wall and CPU seconds of each repetition."""
    call(0)
    seconds = []
    for number in range(repetitions):
        wall, cpu = time.perf_counter(), time.process_time()
        call(number)
        seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    return np.array(seconds)


def measure(method: str, observations: int, repetitions: int) -> list[dict[str, Any]]:
    """Rows of the table: one for each clock."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    task, entry = make_task(params["tasks"][TASK]), params["estimators"][method]
    estimator = make_estimator(jax.random.key(0), task, entry["kind"], entry["network"])
    model, kept = trained(estimator, Standardisation.identity(task)), Kept()
    y = np.linspace(-1, 1, observations, dtype=np.float32)[:, None]
    seconds = warm_seconds(
        lambda number: draw(jax.random.key(number), model, y, NUM, kept), repetitions
    )
    about = {
        "method": method,
        "observations": observations,
        "draws": NUM,
        "repetitions": repetitions,
        "compile_s": round(kept.compile_s, 2),
        "temporary_mb": round(kept.compiled.memory_analysis().temp_size_in_bytes / 2**20, 1),
    }
    rows = []
    for clock, column in zip(("wall", "CPU"), seconds.T, strict=True):
        numbers = {
            name: f(column)
            for name, f in (("median", np.median), ("low", np.min), ("high", np.max))
        }
        rows.append({**about, "clock": clock, **{n: round(1e3 * v, 2) for n, v in numbers.items()}})
    return rows


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(": ")[1] for line in lines if line.startswith("model name"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=["flow", "flow_original"])
    parser.add_argument("--repetitions", type=int, default=50, help="for one observation")
    parser.add_argument("--many-repetitions", type=int, default=3, help=f"for {MANY}")
    parser.add_argument("--out", type=Path, help="a csv file, beside what is printed")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    rows = []
    for method in arguments.methods:
        rows += measure(method, 1, arguments.repetitions)
        rows += measure(method, MANY, arguments.many_repetitions)
    table = pd.DataFrame(rows).assign(unit="ms", machine=machine(), date=date.today().isoformat())
    print(table.drop(columns=["machine", "date"]).to_string(index=False))
    for (method, clock), pair in table.groupby(["method", "clock"], sort=False):
        ratio = pair["median"].iloc[1] / pair["median"].iloc[0]
        print(f"{method}, {clock}: {MANY} observations take {ratio:.0f} times one")
    if arguments.out is not None:
        table.to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()
