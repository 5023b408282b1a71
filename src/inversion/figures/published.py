"""Panels, one for each of sbibm's tasks, of C2ST along some cost: what was published behind what was made here."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from inversion.figures.layout import Frame, height_of, panels_in
from inversion.figures.style import FAINT, INK, WIDTH, colour_of, task_name
from inversion.names import in_order, method_name
from inversion.sbibm import FILES

COLUMNS, PANEL = 2, 1.45
FRAME = Frame(left=0.62, right=0.3, top=1.06, bottom=0.45, across=0.35, down=0.42)
AMORTISED, SEQUENTIAL, BEST = "#b9c0c8", "#d8a56b", "NPE"
LOOKS = {
    "published, one training for all": {"color": AMORTISED, "marker": "o", "ls": "-"},
    "published, anew for each": {"color": SEQUENTIAL, "marker": "^", "ls": "--"},
    "NPE of sbibm": {"color": INK, "marker": "o", "ls": "-"},
}


def panels(ours: pd.DataFrame, theirs: pd.DataFrame, label: str) -> Figure:
    """`ours` and `theirs` have `task`, `name`, `cost` and `value`; ours by `seed`, theirs `sequential`."""
    rows = -(-len(FILES) // COLUMNS)
    figure = Figure((WIDTH, height_of(rows, PANEL, FRAME)))
    axes_of = panels_in(figure, rows, COLUMNS, FRAME).subplots(sharex=True, sharey=True)
    for axes, task in zip(axes_of.flat, FILES):
        axes.set_xscale("log")
        _published(axes, theirs[theirs["task"] == task])
        _made(axes, ours[ours["task"] == task])
        axes.axhline(0.5, color=FAINT, linewidth=0.7, dashes=(4, 3))
        axes.set(ylim=(0.47, 1.02), yticks=[0.5, 0.75, 1.0])
        axes.set_title(task_name(task), loc="left", weight="bold")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(_count)
    for axes in axes_of[-1]:
        axes.set_xlabel(label)
    for axes in axes_of[:, 0]:
        axes.set_ylabel("C2ST")
    _legend(figure, in_order(set(ours["name"])))
    return figure


def _published(axes: Axes, theirs: pd.DataFrame) -> None:
    for name, line in theirs.sort_values("cost").groupby("name"):
        look = list(LOOKS.values())[2 if name == BEST else int(line["sequential"].iloc[0])]
        size = {"lw": 1.0, "ms": 3} if name == BEST else {"lw": 0.7, "ms": 2.5}
        axes.plot(line["cost"], line["value"], **look, **size, zorder=3 if name == BEST else 2)


def _made(axes: Axes, ours: pd.DataFrame) -> None:
    """Mean over seeds, and a bar over their range."""
    for method in in_order(set(ours["name"])):
        points = ours[ours["name"] == method].groupby("budget")
        cost, value = points["cost"].mean(), points["value"].mean()
        look = {"color": colour_of(method), "lw": 1.8}
        axes.plot(cost, value, marker="o", mec="white", ms=6, zorder=5, **look)
        reach = [points["value"].min(), points["value"].max()]
        axes.plot([cost, cost], reach, zorder=4, **look)


def _legend(figure: Figure, methods: Iterable[str]) -> None:
    handles = [Line2D([], [], **look, lw=1.0, ms=4, label=name) for name, look in LOOKS.items()]
    handles += [
        Line2D([], [], color=colour_of(name), marker="o", mec="white", ms=6, lw=1.8,
               label=f"here: {method_name(name)}")
        for name in methods
    ]  # fmt: skip
    place = {"loc": "upper left", "bbox_to_anchor": (0.01, 1.0)}
    figure.legend(handles=handles, **place, ncols=3, frameon=False, fontsize=8)


def _count(value: float, _: int) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
