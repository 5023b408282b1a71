"""Small panels, one for each method, of how far an empirical distribution of ranks is from the uniform one.

The grey band holds the whole line of a calibrated method with the probability asked for; a panel in which a line
leaves it is tinted. A line above at the left and below at the right is a posterior too narrow, the reverse one too
wide; one that stays above is shifted upwards.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from inversion.diagnostics.uniformity import ecdf_band
from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import Study
from inversion.figures.style import (
    ALARM,
    FAINT,
    INK,
    WIDTH,
    colour_of,
    signed,
    task_name,
)
from inversion.names import in_order, method_name

COLUMNS = 5
FRAME = Frame(left=0.5, right=0.06, top=0.5, bottom=0.44, across=0.15, down=0.28)
PANEL, HEADING = 1.05, 0.42  # inches


class Lines(NamedTuple):
    """What one panel shows: ranks in {0, ..., num_draws}, line by line, the level of the band, and a text of p."""

    ranks: Int[np.ndarray, "obs line"]
    num_draws: int
    level: float
    p_text: str
    dashed: tuple[int, ...] = ()


def small_panels(
    study: Study, lines_of: Callable[[str, str], Lines | None], across: str, heading: str
) -> Figure:
    """All methods that `lines_of(task, method)` finds lines for, task by task."""
    blocks = {task: _found(study, task, lines_of) for task in study.tasks}
    blocks = {task: found for task, found in blocks.items() if found}
    rows = [-(-len(found) // COLUMNS) for found in blocks.values()]
    heights = [height_of(row, PANEL, FRAME) for row in rows]
    figure = Figure((WIDTH, HEADING + sum(heights)))
    write(figure, HEADING / 2, heading, 8, FAINT).set_linespacing(1.4)
    above, below = HEADING, sum(heights)
    for (task, found), row, height in zip(blocks.items(), rows, heights):
        below -= height
        frame = FRAME._replace(top=above + FRAME.top, bottom=below + FRAME.bottom)
        write(figure, above + 0.15, task_name(task), 10, INK, "bold")
        _block(panels_in(figure, row, COLUMNS, frame), found, across)
        above += height
    return figure


def _found(
    study: Study, task: str, lines_of: Callable[[str, str], Lines | None]
) -> dict[str, Lines]:
    methods = {cell.method for cell in study.cells.calibrations if cell.task == task}
    found = {method: lines_of(task, method) for method in in_order(methods)}
    return {method: lines for method, lines in found.items() if lines is not None}


def _block(places: GridSpec, found: dict[str, Lines], across: str) -> None:
    panels = places.subplots(sharex=True, sharey=True, squeeze=False)
    for axes in panels.flat[len(found) :]:
        axes.set_visible(False)
    for axes, (method, lines) in zip(panels.flat, found.items()):
        _panel(axes, method, lines)
    for axes in panels[-1]:
        axes.set_xlabel(across, size=8)


def _panel(axes: Axes, method: str, lines: Lines) -> None:
    band = ecdf_band(len(lines.ranks), lines.num_draws, lines.level)
    axes.fill_between(band.z, band.low - band.z, band.high - band.z, color="#dfe2e6", lw=0)
    axes.axhline(0, color=FAINT, linewidth=0.6)
    outside = False
    for column, ranks in enumerate(lines.ranks.T):
        shares = ecdf(ranks, lines.num_draws)
        style = (0, (3, 2)) if column in lines.dashed else "solid"
        axes.plot(band.z, shares - band.z, color=colour_of(method), lw=1.1, linestyle=style)
        outside |= bool(((shares < band.low) | (shares > band.high)).any())
    axes.set_facecolor(ALARM if outside else "none")
    axes.set_title(method_name(method), loc="left", size=8, weight="bold", color=colour_of(method))
    axes.text(
        0.97, 0.94, lines.p_text, transform=axes.transAxes, ha="right", va="top", size=8, color=INK
    )
    axes.set(xlim=(0, 1), xticks=[0, 0.5, 1])
    axes.margins(y=0.25)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(lambda value, _: signed(value, 2))


def ecdf(ranks: Int[np.ndarray, " obs"], num_draws: int) -> Float[np.ndarray, " draw"]:
    """Share of the ranks <= k, for k = 0, ..., num_draws - 1: the places of the band."""
    return np.cumsum(np.bincount(ranks, minlength=num_draws + 1))[:-1] / len(ranks)


def p_text(p: float) -> str:
    if np.isnan(p):
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.01 else f"p = {p:.2f}"
