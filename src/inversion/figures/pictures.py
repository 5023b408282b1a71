"""One observation's draws as pictures: measured, some draws, mean and spread; not a figure of the study."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from inversion.figures.restorations import TITLES, show_row
from inversion.figures.style import draw_to
from inversion.records import Draws, write_atomic
from inversion.tables.images import pictures

SIDE = 1.6  # inches of one picture


def save_pictures(
    path: Path, theta: Float[np.ndarray, "draw dim"], y: Float[np.ndarray, "h w c"]
) -> None:
    """Write the figure, .svg or .png."""
    kind = path.suffix.removeprefix(".")
    write_atomic(path, lambda file: draw_to(file, lambda: row_of(theta, y), kind))


def row_of(theta: Float[np.ndarray, "draw dim"], y: Float[np.ndarray, "h w c"]) -> Figure:
    """All but the standard deviation on the scale of the mean."""
    nothing = np.zeros((1, theta.shape[1]))
    shown = pictures(Draws(nothing, y[None], theta[None]))[1:]
    mean, spread = shown[-2:]
    figure = Figure((SIDE * len(shown), 1.2 * SIDE), layout="constrained")
    show_row(figure.add_subplot(), shown, (mean.min(), mean.max(), spread.max()), TITLES[1:])
    return figure
