"""The speed of this study's networks against the peers': `make bench`, in an hour on a quiet machine.

Each peer runs in an environment of its own, made from requirements-PEER.txt under .cache/bench, by a script of its
own (peers/run_PEER.py), in a fresh process for each repetition, pinned to one core, in float32, with no compilation
cache. All get the same pairs of two_moons_line, already standardised, the same pairs held out, as many steps of
Adam under the same cosine and clip, and the same sizes: 6 spline couplings, two hidden layers of 64, `relu`.
The repetitions go round the peers in turn.

    make bench                           report/tables/speed.csv anew
    make bench ARGS=--quick              a few minutes, to .cache/bench/speed.csv: that everything runs
    make bench ARGS='--only flowjax'     these peers' rows alone, and this study's (`--only inversion` for these)
    make bench ARGS=--flows              without flow matching and diffusion, whose draws by the peer take minutes
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"
TABLE = ROOT / "report" / "tables" / "speed.csv"
TASK, METHOD, NUM = "two_moons_line", "flow_original", 6000
HELD_OUT = 2  # whole batches: some peers leave the rest of a batch out, others compile anew for it
EXCESS = 0.1  # nats per theta of the target above the exact posterior, on the held-out pairs
OBSERVED = 0.0
LONG = 700  # epochs, over `compiling.QUICK_STEPS` steps: the code is then the compiler's fastest
PEERS = ("inversion", "sbi", "bayesflow", "flowjax")
SETTINGS = {"draws": 10_000, "many": 100, "warm_calls": 20, "warm_s": 20.0}
QUICK = {"epochs": 20, "warm_calls": 1, "warm_s": 0.0}
COLUMNS = ["what", "who", "median", "low", "high", "repetitions"]
COLUMNS += ["unit", "versions", "machine", "date"]
ONE_THREAD = {"NPROC": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
OFF = {"JAX_ENABLE_COMPILATION_CACHE": "false", "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}


@dataclass(frozen=True)
class Run:
    """A peer's script with its settings; `suffix` tells rows of another network or loop apart."""

    who: str
    suffix: str = ""
    settings: dict = field(default_factory=dict)
    once: bool = False  # one process, whose warm calls are the repetitions

    @property
    def density(self) -> bool:
        return self.settings.get("kind", "flow") == "flow"

    def file(self, ending: str) -> Path:
        return CACHE / f"{self.who}{self.suffix}.{ending}"


def runs_of(params: dict) -> Iterator[Run]:
    network = params["estimators"][METHOD]["network"]
    half = {**network, "layers": network["layers"] // 2}  # of BayesFlow's layers of two couplings
    dual = {"network": {**network, "dual": True, "act_norm": True}}
    # The moving average of the weights that the study's flows keep; the peers are run without one.
    fit = params["estimators"][METHOD]["fit"]
    average = params["estimators"]["flow"]["fit"]["average"]
    yield Run("inversion")
    yield Run("inversion", "_averaged", {"fit": {**fit, "average": average}})
    yield Run("inversion", "_long", {"epochs": LONG})
    yield Run("flowjax")
    yield Run("flowjax", "_chained", {"chained": True})
    yield Run("flowjax", "_scanned", {"scanned": True})
    yield Run("sbi")
    yield Run("bayesflow", settings={"network": half})
    yield Run("inversion", "_dual", dual)
    yield Run("bayesflow", "_dual")
    for kind in ("flow_matching", "diffusion"):
        entry = params["estimators"].get(kind)
        if entry is None:
            print(f"params.yaml has no entry {kind}: left out")
            continue
        # The rates of params.yaml for both; the other settings of the fit stay alike.
        rate = {"learning_rate": entry["fit"]["learning_rate"]}
        settings = {"kind": entry["kind"], "fit": {**fit, **rate}}
        ours = {**settings, "network": entry.get("network", {})}
        yield Run("inversion", f"_{kind}", ours, once=True)
        yield Run("bayesflow", f"_{kind}", settings, once=True)


def write_pairs(task_entry: dict, batch: int) -> tuple[Path, float]:
    """The file of pairs, in units of their mean and deviation; and the target, a loss in these units."""
    import jax
    import jax.numpy as jnp

    from inversion.tasks import make_task

    task = make_task(task_entry)
    theta = task.prior().sample(jax.random.key(0), (NUM,))
    y = jax.vmap(task.simulate)(jax.random.split(jax.random.key(1), NUM), theta)
    raw = np.concatenate([theta, y], axis=1).astype(np.float32)[: NUM // batch * batch]
    mean, std = raw.mean(axis=0, dtype=np.float64), raw.std(axis=0, dtype=np.float64)
    scaled = ((raw - mean) / std).astype(np.float32)
    num_train = len(raw) - HELD_OUT * batch
    parts = {"train": scaled[:num_train], "held_out": scaled[num_train:]}
    arrays = {f"theta_{part}": a[:, : task.dim] for part, a in parts.items()}
    arrays |= {f"y_{part}": a[:, task.dim :] for part, a in parts.items()}
    many = scaled[num_train:, task.dim :][: SETTINGS["many"]]
    observed = ((OBSERVED - mean) / std).astype(np.float32)[task.dim :]
    path = CACHE / "pairs.npz"
    np.savez(path, **arrays, y_observed=observed, y_many=many, mean=mean, std=std)
    theta, y = jnp.split(raw[num_train:], [task.dim], axis=1)
    exact = jax.vmap(lambda theta, y: task.posterior(y).log_prob(theta))(theta, y)
    return path, float(EXCESS - exact.mean() - np.log(std[: task.dim]).sum())


def python_of(peer: str) -> str:
    """The interpreter of the peer's environment, which is made where it is missing or stale."""
    if peer == "inversion":
        return sys.executable
    folder, requirements = CACHE / peer, HERE / f"requirements-{peer}.txt"
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists() or ready.read_text() != requirements.read_text():
        print(f"== The environment of {peer}, in {folder.relative_to(ROOT)} ==", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, *install, "-r", requirements], check=True)
        ready.write_text(requirements.read_text())
    return str(python)


def measure(run: Run, python: str, settings: dict) -> list[dict]:
    """The lines that one process of a peer tells."""
    files = {"out": run.file("jsonl"), "draws_file": run.file("npy")}
    settings = {**settings, **run.settings, **{key: str(file) for key, file in files.items()}}
    path = run.file("json")
    path.write_text(json.dumps({**settings, "started": time.time()}))
    done = subprocess.run(
        [python, HERE / "peers" / f"run_{run.who}.py", path],
        cwd=CACHE,  # sbi leaves its logs where it runs
        env={**os.environ, **ONE_THREAD, **OFF, "KERAS_HOME": str(CACHE / "keras")},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"Expected {path.stem} to run; got:\n{done.stderr[-3000:]}")
    return [json.loads(line) for line in files["out"].read_text().splitlines()]


def numbers_of(
    run: Run, lines: list[dict], steps: int, target: float
) -> dict[str, tuple[str, list[float]]]:
    """What one process took: unit and values by quantity; `target` is a loss.

    `epoch` is the median after the first report, validation and all; `step` its share in the quickest tenth of
    the epochs, the steady state (flowjax compiles something in every epoch that brings no gain); `compile` is what
    the time to the first report has beyond its epochs and the imports.
    """
    start = next(line["s"] for line in lines if line["what"] == "start")
    epochs = pd.DataFrame([line for line in lines if line["what"] == "epoch"])
    each = epochs["s"].diff() / epochs["epoch"].diff()
    each_s = float(each.median())
    first, last = epochs.iloc[0], epochs.iloc[-1]
    settled = epochs[epochs["epoch"] >= last["epoch"] / 4].iloc[0]
    numbers = {
        "step": ("ms", [1e3 * float(each.quantile(0.1)) / steps]),
        "epoch": ("ms", [1e3 * each_s]),
        "start": ("s", [start]),
        "compile": ("s", [first["s"] - start - first["epoch"] * each_s]),
        "whole": ("s", [last["s"]]),
        "peak": ("MB", [last["peak_mb"]]),
        "growth": ("MB", [last["peak_mb"] - settled["peak_mb"]]),
    }
    if run.density:
        reached = epochs["s"][epochs["loss"] <= target]
        numbers["target"] = ("s", [reached.iloc[0] if len(reached) else np.inf])
        numbers["excess"] = ("nats", [epochs["loss"].min() - target + EXCESS])
    for line in lines:
        if line["what"].startswith("draw"):
            numbers[line["what"]] = ("s", line["warm_s"])
            numbers[f"{line['what']}_first"] = ("s", [line["first_s"]])
            numbers[f"{line['what']}_peak"] = ("MB", [line["peak_mb"]])
    return numbers


def accuracy(run: Run, task_entry: dict) -> float:
    """C2ST of the last draws for the one observation against the exact posterior."""
    import jax

    from inversion.diagnostics.c2st import c2st
    from inversion.tasks import make_task

    task, pairs = make_task(task_entry), np.load(CACHE / "pairs.npz")
    draws = np.load(run.file("npy"))[:2000]
    draws = draws * pairs["std"][: task.dim] + pairs["mean"][: task.dim]
    exact = task.posterior(np.array([OBSERVED])).sample(jax.random.key(2), (len(draws),))
    return c2st(draws.astype(np.float32), np.asarray(exact, np.float32), seed=0)


def rows_of(run: Run, numbers: list[dict]) -> Iterator[tuple]:
    """Quantity, who, unit, values: over processes, or over the warm calls of the one there is."""
    for what, (unit, values) in numbers[0].items():
        if not run.once:
            values = [float(np.median(one[what][1])) for one in numbers]
        yield f"{what}{run.suffix}", run.who, unit, values


def machine() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found.group(1) if found else "unknown processor"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PEERS)
    parser.add_argument("--flows", action="store_true")
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})  # the peers inherit it
    os.environ.update(ONE_THREAD)
    CACHE.mkdir(parents=True, exist_ok=True)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    entry, task_entry = params["estimators"][METHOD], params["tasks"][TASK]
    pairs, target = write_pairs(task_entry, entry["fit"]["batch"])
    shared = {
        **SETTINGS,
        "epochs": entry["fit"]["epochs"],
        **(QUICK if arguments.quick else {}),
        **entry,
        "task": task_entry,
    }
    shared["pairs"] = str(pairs)
    steps = NUM // entry["fit"]["batch"] - HELD_OUT
    peers = {"inversion", *(arguments.only or PEERS)}
    runs = [run for run in runs_of(params) if run.who in peers]
    runs = [run for run in runs if not (arguments.flows and run.once)]
    pythons = {run.who: python_of(run.who) for run in runs}
    numbers, versions = [[] for _ in runs], [""] * len(runs)
    path = CACHE / "speed.csv" if arguments.quick else arguments.out
    for repetition in range(1 if arguments.quick else arguments.repetitions):
        for place, run in enumerate(runs):
            if run.once and repetition:
                continue
            seeded = {"kind": "flow", **shared, "seed": repetition}
            lines = measure(run, pythons[run.who], seeded)
            numbers[place].append(numbers_of(run, lines, steps, target))
            if not run.settings.get("scanned"):
                score = accuracy(run, task_entry)
                numbers[place][-1]["c2st"] = ("C2ST", [score])
            named = next(line["versions"] for line in lines if line["what"] == "start")
            versions[place] = ", ".join(map(" ".join, named.items()))
            shown = {what: values[0] for what, (_, values) in numbers[place][-1].items()}
            text = ", ".join(f"{what} {value:.4g}" for what, value in shown.items())
            print(f"{run.who}{run.suffix}: {text}", flush=True)
        # After each repetition, so that a run which is broken off keeps those that it has finished.
        write(path, runs, numbers, versions, beside=bool(arguments.only or arguments.flows))


def write(
    path: Path, runs: list[Run], numbers: list[list[dict]], versions: list[str], *, beside: bool
) -> None:
    """The table of all repetitions so far; `beside` keeps the rows that are there of what was not run."""
    rows = []
    for run, ours, version in zip(runs, numbers, versions):
        for what, who, unit, values in rows_of(run, ours):
            spread = [round(float(f(values)), 5) for f in (np.median, np.min, np.max)]
            stamp = [len(values), unit, version, machine(), date.today().isoformat()]
            rows.append([what, who, *spread, *stamp])
    table = pd.DataFrame(rows, columns=COLUMNS)
    if beside and path.exists():
        table = pd.concat([pd.read_csv(path), table]).drop_duplicates(["what", "who"], keep="last")
    table.to_csv(path, index=False)
    print(f"{len(rows)} rows in {path}", flush=True)


if __name__ == "__main__":
    main()
