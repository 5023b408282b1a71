"""Seconds of splitting after compiling: 1,000 starts, 100 iterations, on one thread.

The prior is the one that the study has trained; nothing stops early. A few seconds:

    NPROC=1 OMP_NUM_THREADS=1 python benchmarks/splitting.py --out report/tables/splitting.csv
"""

import argparse
import os
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("NPROC", "1")

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml
from keep import machine

from inversion.cli.refine import in_precision
from inversion.estimators.trained import load_model
from inversion.refinements import REFINEMENTS
from inversion.registry import build
from inversion.tasks import make_task

ROOT = Path(__file__).parents[1]
TASK = "two_moons_line"
METHODS = {"hqs": "HQS, pulled back", "admm": "ADMM, pulled back"}
STARTS, ITERATIONS, REPETITIONS = 1000, 100, 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, default=ROOT / f"results/models/{TASK}/flow_prior/6000/0.eqx"
    )
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    task, rows = make_task(params["tasks"][TASK]), []
    for name, title in METHODS.items():
        method = build(
            REFINEMENTS,
            {"kind": name, "iterations": ITERATIONS, "mu": [2.0, 200.0], "tolerance": 1e-30},
        )
        jax.config.update("jax_enable_x64", method.double)
        prior = in_precision(load_model(arguments.model))
        run = jax.jit(
            lambda key, y, method=method, prior=prior: (
                method.invert(key, task, prior, y, STARTS).theta
            )
        )
        key, y = jax.random.key(0), jnp.zeros(1)
        run(key, y).block_until_ready()
        seconds = []
        for _ in range(REPETITIONS):
            began = time.perf_counter()
            run(key, y).block_until_ready()
            seconds.append(time.perf_counter() - began)
        row = {
            "split": title,
            "starts": STARTS,
            "iterations": ITERATIONS,
            "median_s": np.median(seconds),
        }
        row |= {"low_s": min(seconds), "high_s": max(seconds)}
        rows.append({**row, "date": date.today().isoformat(), "machine": machine()})
        print(rows[-1], flush=True)
    if arguments.out is not None:
        pd.DataFrame(rows).round(4).to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()
