"""TARP: coverage of balls around random points, and (dashed) around points that follow the observation.

Each line has its own p-value and the band is each line's own.
"""

import numpy as np
from matplotlib.figure import Figure

from inversion.figures.bands import Lines, p_text, small_panels
from inversion.figures.study import Study

KINDS = {"tarp": "tarp_p", "tarp_y": "tarp_y_p"}  # a curve and its score


def tarp(study: Study) -> Figure:
    """Expected coverage less the credibility level, for each calibrated method."""

    def lines(task: str, method: str) -> Lines | None:
        curves = study.curves(task, method)
        kinds = [] if curves is None else [kind for kind in KINDS if kind in curves]
        if not kinds:
            return None
        num_draws = int(curves["num_draws"])
        ranks = np.stack([curves[kind] for kind in kinds], axis=1) * num_draws
        texts = [p_text(study.score(task, method, KINDS[kind])) for kind in kinds]
        dashed = tuple(place for place, kind in enumerate(kinds) if kind == "tarp_y")
        return Lines(np.rint(ranks).astype(int), num_draws, 0.95, "\n".join(texts), dashed)

    return small_panels(
        study, lines, "credibility",
        "Coverage less credibility. Grey: 95 % band of calibrated draws. Red: outside.\n"
        "Balls around random points: solid, upper p. Around points that follow y: dashed, lower p.",
    )  # fmt: skip
