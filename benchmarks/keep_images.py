"""Keep what the grid `images` made in report/tables, with the day and the machine.

    snakemake --cores 2 --cache --config grid=images -- phase_restore
    python benchmarks/keep_images.py

`--cache` keeps the cells for a later run: `make study` empties `results/` of what its own grid does not make. Cells
that are not there are passed over, and what was kept of them stays. `--results` names another folder of results,
`--grid` another grid.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from keep import machine

from inversion import grid
from inversion.diagnostics.likeness import psnr
from inversion.records import Draws
from inversion.report.images import GAIN_SE, ONE_PASS, SLOWEST
from inversion.tables.images import (
    CELL,
    DRAWS,
    KEPT_PICTURES,
    KEPT_SCORES,
    image_scores,
    pictures,
)

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "report"
DIGITS = 5  # significant ones of a kept score
LARGEST = 16 * 24  # pixels of a picture that is kept for the figure
SCORES = "scores/restoration/{panel}/{task}/{method}/{budget}/{seed}.csv"
COSTS = {
    "amortised": "costs/sample/{panel}/{task}/{method}/{budget}/{seed}.csv",
    "refined": "costs/refine/{panel}/{task}/{method}/{budget}/{seed}.csv",
    "reference": "costs/reference/{panel}/{task}/{method}/{budget}/{seed}.csv",
}
TRAINED = "costs/train/{task}/{method}/{budget}/{seed}.csv"


def tables(paths: list[Path]) -> pd.DataFrame:
    """All of these that are there."""
    return pd.concat([pd.read_csv(path) for path in paths if path.exists()], ignore_index=True)


def gains(results: Path, made: list) -> pd.DataFrame:
    """The standard error of what one pass gains on the slowest sampler, image by image, by PSNR of the mean."""
    rows = []
    for ours in (
        cell for cell in made if (cell.method, cell.panel) == (ONE_PASS, grid.RESTORATIONS[0])
    ):
        like = ours._replace(method=SLOWEST, family="refined")
        if like not in made:
            continue
        means, truths = [], []
        for cell in (ours, like):
            draws = Draws.load(results / grid.address(DRAWS, cell))
            means.append(draws.theta.mean(axis=1))
            truths.append(draws.theta_true)
        shared = min(map(len, truths))
        truth = truths[1][:shared]
        if not np.array_equal(truths[0][:shared], truth):
            raise SystemExit(
                f"expected the same images of {ours.task} for both methods; got others"
            )
        images = (theta[:shared].reshape(shared, -1, 1, 1) for theta in (*means, truth))
        first, second, truth = images
        gain = psnr(first, truth) - psnr(second, truth)
        rows.append([*(getattr(ours, name) for name in CELL), GAIN_SE, gain.std() / shared**0.5])
    return pd.DataFrame(rows, columns=[*CELL, "score", "value"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--grid", default="images")
    parser.add_argument("--params", type=Path, default=ROOT / "params.yaml")
    asked = parser.parse_args()
    params = grid.resolved(yaml.safe_load(asked.params.read_text())) | {"grid": asked.grid}
    cells = grid.expand(params)
    made = [c for c in cells.restorations if (asked.results / grid.address(SCORES, c)).exists()]
    if not made:
        raise SystemExit(f"expected results of the grid {asked.grid}; got none")
    scores = tables([asked.results / grid.address(SCORES, cell) for cell in made])
    costs = tables(
        [asked.results / grid.address(COSTS[cell.family], cell) for cell in made]
        + [asked.results / grid.address(TRAINED, fit) for fit in cells.fits]
    )
    rows = pd.concat(
        [image_scores(scores, costs, grid.trainings_of(params)), gains(asked.results, made)],
        ignore_index=True,
    )
    rows["value"] = [float(f"{value:.{DIGITS}g}") for value in rows["value"]]
    rows = rows.assign(date=date.today().isoformat(), machine=machine())
    path = REPORT / KEPT_SCORES
    earlier = [pd.read_csv(path)] if path.exists() else []
    # A cell that is made again leaves none of its earlier rows.
    earlier = [
        table[~table[CELL].apply(tuple, axis=1).isin(set(rows[CELL].apply(tuple, axis=1)))]
        for table in earlier
    ]
    table = pd.concat([*earlier, rows])
    table.sort_values([*CELL, "score"], kind="stable").to_csv(path, index=False)
    shown = {}
    if (REPORT / KEPT_PICTURES).exists():
        with np.load(REPORT / KEPT_PICTURES, allow_pickle=False) as file:
            shown = {name: file[name] for name in file.files}
    for cell in reversed(made):
        draws = Draws.load(asked.results / grid.address(DRAWS, cell))
        if cell.panel == grid.RESTORATIONS[0] and draws.theta.shape[2] <= LARGEST:
            shown[f"{cell.task}/{cell.method}"] = pictures(draws).astype(np.float16)
    np.savez_compressed(REPORT / KEPT_PICTURES, **dict(sorted(shown.items())))
    print(f"{len(rows)} rows in {path.name}, {len(table)} in all")


if __name__ == "__main__":
    main()
