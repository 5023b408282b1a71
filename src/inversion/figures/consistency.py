"""What the draws predict for the observation: A theta = theta_1 + theta_2, over the exact posterior's in grey.

The prior pulls: the exact mean is not quite y, nor the exact standard deviation that of the noise.
"""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.layout import Frame, height_of, panels_in
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import FAINT, INK, WIDTH, colour_of, signed
from inversion.names import method_name

SHOWN = ("flow", "rejection", "rejection_kernel", "rejection_box")
REACH = 0.48  # to both sides of the observation
BINS = 48
FRAME = Frame(left=0.28, right=0.06, top=0.06, bottom=0.45, across=0.1, down=0.14)
PANEL = 1.05


def consistency(study: Study) -> Figure:
    """Histograms, a method in each row and an observation in each column; the standard deviations as text."""
    exact = study.draws(HEADLINE, "exact")
    draws = {method: study.draws(HEADLINE, method) for method in SHOWN}
    draws = {method: record for method, record in draws.items() if record is not None}
    columns = max((len(record.y) for record in draws.values()), default=1)
    rows = max(1, len(draws))
    figure = Figure((WIDTH, height_of(rows, PANEL, FRAME)))
    places = panels_in(figure, rows, columns, FRAME)
    panels = places.subplots(squeeze=False, sharex="col", sharey=True)
    for row, (method, record) in enumerate(draws.items()):
        for column, axes in enumerate(panels[row]):
            reference = None if exact is None else _forward(exact.theta[column])
            _panel(axes, method, _forward(record.theta[column]), reference, record.y[column, 0])
        panels[row][0].set_ylabel(method_name(method), color=colour_of(method), weight="bold")
    for axes in panels[-1]:
        axes.set_xlabel("θ₁ + θ₂")
    return figure


def _forward(theta: Float[np.ndarray, "draw 2"]) -> Float[np.ndarray, " draw"]:
    predicted = theta.astype(np.float64).sum(axis=-1)
    return predicted[np.isfinite(predicted)]


def _panel(
    axes: Axes,
    method: str,
    predicted: Float[np.ndarray, " draw"],
    exact: Float[np.ndarray, " draw"] | None,
    y: float,
) -> None:
    edges = np.linspace(y - REACH, y + REACH, BINS + 1)
    if exact is not None:
        axes.stairs(_density(exact, edges), edges, fill=True, color="#d9dce0")
    axes.stairs(_density(predicted, edges), edges, color=colour_of(method), linewidth=1.4)
    axes.axvline(y, color=INK, linewidth=0.7, dashes=(3, 3))
    axes.set(xlim=(y - REACH, y + REACH), xticks=[y - 0.3, y, y + 0.3], yticks=[])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: signed(value, 1))
    text = f"std {predicted.std():.3f}" if len(predicted) else "no draws"
    _corner(axes, 0.9, text, colour_of(method))
    if exact is not None:
        _corner(axes, 0.7, f"exact {exact.std():.3f}", FAINT)


def _density(values: Float[np.ndarray, " draw"], edges: np.ndarray) -> np.ndarray:
    return np.histogram(values, edges)[0] / (max(1, len(values)) * np.diff(edges))


def _corner(axes: Axes, height: float, text: str, colour: str) -> None:
    axes.text(
        0.99, height, text, transform=axes.transAxes, ha="right", va="center", size=8, color=colour
    )
