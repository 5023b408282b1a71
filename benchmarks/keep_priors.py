"""Keep what the grid `priors` made in report/tables, with the day and the machine.

    snakemake --cores 2 --cache --config grid=priors -- phase_sample
    python benchmarks/keep_priors.py

`--cache` keeps the cells for a later run: `make study` empties `results/` of what its own grid does not make. Cells
that are not there are passed over, and what was kept of them stays.
"""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from keep import machine

from inversion import grid, priors
from inversion.records import Draws, Simulations
from inversion.tables.priors import CELL, KEPT_DRAWS, KEPT_SCORES, TRAIN, prior_draws

ROOT = Path(__file__).parents[1]
RESULTS, REPORT = ROOT / "results", ROOT / "report"
NUMBERS = 3000  # kept of each prior for the figures: 1,500 draws in the plane
DIGITS = 5  # significant ones of a kept score


def kept(fit: grid.Fit) -> pd.DataFrame:
    """What one learned prior scored, and the seconds of its fit."""
    scores = json.loads((RESULTS / grid.address(priors.RECORD, fit)).read_text())
    costs = pd.read_csv(
        RESULTS / grid.address("costs/train/{task}/{method}/{budget}/{seed}.csv", fit)
    )
    scores[TRAIN] = costs["cpu_s"].sum()
    rows = [(*fit, score, float(f"{value:.{DIGITS}g}")) for score, value in scores.items()]
    return pd.DataFrame(rows, columns=[*CELL, "score", "value"])


def main() -> None:
    params = grid.resolved(yaml.safe_load((ROOT / "params.yaml").read_text())) | {"grid": "priors"}
    fits = [
        fit
        for fit in priors.learned(params)
        if (RESULTS / grid.address(priors.RECORD, fit)).exists()
    ]
    if not fits:
        raise SystemExit("expected results of the grid priors; got none")
    rows = pd.concat(map(kept, fits)).assign(date=date.today().isoformat(), machine=machine())
    path = REPORT / KEPT_SCORES
    earlier = [pd.read_csv(path)] if path.exists() else []
    table = pd.concat([*earlier, rows]).drop_duplicates([*CELL, "score"], keep="last")
    table.sort_values([*CELL, "score"], kind="stable").to_csv(path, index=False)
    with_draws = REPORT if (REPORT / KEPT_DRAWS).exists() else None
    draws = prior_draws(RESULTS, params | {"grids": {"priors": []}}, with_draws)
    for fit in fits:
        draws[fit.task, fit.method] = Draws.load(RESULTS / grid.address(priors.DRAWS, fit)).theta[0]
        pairs = RESULTS / grid.address("simulations/{task}/{budget}/{seed}.npz", fit)
        draws[fit.task, "exact"] = Simulations.load(pairs).theta
    np.savez(
        REPORT / KEPT_DRAWS,
        **{
            "/".join(names): theta[: NUMBERS // theta.shape[1]].astype(np.float16)
            for names, theta in sorted(draws.items())
        },
    )
    print(f"{len(rows)} rows in {path.name}, {len(table)} in all")


if __name__ == "__main__":
    main()
