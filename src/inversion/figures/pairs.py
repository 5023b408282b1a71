"""One observation's draws, each coordinate by itself and each two together; not a figure of the study."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from inversion.figures.style import COLOURS, FAINT, draw_to
from inversion.records import write_atomic

MOST = 8  # coordinates: more are no longer seen
SIDE = 1.6  # inches of one panel
BINS = 60
COLOUR = COLOURS["flow"]


def save_pairs(path: Path, theta: Float[np.ndarray, "draw dim"], names: Sequence[str]) -> None:
    """Write the figure, .svg or .png."""
    kind = path.suffix.removeprefix(".")
    write_atomic(path, lambda file: draw_to(file, lambda: pairs(theta, names), kind))


def pairs(theta: Float[np.ndarray, "draw dim"], names: Sequence[str]) -> Figure:
    """Histograms on the diagonal with the central 90 % interval, densities of two coordinates below it."""
    theta, names = theta[:, :MOST], list(names)[:MOST]
    dim = theta.shape[1]
    figure = Figure((SIDE * max(dim, 2), SIDE * max(dim, 2)), layout="constrained")
    grid = figure.subplots(dim, dim, squeeze=False)
    limits = np.quantile(theta, [0.001, 0.999], axis=0).T
    margins = 0.05 * np.maximum(np.diff(limits, axis=1), 1e-9) * np.array([-1, 1])
    limits = limits + margins
    for row in range(dim):
        for column in range(dim):
            axes = grid[row, column]
            if column > row:
                axes.set_axis_off()
                continue
            axes.set_xlim(*limits[column])
            if column == row:
                _alone(axes, theta[:, row], limits[row])
            else:
                _together(axes, theta[:, column], theta[:, row], limits[column], limits[row])
            axes.tick_params(labelleft=column == 0 < row, labelbottom=row == dim - 1)
            axes.locator_params(nbins=3)
            if row == dim - 1:
                axes.set_xlabel(names[column])
            if column == 0 < row:
                axes.set_ylabel(names[row])
    return figure


def _alone(axes, draws, limits) -> None:
    axes.hist(draws, bins=BINS, range=tuple(limits), color=COLOUR, alpha=0.75)
    for end in np.quantile(draws, [0.05, 0.95]):
        axes.axvline(end, color=FAINT, lw=0.8, dashes=(4, 3))
    axes.set_yticks([])


def _together(axes, across, up, across_limits, up_limits) -> None:
    count, _, _ = np.histogram2d(up, across, bins=BINS, range=(up_limits, across_limits))
    share = np.where(count > 0, np.sqrt(count / max(count.max(), 1)), np.nan)
    axes.imshow(
        share,
        extent=(*across_limits, *up_limits),
        origin="lower",
        aspect="auto",
        cmap="Blues",
        vmin=-0.2,
    )
    axes.set_ylim(*up_limits)
