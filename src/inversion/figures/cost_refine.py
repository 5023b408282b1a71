"""Accuracy against seconds: what each way gives for one observation more, and what the first one costs."""

import numpy as np
from matplotlib.figure import Figure

from inversion import grid
from inversion.figures.cost import HALO
from inversion.figures.layout import Frame, panels_in, write
from inversion.figures.study import HEADLINE, Study
from inversion.figures.style import FAINT, WIDTH, colour_of
from inversion.names import in_order, method_name
from inversion.tables.costs import method_costs

FRAME = Frame(left=0.6, right=0.2, top=0.5, bottom=0.45)


def cost_refine(study: Study) -> Figure:
    """A dot at the seconds of one observation, a line from there to those of the first, training included."""
    figure = Figure((WIDTH, 4.2))
    axes = figure.add_subplot(panels_in(figure, 1, 1, FRAME)[0])
    costs = method_costs(study.costs, grid.trainings_of(study.params))
    costs = costs[costs["budget"].isin([0, study.budget]) & (costs["task"] == HEADLINE)]
    columns = ["upfront_cpu_s", "upfront_compile_s", "observation_cpu_s"]
    mean = costs.groupby("method")[columns].mean()
    for method in in_order(set(mean.index)):
        c2st, colour = study.mean_score(HEADLINE, method, "c2st"), colour_of(method)
        if not np.isfinite(c2st):
            continue
        each, first = mean["observation_cpu_s"][method], mean.loc[method].sum()
        axes.plot([each, first], [c2st, c2st], color=colour, lw=1, alpha=0.6)
        points = method in study.params["refinements"] and (
            study.params["refinements"][method]["kind"] in grid.POINT_ESTIMATES
        )
        axes.plot(each, c2st, "D" if points else "o", color=colour, ms=6, mec="white")
        axes.annotate(
            method_name(method), (each, c2st), (0, 6), color=colour, size=7, path_effects=[HALO],
            textcoords="offset points", ha="center",
        )  # fmt: skip
    axes.set(xscale="log", xlabel="processor seconds for one observation", ylabel="C2ST")
    axes.set_ylim(0.49, 1.01)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axes.minorticks_off()
    text = "Dot: one observation more. Line: to the first one, training and compiling included. Diamond: points."
    write(figure, 0.14, text, 8, FAINT)
    write(figure, 0.32, "C2ST against exact draws: 0.5 at best.", 8, FAINT)
    return figure
