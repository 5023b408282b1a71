"""Which settings of an estimator have the least validation loss, on pairs of seeds that no result is made of.

The settings tried are those of benchmarks/tune.yaml, each an estimator of params.yaml with changes. One is trained
on `budget` pairs of a tuning seed and judged by the mean of -log q(theta | y), in nats, over 10,000 pairs of another
seed; neither sbibm's observations nor its draws are looked at. Rows are added to report/tables/tuning.csv. By hand, on
one core, minutes for 10,000 pairs:

    NPROC=1 OMP_NUM_THREADS=1 python benchmarks/tune.py --tasks slcp --budgets 10000 --settings flow symmetries
"""

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml

from inversion.cli.common import configure_jax
from inversion.cli.simulate import simulate
from inversion.cost import Cost, Ledger
from inversion.estimators.fit import TRAINING, fit
from inversion.estimators.trained import make_estimator
from inversion.grid import fit_entry
from inversion.keys import key_for
from inversion.records import Simulations
from inversion.registry import build
from inversion.tasks import make_task

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "report/tables/tuning.csv"
CELL = ["task", "budget", "seed", "setting"]
JUDGED, JUDGING_SEED = 10_000, 13


def merged(entry: Mapping, changes: Mapping) -> dict:
    """`entry` with `changes`, which may go some levels down."""
    both = dict(entry)
    for name, value in changes.items():
        down = isinstance(value, Mapping) and isinstance(both.get(name), Mapping)
        both[name] = merged(both[name], value) if down else value
    return both


def pairs(params: Mapping, name: str, num: int, seed: int) -> Simulations:
    """As the workflow simulates them."""
    with jax.enable_x64(True):
        task = make_task(params["tasks"][name])
        with Ledger().entry(Cost(name, "", num, seed, "simulate")) as entry:
            return simulate(params["seed"], ("simulate", name, "", num, seed), task, num, entry)


def held_out_loss(log_prob: Callable, held_out: Simulations) -> float:
    """The mean of -log q(theta | y) in nats, in the units of theta."""
    theta, y = (jnp.asarray(a).reshape(20, -1, *a.shape[1:]) for a in (held_out.theta, held_out.y))
    some = eqx.filter_jit(lambda pairs: jax.vmap(log_prob)(*pairs))
    return -float(np.mean([some(part) for part in zip(theta, y)]))


def judged(params: Mapping, cell: Mapping) -> dict:
    """The cell with its validation loss, in the units of theta, and the processor seconds of its training."""
    name, budget, seed = cell["task"], cell["budget"], cell["seed"]
    train, held_out = pairs(params, name, budget, seed), pairs(params, name, JUDGED, JUDGING_SEED)
    task, entry = make_task(params["tasks"][name]), fit_entry(params, name, cell["setting"])
    training = build(TRAINING, {"kind": "fit", **entry["fit"]})
    key_init, key_fit = jax.random.split(key_for(params["seed"], "tune", name, budget, seed))
    network, summary = entry.get("network", {}), entry.get("summary")
    estimator = make_estimator(key_init, task, entry["kind"], network, summary)
    ledger = Ledger()
    start = time.perf_counter()
    with ledger.entry(Cost(name, cell["setting"], budget, seed, "train")) as work:
        result = fit(key_fit, estimator, task, train, training, entry=work)
    loss = held_out_loss(result.model.log_prob, held_out)
    seconds = ledger.rows[0].cpu_s
    print(
        f"{result.stopped} {len(result.train)} epochs, best {result.best_epoch}, "
        f"{1e3 * seconds / result.steps:.2f} ms a step, {time.perf_counter() - start:.0f} s wall, "
        f"own validation {result.validation[result.best_epoch - 1]:.3f}"
    )
    return {**cell, "validation_loss": round(loss, 4), "cpu_s": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--budgets", nargs="+", type=int, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[10])
    parser.add_argument("--settings", nargs="+", required=True)
    parser.add_argument("--file", type=Path, default=Path(__file__).with_suffix(".yaml"))
    parser.add_argument("--table", type=Path, default=TABLE)
    arguments = parser.parse_args()
    configure_jax(double=False)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name, changes in yaml.safe_load(arguments.file.read_text()).items():
        params["estimators"][name] = merged(params["estimators"][changes["of"]], changes)
    cells = [
        dict(zip(CELL, (task, budget, seed, setting)))
        for task in arguments.tasks
        for budget in arguments.budgets
        for setting in arguments.settings
        for seed in arguments.seeds
    ]
    for cell in cells:
        row = judged(params, cell)
        print(*row.values(), flush=True)
        table = pd.read_csv(arguments.table) if arguments.table.exists() else pd.DataFrame()
        table = pd.concat([table, pd.DataFrame([row])]).drop_duplicates(CELL, keep="last")
        table.sort_values(CELL).to_csv(arguments.table, index=False)


if __name__ == "__main__":
    main()
