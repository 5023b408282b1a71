"""The flow against the references: draws of each method in a row, each observation in a column."""

from matplotlib.figure import Figure

from inversion.figures.clouds import crescents, dot, line, prior_theta, scatter
from inversion.figures.layout import Frame, height_of, panels_in
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import WIDTH, colour_of, signed
from inversion.names import method_name

SHOWN = ("exact", "flow", "rejection_box", "nuts", "latent_nuts", "hqs")
FRAME = Frame(left=0.28, right=0.04, top=0.26, bottom=0.04, across=0.08, down=0.08)
PANEL = 1.34


def posteriors(study: Study) -> Figure:
    """A grid of scatters over the prior and the observation's line."""
    draws = {method: study.draws(HEADLINE, method) for method in SHOWN}
    draws = {method: record for method, record in draws.items() if record is not None}
    columns = max((len(record.y) for record in draws.values()), default=1)
    rows = max(1, len(draws))
    figure = Figure((WIDTH, height_of(rows, PANEL, FRAME)))
    places = panels_in(figure, rows, columns, FRAME)
    prior = prior_theta(study, HEADLINE)
    for row, (method, record) in enumerate(draws.items()):
        for column, (y, theta) in enumerate(zip(record.y[:, 0], record.theta)):
            axes = figure.add_subplot(places[row, column])
            crescents(axes, prior)
            line(axes, y)
            scatter(axes, theta, colour_of(method), dot(method, 3))
            if row == 0:
                axes.set_title(f"y = {signed(y)}")
            if column == 0:
                axes.set_ylabel(method_name(method), color=colour_of(method), weight="bold")
    return figure
