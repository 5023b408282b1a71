"""Calibration on the simulators that cDiff was published with: how uniform ranks are, and what chance makes."""

import pandas as pd

from inversion.report.formats import MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table, task_name

# Chen, Bansal and Scott, 2025, arXiv 2410.19105: observations of one row, sets, series.
SIMULATORS = (
    "cos", "witch_hat", "socks", "species_sampling", "dirichlet_multinomial", "poisson_gamma", "dirichlet_laplace",
    "normal_gamma", "normal_wishart", "g_and_k",
    "lotka_volterra_series", "markov_switching", "stochastic_volatility", "fractional_brownian", "minnesota_var",
)  # fmt: skip
LOSS, UPFRONT = "validation_loss", "upfront_s"
DISTANCES = {"sbc_ks_mean": "Mean", "sbc_ks": "Largest"}
HEADER = ["Problem", "Method", "Simulations", "Validation loss"]
HEADER += [text for title in DISTANCES.values() for text in (title, "95 % of chance")]


def simulators(results: Results) -> str:
    """A row for each method that git keeps of a simulator, the least validation loss first.

    A distance is bold where it is at most the 95 % point of a perfect posterior, which stands beside it. The exact
    posterior is trained on nothing.
    """
    rows = []
    for task in SIMULATORS:
        methods = _methods(results, task)
        for (method, budget), row in methods.iterrows():
            cells = [
                format_number("budget", budget) if budget else MISSING,
                format_number(LOSS, row[LOSS]),
                *(cell for name in DISTANCES for cell in _beside(row, name)),
                format_number(UPFRONT, row[UPFRONT]),
            ]
            rows.append([task_name(task), method_name(method), *cells])
        if methods.empty:
            rows.append([task_name(task), *[MISSING] * len(HEADER)])
    return pipe_table([*HEADER, "CPU"], rows, text_columns=2)


def _methods(results: Results, task: str) -> pd.DataFrame:
    """Means over seeds by method and budget."""
    names = [*DISTANCES, *(f"{name}_95" for name in DISTANCES)]
    kept = results.benchmark[results.benchmark["task"] == task].astype({"budget": int})
    means = kept.groupby(["method", "budget", "score"])["value"].mean().unstack()
    means = means.reindex(columns=[*names, UPFRONT, LOSS]).dropna(subset=names)
    return means.sort_values([LOSS, "method"])


def _beside(row: pd.Series, name: str) -> tuple[str, str]:
    """A distance and its point."""
    value, point = row[name], row[f"{name}_95"]
    text = format_number(name, value)
    return f"**{text}**" if value <= point else text, format_number(name, point)
