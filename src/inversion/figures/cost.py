"""What each way costs in total, against the number of observations inverted.

Total processor seconds are a line, upfront + n each: simulating, training and compiling are paid once. Where a line
crosses the flow's, the flow's training has paid for itself. The names carry the accuracy that was paid for.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from inversion import grid
from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import Study
from inversion.figures.style import (
    FAINT,
    WIDTH,
    colour_of,
    task_name,
)
from inversion.names import in_order, method_name
from inversion.tables.costs import method_costs

OBSERVATIONS = np.geomspace(1, 1e4, 200)
FLOW = "flow"
FRAME = Frame(left=0.78, right=1.55, top=0.5, bottom=0.45, down=0.5)
PANEL = 2.9
HALO = withStroke(linewidth=2.5, foreground="white")


def cost(study: Study) -> Figure:
    """One panel for each task."""
    costs = method_costs(study.costs, grid.trainings_of(study.params))
    costs = costs[costs["budget"].isin([0, study.budget])]
    rows = len(study.tasks)
    figure = Figure((WIDTH, height_of(rows, PANEL, FRAME)))
    panels = panels_in(figure, rows, 1, FRAME).subplots(squeeze=False)[:, 0]
    for axes, task in zip(panels, study.tasks):
        _panel(axes, study, task, costs[costs["task"] == task])
    panels[-1].set_xlabel("observations inverted")
    text = (
        "Dots: after how many observations the flow's training has paid for itself. "
        "Beside each name: its C2ST, 0.50 at best."
    )
    write(figure, 0.12, text, 8, FAINT)
    return figure


def _panel(axes: Axes, study: Study, task: str, costs: pd.DataFrame) -> None:
    mean = costs.groupby("method")[
        ["upfront_cpu_s", "upfront_compile_s", "observation_cpu_s"]
    ].mean()
    once = mean["upfront_cpu_s"] + mean["upfront_compile_s"]
    totals = {
        method: once[method] + OBSERVATIONS * mean["observation_cpu_s"][method]
        for method in in_order(set(mean.index))
    }
    for method, total in totals.items():
        width, style = (2.2, "-") if method == FLOW else (1.3, "--" if method == "exact" else "-")
        axes.loglog(OBSERVATIONS, total, color=colour_of(method), linewidth=width, linestyle=style)
    axes.set(xlim=(1, OBSERVATIONS[-1]), ylabel="processor seconds in total")
    axes.set_title(task_name(task), loc="left", weight="bold", size=10)
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    _names(axes, study, task, {method: total[-1] for method, total in totals.items()})
    if FLOW in mean.index:
        _crossings(axes, study, task, once[FLOW], mean["observation_cpu_s"][FLOW])


def _names(axes: Axes, study: Study, task: str, ends: dict[str, float]) -> None:
    """Each line's name and accuracy at its right end, moved apart where they would overlap."""
    low, high = np.log10(axes.get_ylim())
    heights = (np.log10(list(ends.values())) - low) / (high - low)
    for method, at, height in zip(ends, heights, apart(heights, 0.066)):
        c2st, colour = study.mean_score(task, method, "c2st"), colour_of(method)
        text = method_name(method) + (f"  {c2st:.2f}" if np.isfinite(c2st) else "")
        place = {"xycoords": "axes fraction", "textcoords": "axes fraction", "va": "center"}
        arrow = {"arrowstyle": "-", "color": colour, "lw": 0.6, "relpos": (0, 0.5), "shrinkA": 1}
        axes.annotate(
            text, (1, at), (1.05, height), color=colour, arrowprops=arrow, size=8, **place
        )


def _crossings(axes: Axes, study: Study, task: str, once: float, each: float) -> None:
    """The break-even counts of the flow, where they lie in the picture; close ones above each other."""
    table = study.breakeven
    ours = (table["task"] == task) & (table["method"] == FLOW) & (table["budget"] == study.budget)
    inside = (table["observations"] > 1) & (table["observations"] < OBSERVATIONS[-1])
    chosen = table[ours & inside & (table["against"] != "exact")].sort_values("observations")
    level, before = 0, 0.0
    for against, count in zip(chosen["against"], chosen["observations"]):
        level = level + 1 if before and count / before < 2 else 0
        before, place = count, (count, once + count * each)
        axes.plot(*place, "o", color=colour_of(against), mec="white", ms=7, zorder=5)
        look = {"color": colour_of(against), "weight": "bold", "path_effects": [HALO], "zorder": 6}
        above = {"textcoords": "offset points", "ha": "center", "va": "bottom"}
        axes.annotate(f"{count:,.0f}", place, (0, 7 + 10 * level), **above, **look)


def apart(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights in [0, 1] in the same order, pushed up and down until neighbours are `gap` apart."""
    order = np.argsort(heights, kind="stable")
    moved = np.array(heights, dtype=float)[order]
    for _ in range(500):
        push = np.maximum(gap - np.diff(moved), 0) / 2
        moved[:-1] -= push
        moved[1:] += push
        moved = np.clip(moved, 0, 1)
    return moved[np.argsort(order, kind="stable")]
