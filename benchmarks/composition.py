"""A diffusion model of single observations, composed over n of them, against the conjugate posterior.

The model is the entry `composed` of params.yaml, trained on `gaussian_set`; in each of its forms it answers for n =
1, 10 and 100 observations of a few thetas. Written are the ratio of variances and the largest error of a mean, in
posterior standard deviations. What the pairs get wrong of the prior counts n times: it takes 100,000 of them for n =
100. About twenty minutes on one core:

    python benchmarks/composition.py --out report/tables/composition.csv
"""

import argparse
import dataclasses
from datetime import date
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml

from inversion import grid
from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import make_estimator
from inversion.records import Simulations
from inversion.tasks import make_task

ROOT = Path(__file__).parents[1]
TASK, METHOD, BUDGET, DRAWS = "gaussian_set", "composed", 100_000, 500
COUNTS = (1, 10, 100)
FORMS = ("jacobian", "bridge", "sum")


def simulated(task, num: int, key) -> Simulations:
    key_theta, key_y = jax.random.split(key)
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta), np.asarray(y))


def observed(task, key, n: int):
    """A theta's n observations, of the shape of all that the task may have."""
    key_theta, key_y = jax.random.split(key)
    theta = task.prior().sample(key_theta)
    y = theta + task.noise_scale * jax.random.normal(key_y, (task.max_rows, task.dim))
    return jnp.where(jnp.arange(task.max_rows)[:, None] < n, y, jnp.nan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thetas", type=int, default=4)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    task, entry = make_task(params["tasks"][TASK]), grid.fit_entry(params, TASK, METHOD)
    key_data, key_init, key_fit, key_draws, key_y = jax.random.split(jax.random.key(0), 5)
    estimator = make_estimator(key_init, task, METHOD, entry["network"])
    training, ledger = Training(**entry["fit"]), Entry(Cost("", "", 0, 0, ""))
    data = simulated(task, BUDGET, key_data)
    model = fit(key_fit, estimator, task, data, training, entry=ledger).model
    rows = []
    for form in FORMS:
        empty = make_estimator(key_init, task, METHOD, {**entry["network"], "form": form})
        estimator = eqx.tree_at(lambda e: e.single, empty, model.estimator.single)
        composed = dataclasses.replace(model, estimator=estimator)
        draw = jax.jit(lambda y, composed=composed: composed.sample(key_draws, y, DRAWS))
        for n in COUNTS:
            ratios, errors = [], []
            for key in jax.random.split(key_y, arguments.thetas):
                y = observed(task, key, n)
                exact, draws = task.posterior(y), draw(y)
                ratios += (draws.var(0) / exact.variance).tolist()
                errors += ((draws.mean(0) - exact.mean) / jnp.sqrt(exact.variance)).tolist()
            row = {"form": form, "observations": n, "variance_ratio": np.mean(ratios)}
            row |= {"low": min(ratios), "high": max(ratios), "mean_error": np.abs(errors).max()}
            rows.append({**row, "thetas": arguments.thetas, "date": date.today().isoformat()})
            print(rows[-1], flush=True)
    if arguments.out is not None:
        pd.DataFrame(rows).round(3).to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()
