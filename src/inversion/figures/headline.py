"""The picture of the whole study: at one observation, what each way draws, and how far that is from exact.

Accuracy is the C2ST of the draws shown. What they cost is another figure, since seconds are never the same twice.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.clouds import crescents, dot, line, prior_theta, scatter
from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import FAINT, INK, WIDTH, colour_of, signed
from inversion.names import method_name

SHOWN = ("exact", "flow", "latent_nuts", "nuts", "rejection_box", "hqs")
COLUMNS = 3
FRAME = Frame(left=0.05, right=0.05, top=0.86, bottom=0.05, across=0.22, down=0.3)
PANEL = (WIDTH - 0.1 - 0.44) / COLUMNS  # square


def headline(study: Study) -> Figure:
    """Small panels of draws at the observation next to 0, in the order exact, flow, refinements, references."""
    draws = {method: study.draws(HEADLINE, method) for method in SHOWN}
    draws = {method: record for method, record in draws.items() if record is not None}
    rows = max(1, -(-len(draws) // COLUMNS))
    figure = Figure((WIDTH, height_of(rows, PANEL, FRAME)))
    places = panels_in(figure, rows, COLUMNS, FRAME)
    prior = prior_theta(study, HEADLINE)
    for place, (method, record) in enumerate(draws.items()):
        axes = figure.add_subplot(places[place], aspect="equal")
        at = int(np.abs(record.y[:, 0]).argmin())
        crescents(axes, prior)
        line(axes, record.y[at, 0])
        scatter(axes, record.theta[at], colour_of(method), dot(method, 5))
        _title(axes, method, study.score(HEADLINE, method, "c2st", str(at)))
    observed = {signed(record.y[np.abs(record.y[:, 0]).argmin(), 0]) for record in draws.values()}
    _caption(figure, " or ".join(sorted(observed)))
    return figure


def _title(axes: Axes, method: str, c2st: float) -> None:
    axes.set_title(method_name(method), loc="left", weight="bold", color=colour_of(method))
    if np.isfinite(c2st):
        axes.set_title(f"C2ST {c2st:.2f}", loc="right")


def _caption(figure: Figure, observed: str) -> None:
    text = f"Two moons seen along a line: draws of θ given θ₁ + θ₂ + noise = {observed}"
    write(figure, 0.2, text, 11, INK, "bold")
    text = (
        "C2ST: how often a classifier tells the draws from exact ones. "
        "0.50: no better than a coin, 1.00: always. Grey: the prior."
    )
    write(figure, 0.44, text, 8, FAINT)
