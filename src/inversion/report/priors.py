"""The tables of the page on learned priors: what each one misses of the prior, and what its fit took."""

from collections.abc import Callable

import pandas as pd

from inversion.names import PRIORS, in_order
from inversion.report.formats import format_number
from inversion.report.results import Results, pipe_table
from inversion.tables.priors import TRAIN

# Each stands as what it is above the exact density's where there is one.
LOSSES = {"nll": "NLL", "bound_nll": "Bound", "elbo_nll": "Bound by one draw"}
EXCESSES = {f"excess_{name}": f"{title}, excess" for name, title in LOSSES.items()}
DRAWS = {
    "active_units": "Active units", "mode_error": "Worst mass of a mode", "segment_error": "Worst mass of a segment",
    "off_rate": "Off the prior", "sliced_wasserstein": "Sliced Wasserstein",
}  # fmt: skip
FIT = {TRAIN: "Fit, CPU"}


def priors_table(results: Results, task: str) -> str:
    """A row for each learned prior; a column for each score that any of them has."""
    rows = results.priors[results.priors["task"] == task]
    means = rows.groupby(["method", "score"])["value"].mean()
    made = set(rows["score"])
    losses = EXCESSES if made & set(EXCESSES) else LOSSES
    columns = {name: title for name, title in (losses | DRAWS | FIT).items() if name in made}
    lines = [
        [PRIORS.get(method, f"`{method}`"), *(_cell(means, method, name) for name in columns)]
        for method in in_order(set(rows["method"]), PRIORS)
    ]
    return pipe_table(["Learned prior", *columns.values()], lines)


def _cell(means: pd.Series, method: str, score: str) -> str:
    """A score, and its standard error where it has one."""
    text = format_number(score, means.get((method, score)))
    error = means.get((method, f"{score}_se"))
    return text if error is None else f"{text} [± {error:.4f}]{{.spread}}"


def _of(task: str) -> Callable[[Results], str]:
    return lambda results: priors_table(results, task)


PRIOR_TABLES = {
    f"priors_{task}": _of(task) for task in ("two_moons_line", "eight_gaussians", "digits_inpaint")
}
