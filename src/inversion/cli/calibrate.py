"""Score a method's draws against the parameters that made the observations."""

import argparse

from inversion.cli.common import SCORE_COLUMNS, add_cell, read_cell, score_rows, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--draws", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--curves", required=True, help="what the figures show: ranks, coverages")


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "root_seed", "task", "method", "budget", "seed")
    import numpy as np

    from inversion.diagnostics import CALIBRATION
    from inversion.diagnostics.points import point_scores
    from inversion.records import Draws, write_atomic

    draws = Draws.load(arguments.draws)
    scores, curves = {}, {"num_draws": np.asarray(draws.theta.shape[1])}
    if draws.levels is not None:
        scores = point_scores(draws.theta_true, draws.mean, draws.quantiles, draws.levels)
    for diagnose in CALIBRATION.values() if draws.levels is None else ():
        values, arrays = diagnose(
            draws.theta_true,
            draws.theta,
            y=draws.y,
            log_prob_true=draws.log_prob_true,
            log_prob=draws.log_prob,
            seed=cell["root_seed"],
        )
        scores |= values
        curves |= arrays

    def write(path):
        with path.open("wb") as file:
            np.savez(file, **curves)

    write_atomic(arguments.curves, write)
    write_table(arguments.out, score_rows(cell, "calibration", "all", scores), SCORE_COLUMNS)
