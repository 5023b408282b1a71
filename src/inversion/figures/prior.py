"""The prior, and for each observation the line of all theta that would give it without noise."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.clouds import LIMIT, line, prior_theta, scatter
from inversion.figures.layout import Frame, panels_in
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import INK, signed

COLOUR = "#7d8894"
FRAME = Frame(left=0.6, right=0.35, top=0.2, bottom=0.45)


def prior(study: Study) -> Figure:
    """A scatter of the prior, crossed by the observations' lines."""
    figure = Figure((5.3, 5.0))
    place = panels_in(figure, 1, 1, FRAME)[0]
    axes = figure.add_subplot(place, aspect="equal", xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT))
    theta = prior_theta(study, HEADLINE)
    if theta is not None:
        scatter(axes, theta, COLOUR, size=7)
    panel = study.panel(HEADLINE, "comparison")
    for y in [] if panel is None else panel.y[:, 0]:
        line(axes, y, INK)
        _label(axes, y)
    axes.set(xlabel="θ₁", ylabel="θ₂", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: signed(value))
    return figure


def _label(axes: Axes, y: float) -> None:
    """The observation, written along the upper end of its line."""
    x, text = y / 2 - 1.47, f"y = {signed(y)}"
    look = {"rotation": -45, "rotation_mode": "anchor", "ha": "center", "va": "bottom"}
    axes.text(x + 0.03, y - x + 0.03, text, **look)
