"""Draws in the plane of theta: the crescents of the prior behind, the observation's line, the draws in front."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from inversion.figures.study import Study
from inversion.figures.style import FAINT, bare
from inversion.grid import POINT_ESTIMATES

LIMIT = 2.1  # standardised units: the whole prior
SHOWN = 2000


def crescents(axes: Axes, theta: Float[np.ndarray, "n 2"] | None) -> None:
    """Where the prior has mass, in grey."""
    bare(axes)
    axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT))
    if theta is None:
        return
    edges = np.linspace(-LIMIT, LIMIT, 81)
    count, _, _ = np.histogram2d(theta[:, 1], theta[:, 0], bins=(edges, edges))
    extent = (-LIMIT, LIMIT, -LIMIT, LIMIT)
    share = count / max(count.max(), 1)
    share = np.where(share > 0.03, np.minimum(share, 0.5), np.nan)
    greys = ListedColormap(np.linspace([0.965] * 3, [0.89] * 3, 32))
    axes.imshow(share, cmap=greys, origin="lower", extent=extent, aspect="auto", zorder=0)


def line(axes: Axes, y: float, colour: str = FAINT) -> None:
    """The thetas with theta_1 + theta_2 = y."""
    ends = [-LIMIT, LIMIT]
    axes.plot(ends, [y - end for end in ends], color=colour, lw=0.8, dashes=(4, 3), zorder=1)


def scatter(axes: Axes, theta: Float[np.ndarray, "draw 2"], colour: str, size: float) -> None:
    """At most `SHOWN` draws, spread over all of them: chains come one after the other.

    `size` is a dot's area in square points.
    """
    chosen = np.linspace(0, len(theta) - 1, min(SHOWN, len(theta))).astype(int)
    theta = theta[chosen]
    look = {"c": colour, "s": size, "alpha": 0.35, "linewidths": 0, "zorder": 2}
    axes.scatter(theta[:, 0], theta[:, 1], rasterized=True, **look)


def dot(method: str, size: float) -> float:
    """The size of a method's dots: draws that fall on few points would hardly be seen."""
    return 4 * size if method in POINT_ESTIMATES else size


def prior_theta(study: Study, task: str) -> Float[np.ndarray, "n 2"] | None:
    """Draws of the prior: the largest panel's parameters."""
    panels = (study.panel(task, name) for name in ("density", "calibration"))
    return next((panel.theta for panel in panels if panel is not None), None)
