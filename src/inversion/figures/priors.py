"""Draws of every learned prior in the plane of theta, beside draws of the prior itself."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.clouds import scatter
from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import Study
from inversion.figures.style import INK, WIDTH, bare, colour_of, task_name
from inversion.names import PRIORS, in_order
from inversion.tables.priors import prior_draws

FRAME = Frame(left=0.1, right=0.1, top=0.5, bottom=0.05, across=0.12, down=0.3)
COLUMNS, PANEL = 4, 1.72  # inches
LIMITS = {"two_moons_line": 2.2, "eight_gaussians": 4.2}
PLANE = 2  # coordinates that a scatter shows


def priors(study: Study) -> Figure:
    """A block of panels for each task of two dimensions, a panel for each learned prior."""
    draws = prior_draws(study.results, study.params, study.report)
    draws = {names: theta for names, theta in draws.items() if theta.shape[1] == PLANE}
    blocks = {
        task: in_order([method for other, method in draws if other == task], PRIORS)
        for task in dict.fromkeys(task for task, _ in draws)
    }
    rows = {task: -(-len(methods) // COLUMNS) for task, methods in blocks.items()}
    heights = {task: height_of(count, PANEL, FRAME) for task, count in rows.items()}
    figure = Figure((WIDTH, max(0.5, sum(heights.values()))))
    above, below = 0.0, sum(heights.values())
    for task, methods in blocks.items():
        below -= heights[task]
        write(figure, above + 0.12, task_name(task), 10, INK, "bold")
        frame = FRAME._replace(top=above + FRAME.top, bottom=below + FRAME.bottom)
        places = panels_in(figure, rows[task], COLUMNS, frame)
        for place, method in zip(places, methods):
            limit = LIMITS.get(task, np.abs(draws[task, method]).max())
            axes = figure.add_subplot(place, aspect="equal")
            _panel(axes, draws[task, method], method, limit)
        above += heights[task]
    return figure


def _panel(axes: Axes, theta: Float[np.ndarray, "draw 2"], method: str, limit: float) -> None:
    bare(axes)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    axes.set_title(PRIORS.get(method, method), size=8, pad=3)
    scatter(axes, theta, colour_of(method), size=3)
