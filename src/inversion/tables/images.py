"""What methods made of measured images: this grid's own, before what git keeps of the grid `images`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from inversion import grid
from inversion.records import Draws

CELL = ["task", "method", "budget", "seed", "panel"]
COLUMNS = [*CELL, "score", "value"]
KEPT_SCORES, KEPT_PICTURES = "tables/images.csv", "tables/images.npz"
DRAWS = "draws/{family}/{panel}/{task}/{method}/{budget}/{seed}.npz"
VERBS = ("sample", "refine", "reference")
# Of one draw, and of all trainings that a method rests on; processor seconds without compiling.
DRAW, CALLS, TRAIN = "draw_s", "draw_network_calls", "train_s"
SHOWN = 3  # draws of a picture's row: truth, measurement, these, mean, standard deviation


def image_scores(
    scores: pd.DataFrame, costs: pd.DataFrame, trainings: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Rows `task`, `method`, `budget`, `seed`, `panel`, `score`, `value`: scores as pictures, and what they cost.

    `scores` and `costs` are those of the study; `trainings` names the estimators that a method draws from.
    """
    found = scores.loc[scores["panel"].isin(grid.RESTORATIONS), COLUMNS]
    found = found.astype({"budget": int, "seed": int})
    made = set(found[CELL].itertuples(index=False, name=None))
    spent = costs[costs["verb"].isin(VERBS) & costs["panel"].isin(grid.RESTORATIONS)]
    spent = spent.astype({"budget": int, "seed": int})
    trained = costs[costs["verb"] == "train"].astype({"budget": int, "seed": int})
    rows = []
    for row in spent.to_dict("records"):
        cell, num = tuple(row[name] for name in CELL), row["observations"] * row["draws"]
        if cell not in made or not num:
            continue
        rows += [(*cell, DRAW, row["cpu_s"] / num), (*cell, CALLS, row["network_calls"] / num)]
        same = (
            trained[["task", "budget", "seed"]] == [row["task"], row["budget"], row["seed"]]
        ).all(axis=1)
        methods = trainings.get(row["method"], (row["method"],))
        if seconds := trained.loc[same & trained["method"].isin(methods), "cpu_s"].sum():
            rows.append((*cell, TRAIN, seconds))
    return pd.concat([found, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)


def with_kept(own: pd.DataFrame, report: Path) -> pd.DataFrame:
    """These rows, and those that git keeps of cells that are not among them; none where git keeps none."""
    path = report / KEPT_SCORES
    kept = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    rows = pd.concat([table for table in (kept, own) if len(table)] or [own])
    return rows.drop_duplicates([*CELL, "score"], keep="last")


def pictures(draws: Draws, observation: int = 0) -> Float[np.ndarray, "picture h w c"]:
    """Truth, measurement, the first draws, their mean and standard deviation, all as large as the truth.

    What a mask hides of the measurement is NaN; of fewer pixels each is repeated.
    """
    y = draws.y[observation]
    shape = image_shape(draws.theta.shape[2], y.shape)
    theta = draws.theta[observation].reshape(-1, *shape)
    shown = theta[np.minimum(np.arange(SHOWN), len(theta) - 1)]
    truth = draws.theta_true[observation].reshape(1, *shape)
    values = y[..., : shape[2]]
    if y.shape[2] > shape[2]:
        values = np.where(y[..., -1:] > 0, values, np.nan)
    factor = shape[0] // len(y)
    measured = values.repeat(factor, axis=0).repeat(factor, axis=1)[None]
    return np.concatenate([truth, measured, shown, theta.mean(0)[None], theta.std(0)[None]])


def image_shape(dim: int, y_shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Height, width and channels of an image of `dim` numbers, from those of its measurement.

    y has its pixels or one for each block of them, and its channels, or one more, the mask.
    """
    height, width, channels = y_shape
    for factor in range(1, dim + 1):
        for count in (channels, channels - 1):
            if count and factor**2 * height * width * count == dim:
                return factor * height, factor * width, count
    raise ValueError(f"Expected an image of {dim} numbers behind y of shape {y_shape}; got none.")


def image_pictures(
    results: Path, params: grid.Params, report: Path | None
) -> dict[tuple[str, str], Float[np.ndarray, "picture h w c"]]:
    """The first measurement's pictures by task and method, of the grid that is run, otherwise those that git keeps."""
    found = {}
    if report is not None and (report / KEPT_PICTURES).exists():
        with np.load(report / KEPT_PICTURES, allow_pickle=False) as file:
            found = {tuple(name.split("/")): file[name].astype(float) for name in file.files}
    for cell in reversed(grid.expand(params).restorations):
        if cell.panel == grid.RESTORATIONS[0]:
            draws = Draws.load(results / grid.address(DRAWS, cell))
            if draws.theta.shape[1]:
                found[cell.task, cell.method] = pictures(draws)
    return found
