"""One observation's draws as pictures: measured, some draws, mean and spread; not a figure of the study."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from inversion.figures.restorations import TITLES, show_picture
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
    _, *shown = pictures(Draws(nothing, y[None], theta[None]))
    mean, spread = shown[-2:]
    figure = Figure((SIDE * len(shown), 1.2 * SIDE), layout="constrained")
    for axes, title, picture in zip(figure.subplots(1, len(shown)), TITLES[1:], shown, strict=True):
        last = picture is spread
        show_picture(axes, picture, 0.0 if last else mean.min(), (spread if last else mean).max())
        axes.set_title(title, size=9)
    return figure
