"""Anchored ascent under a learned prior, as its original has it, start by start, and with a reward.

The reward is theta_2, any function would do: how far each ascent moves its starts, what it does to the reward's
expectation, and what that costs in the quality of the samples, as their MMD to the prior's own. The original's rate
suits the smooth latent space that it was written for; a start by itself takes a smaller one here. A few seconds:

    python benchmarks/ascent.py --out report/tables/ascent.csv
"""

import argparse
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml
from keep import machine

from inversion.diagnostics import mmd
from inversion.estimators.trained import load_model
from inversion.refinements.ascent import ascend
from inversion.tasks import make_task

ROOT = Path(__file__).parents[1]
TASK, STARTS = "two_moons_line", 1024
ORIGINAL = {"steps": 10, "rate": 0.1, "anchor": 0.1}
SLOWER = {"steps": 100, "rate": 0.005, "anchor": 0.1}
ROWS = (
    ("batch mean, as the original", ORIGINAL | {"of_mean": True}, 0.0),
    ("start by start", SLOWER, 0.0),
    *(("start by start, with a reward", SLOWER, weight) for weight in (1.0, 3.0, 10.0)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, default=ROOT / f"results/models/{TASK}/flow_prior/6000/0.eqx"
    )
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    task, prior, y = make_task(params["tasks"][TASK]), load_model(arguments.model), jnp.zeros(1)
    start = prior.sample(jax.random.key(0), y, STARTS)
    exact = np.asarray(task.prior().sample(jax.random.key(1), (STARTS,)))
    rows = []
    for title, settings, weight in ROWS:
        run = jax.jit(
            lambda start, settings=settings, weight=weight: ascend(
                lambda z: prior.log_prob(z, y), start, **settings, reward=lambda z: weight * z[1]
            )
        )
        end = run(start)
        row = {
            "ascent": title,
            "steps": settings["steps"],
            "rate": settings["rate"],
            "weight": weight,
        }
        row |= {"moved": float(jnp.linalg.norm(end - start, axis=1).mean())}
        row |= {"reward_start": float(start[:, 1].mean()), "reward": float(end[:, 1].mean())}
        row |= {
            "mmd_start": mmd(np.asarray(start), exact, seed=0),
            "mmd": mmd(np.asarray(end), exact, seed=0),
        }
        rows.append(
            {**row, "starts": STARTS, "date": date.today().isoformat(), "machine": machine()}
        )
        print(rows[-1], flush=True)
    if arguments.out is not None:
        pd.DataFrame(rows).to_csv(arguments.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
