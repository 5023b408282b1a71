"""Loss over training, on the pairs trained on and on those held out; the dashed floor is the exact posterior's own.

The best epoch, whose parameters are kept, is marked: what comes after it is overfitting.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.layout import Frame, panels_in
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import FAINT, INK, WIDTH, colour_of, signed
from inversion.names import method_name

SHOWN = ("flow_original", "flow", "flow_fresh")
TRAIN = "#a4abb3"
FRAME = Frame(left=0.6, right=0.06, top=0.24, bottom=0.44, across=0.14)


def training(study: Study) -> Figure:
    """One panel for each flow; the first seed strong, the others faint."""
    histories = {method: study.histories(HEADLINE, method) for method in SHOWN}
    histories = {method: seeds for method, seeds in histories.items() if seeds}
    figure = Figure((WIDTH, 3.1))
    places = panels_in(figure, 1, max(1, len(histories)), FRAME)
    panels = places.subplots(sharey=True, squeeze=False)[0]
    floor = study.score(HEADLINE, "exact", "nll")
    for axes, (method, seeds) in zip(panels, histories.items()):
        for place, history in reversed(list(enumerate(seeds.values()))):
            _curves(axes, history, colour_of(method), strong=place == 0)
        _best(axes, next(iter(seeds.values())), colour_of(method))
        axes.set_title(method_name(method), loc="left", weight="bold", color=colour_of(method))
        axes.set_xlabel("epoch")
        axes.set_xlim(left=0)
        if np.isfinite(floor):
            axes.axhline(floor, color=INK, linewidth=0.8, dashes=(4, 3))
    panels[0].set_ylabel("negative log-likelihood (nats)")
    panels[0].set_ylim(*_limits(histories, floor))
    panels[0].yaxis.set_major_formatter(lambda value, _: signed(value, 1))
    _names(panels[0], histories, floor)
    return figure


def _curves(axes: Axes, history: pd.DataFrame, colour: str, strong: bool) -> None:
    alpha, width = (1.0, 0.9) if strong else (0.3, 0.5)
    axes.plot(history["epoch"], history["train"], color=TRAIN, alpha=alpha, linewidth=width)
    axes.plot(history["epoch"], history["validation"], color=colour, alpha=alpha, linewidth=width)


def _best(axes: Axes, history: pd.DataFrame, colour: str) -> None:
    """The epoch of the least validation loss; none where every loss is NaN."""
    if history["validation"].notna().any():
        best = history.loc[history["validation"].idxmin()]
        axes.plot(best["epoch"], best["validation"], "o", color=colour, mec="white", ms=6)
        text = f"● best epoch, {best['epoch']:.0f}"
        axes.text(0.03, 0.03, text, transform=axes.transAxes, color=colour, size=8)


def _limits(histories: dict[str, dict[int, pd.DataFrame]], floor: float) -> tuple[float, float]:
    """All but the first epochs' losses, which are far above the rest."""
    later = [
        history.loc[history["epoch"] > history["epoch"].max() * 0.03, ["train", "validation"]]
        for seeds in histories.values()
        for history in seeds.values()
    ]
    values = np.concatenate([table.to_numpy().ravel() for table in later]) if later else np.zeros(1)
    values = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
    low = min(values.min(), floor) if np.isfinite(floor) else values.min()
    high = np.quantile(values, 0.995)
    margin = 0.08 * max(high - low, 0.1)
    return low - 2 * margin, high + margin


def _names(axes: Axes, histories: dict[str, dict[int, pd.DataFrame]], floor: float) -> None:
    """What the lines are, written on the first panel."""
    if not histories:
        return
    method = next(iter(histories))
    for height, text, colour in (
        (0.95, "held out", colour_of(method)),
        (0.87, "trained on", FAINT),
    ):
        axes.text(0.98, height, text, transform=axes.transAxes, ha="right", color=colour)
    if np.isfinite(floor):
        text, across = f"exact {signed(floor, 2)}", axes.get_yaxis_transform()
        axes.annotate(
            text,
            (0.03, floor),
            (0, -4),
            xycoords=across,
            textcoords="offset points",
            va="top",
            size=8,
        )
