"""Which test sees which fault: the share of rejections, a row for each fault and a column for each test.

The first row of each problem is the exact posterior, which should be as pale as the level.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import Study
from inversion.figures.style import FAINT, INK, WIDTH, task_name
from inversion.names import FAULTS, TESTS, in_order

FRAME = Frame(left=1.5, right=0.6, top=0.3, bottom=0.1)
ROW, LABELS = 0.27, 1.15  # inches
LEFT_OUT = {"check_elsewhere"}  # blind to all, as its other half: in the tables alone
SHADES = LinearSegmentedColormap.from_list("share", ["#f6f8fa", "#a6cbe3", "#0072b2"])
DARK = 0.6  # a share from which on its text is white


def power(study: Study) -> Figure:
    """A block for each task that the grid asks for; a panel without text where it asks for none."""
    tables = {cell.task: study.power(cell.task) for cell in study.cells.powers}
    heights = [height_of(1, ROW * table["fault"].nunique(), FRAME) for table in tables.values()]
    figure = Figure((WIDTH, LABELS + max(0.5, sum(heights))))
    made = {test for table in tables.values() for test in table["test"]}
    tests = in_order(made - LEFT_OUT, TESTS)
    above, below = LABELS, sum(heights)
    for (task, table), height in zip(tables.items(), heights):
        below -= height
        frame = FRAME._replace(top=above + FRAME.top, bottom=below + FRAME.bottom)
        first = above == LABELS  # whose title stands above the labels of the columns
        write(figure, above + (-0.85 if first else 0.15), task_name(task), 10, INK, "bold")
        (axes,) = panels_in(figure, 1, 1, frame).subplots(squeeze=False)[0]
        _block(axes, table, tests, labelled=first)
        above += height
    write(figure, LABELS - 0.6, "rejected, % of panels", 8, FAINT)
    return figure


def _block(axes: Axes, table: pd.DataFrame, tests: list[str], labelled: bool) -> None:
    table = table.assign(rate=table["rejected"] / table["repeats"])
    faults = list(dict.fromkeys(table["fault"]))
    shares = table.pivot(index="fault", columns="test", values="rate").reindex(
        faults, columns=tests
    )
    values = shares.to_numpy()
    axes.pcolormesh(values, cmap=SHADES, vmin=0, vmax=1, edgecolors="white", linewidth=1.2)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "white" if value >= DARK else INK
            text = f"{100 * value:.0f}"
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", size=8, color=colour)
    axes.set(ylim=(len(faults), 0), xticks=[], yticks=np.arange(len(faults)) + 0.5)
    axes.set_yticklabels([FAULTS.get(fault, fault) for fault in faults])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if labelled:
        axes.xaxis.tick_top()
        axes.set_xticks(np.arange(len(tests)) + 0.5, [TESTS.get(test, test) for test in tests])
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="left", rotation_mode="anchor")
