"""`inversion infer` as a fresh process, 10,000 draws: how long it takes, and how much of that is importing.

Each run is a process of its own, with the compilation cache off (`cold`) and with one that a run before it has filled
(`warm`). `all` is from the start of the process to its end by the clock, `cpu` its processor time, `imports` the
interpreter's start and all that is imported, `compiling` XLA's part, by the clock too. By hand, on one core, after
the models of the study are made:

    OMP_NUM_THREADS=1 NPROC=1 taskset -c 0 python benchmarks/infer.py --out report/tables/infer_times.csv
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from inversion.records import Simulations

ROOT = Path(__file__).parents[1]
MODELS = ("two_moons/flow/10000", "slcp/flow/10000", "gaussian_linear/flow/6000")
PARTS = ("all", "cpu", "imports", "compiling")
# Runs the command with each outermost `import` timed, and XLA's own report of what it compiled.
PROBE = """
import builtins, json, sys, time
started, plain, state = time.time(), builtins.__import__, {"depth": 0, "imports": 0.0, "compiling": 0.0}

def timed(*given, **named):
    at, state["depth"] = time.perf_counter(), state["depth"] + 1
    try:
        return plain(*given, **named)
    finally:
        state["depth"] -= 1
        if not state["depth"]:
            state["imports"] += time.perf_counter() - at

def listen(event, seconds, **about):
    if event == "/jax/core/compile/backend_compile_duration":
        state["compiling"] += seconds

builtins.__import__ = timed
import jax.monitoring
jax.monitoring.register_event_duration_secs_listener(listen)
from inversion.cli.main import main
status = main(sys.argv[2:])
state["imports"] += started - float(sys.argv[1])
print(json.dumps(state))
sys.exit(status)
"""


def seconds(command: list[str], folder: Path, cache: str) -> dict[str, float]:
    """The parts of one run."""
    environment = os.environ | {"INVERSION_COMPILE_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    given = [sys.executable, "-c", PROBE, repr(start), *command]
    done = subprocess.run(
        given, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    wall, after = time.time() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"all": wall, "cpu": cpu, **json.loads(done.stdout.splitlines()[-1])}


def measure(model: str, results: Path, repetitions: int) -> list[dict]:
    """Rows of the table: one for each state of the cache and each part."""
    task, method, budget = model.split("/")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = Simulations.load(results / "simulations" / task / budget / "0.npz")
        np.savetxt(folder / "y.csv", pairs.y[:1], delimiter=",")
        path = str(results.resolve() / "models" / model / "0.eqx")
        command = ["infer", path, "--observation", "y.csv", "--out", "draws.csv"]
        for state, cache in (("cold", ""), ("warm", str(folder / "compiled"))):
            seconds(command, folder, cache)  # fills the caches, that of Python's own compiler too
            found = [seconds(command, folder, cache) for _ in range(repetitions)]
            for part in PARTS:
                values = [one[part] for one in found]
                numbers = np.median(values), min(values), max(values)
                about = {"task": task, "method": method, "budget": budget, "cache": state}
                rounded = dict(zip(("median_s", "low_s", "high_s"), np.round(numbers, 3)))
                rows.append({**about, "part": part, **rounded, "repetitions": repetitions})
    return rows


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(": ")[1] for line in lines if line.startswith("model name"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a csv file, beside what is printed")
    arguments = parser.parse_args()
    rows = [
        row
        for model in arguments.models
        for row in measure(model, arguments.results, arguments.repetitions)
    ]
    table = pd.DataFrame(rows).assign(machine=machine(), date=date.today().isoformat())
    print(table.drop(columns=["machine", "date"]).to_string(index=False))
    if arguments.out is not None:
        table.to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()
