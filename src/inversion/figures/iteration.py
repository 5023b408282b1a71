"""Splitting at work: where a few starts go, iteration by iteration, and where all of them end."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.clouds import crescents, dot, line, prior_theta, scatter
from inversion.figures.layout import Frame, panels_in
from inversion.figures.motion import Moving
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import FAINT, INK, WIDTH, colour_of, signed
from inversion.names import method_name

# In this order; the moving picture shows the last that the grid has made.
SHOWN = ("hqs", "admm", "admm_latent", "admm_proximal")
FRAME = Frame(left=0.3, right=0.04, top=0.3, bottom=0.04, across=0.1, down=0.1)
ROWS = ("twelve starts", "where all end")
MOVES = 60  # half iterations: after these hardly anything moves
SECONDS = 9


def iteration(study: Study) -> Figure:
    """A column for each way of splitting, at the observation next to 0."""
    made = _made(study)
    columns = max(1, len(made))
    panel = (WIDTH - FRAME.left - FRAME.right - (len(SHOWN) - 1) * FRAME.across) / len(SHOWN)
    width = FRAME.left + FRAME.right + columns * panel + (columns - 1) * FRAME.across
    figure = Figure((width, FRAME.top + 2 * panel + FRAME.down + FRAME.bottom))
    places = panels_in(figure, 2, columns, FRAME)
    prior = prior_theta(study, HEADLINE)
    for column, (method, (y, path, ends)) in enumerate(made.items()):
        for row in range(2):
            axes = figure.add_subplot(places[row, column], aspect="equal")
            crescents(axes, prior)
            line(axes, y)
            if row == 0:
                _lines(axes, path, colour_of(method))
                axes.set_title(method_name(method), color=colour_of(method), weight="bold", size=8)
            else:
                scatter(axes, ends, colour_of(method), dot(method, 2))
            if column == 0:
                axes.set_ylabel(ROWS[row], color=INK)
    return figure


def iteration_moving(study: Study) -> Moving:
    """One way of splitting, its starts moving: the prior's step and the step to the data in turn."""
    made = _made(study)
    figure = Figure((4.2, 4.5))
    place = panels_in(figure, 1, 1, Frame(left=0.05, right=0.05, top=0.35, bottom=0.05))[0]
    axes = figure.add_subplot(place, aspect="equal")
    crescents(axes, prior_theta(study, HEADLINE))
    method, (y, path, _) = next(reversed(made.items()), ("", (0.0, np.zeros((0, 1, 2)), None)))
    line(axes, y)
    path = path[:, : MOVES + 1]
    _lines(axes, path, FAINT)
    axes.set_title(f"{method_name(method)}, y = {signed(y)}", color=colour_of(method), size=9)
    return Moving(figure, axes, path, colour_of(method), SECONDS)


def _lines(axes: Axes, path: np.ndarray, colour: str) -> None:
    """Paths with a ring where they start and a dot where they end."""
    for steps in path:
        axes.plot(*steps.T, color=colour, lw=0.6, alpha=0.7, zorder=2)
    if len(path):
        axes.plot(*path[:, 0].T, "o", mfc="white", mec=colour, mew=0.8, ms=3.5, zorder=3)
        axes.plot(*path[:, -1].T, "o", color=colour, ms=3.5, mew=0, zorder=4)


def _made(study: Study) -> dict[str, tuple[float, np.ndarray, np.ndarray]]:
    """Observation, paths and ends of each way that the grid has made."""
    found = {}
    for method in SHOWN:
        draws = study.draws(HEADLINE, method)
        if draws is not None:
            at = int(np.abs(draws.y[:, 0]).argmin())
            path = study.paths(HEADLINE, method)[at]
            found[method] = (float(draws.y[at, 0]), path, draws.theta[at])
    return found
