"""Simulation-based calibration: the ranks of the true parameter among the draws, a line for each coordinate.

The band holds all coordinates at once (Bonferroni), as the p-value does: a line leaves it exactly where p < 0.05.
"""

from matplotlib.figure import Figure

from inversion.figures.bands import Lines, p_text, small_panels
from inversion.figures.study import Study


def sbc(study: Study) -> Figure:
    """ECDF of the ranks less the uniform's, for each calibrated method."""

    def lines(task: str, method: str) -> Lines | None:
        curves = study.curves(task, method)
        if curves is None or "ranks" not in curves:
            return None
        ranks = curves["ranks"]
        p = study.score(task, method, "sbc_p")
        return Lines(ranks, int(curves["num_draws"]), 1 - 0.05 / ranks.shape[1], p_text(p))

    return small_panels(
        study, lines, "rank / draws",
        "Share of ranks below, less the uniform's. Grey: 95 % band of calibrated draws. Red: outside.\n"
        "A line for each coordinate; the band and p hold for all of them at once.",
    )  # fmt: skip
