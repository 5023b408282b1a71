"""What learned priors scored: this grid's own, before what git keeps of the grid `priors` beside the pages."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from inversion import grid
from inversion.priors import DRAWS, PRIOR, learned
from inversion.records import Draws

CELL = ["task", "method", "budget", "seed"]
KEPT_SCORES, KEPT_DRAWS = "tables/priors.csv", "tables/priors.npz"
TRAIN = "train_s"  # the processor seconds of a fit, as a score; compiling is left out


def prior_scores(scores: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Rows `task`, `method`, `budget`, `seed`, `score`, `value`: scores against the prior, and seconds of the fits.

    `scores` and `costs` are those of the study.
    """
    found = scores.loc[scores["panel"] == PRIOR, [*CELL, "score", "value"]]
    found = found.astype({"budget": int, "seed": int})
    spent = costs[costs["verb"] == "train"].astype({"budget": int, "seed": int})
    spent = spent.merge(found[CELL].drop_duplicates())
    seconds = spent[CELL].assign(score=TRAIN, value=spent["cpu_s"])
    return pd.concat([found, seconds], ignore_index=True)


def with_kept(own: pd.DataFrame, report: Path) -> pd.DataFrame:
    """These rows, and those that git keeps of cells that are not among them."""
    kept = pd.read_csv(report / KEPT_SCORES)
    rows = pd.concat([kept, own]) if len(own) else kept
    return rows.drop_duplicates([*CELL, "score"], keep="last")


def prior_draws(
    results: Path, params: grid.Params, report: Path | None
) -> dict[tuple[str, str], Float[np.ndarray, "draw dim"]]:
    """Draws of every learned prior by task and method, of the grid that is run and otherwise those that git keeps."""
    found = {}
    if report is not None:
        with np.load(report / KEPT_DRAWS, allow_pickle=False) as file:
            found = {tuple(name.split("/")): file[name].astype(float) for name in file.files}
    for fit in learned(params):
        path = results / grid.address(DRAWS, fit)
        found[fit.task, fit.method] = Draws.load(path).theta[0]
    return found
