"""What refinements say of themselves on the comparison panel, as rows of scores.

Of a splitting `converged_rate`, the share of the starts whose residuals lie below the tolerance, `iterations`, and the
`primal_residual` and `dual_residual` that nine starts in ten are below; of an ascent how far it `moved`, and the means
of log prior and log-likelihood at its start and at its end; of chains and runs whether the record `accepted` them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from inversion import grid

COLUMNS = ("task", "method", "budget", "seed", "panel", "observation", "score", "value")
RECORD = "draws/refined/comparison/{task}/{method}/{budget}/{seed}.json"
SCORES = {
    "converged": "converged_rate", "iterations": "iterations", "primal": "primal_residual", "dual": "dual_residual",
    "moved": "moved", "log_prior_start": "log_prior_start", "log_prior": "log_prior",
    "log_likelihood_start": "log_likelihood_start", "log_likelihood": "log_likelihood",
}  # fmt: skip
ACCEPTED = "record_accepted"
POSTERIOR = "rhat"  # what only the record of chains and of runs holds


def recorded_rows(cells: grid.Cells, results: Path) -> pd.DataFrame:
    """Of all refinements of a grid."""
    rows: list[tuple] = []
    for draw in cells.drawn("refined"):
        if draw.panel == "comparison":
            record = json.loads((results / grid.address(RECORD, draw)).read_text())
            names = (draw.task, draw.method, draw.budget, draw.seed, draw.panel)
            rows += [(*names, *row) for row in recorded_scores(record)]
    return pd.DataFrame(rows, columns=COLUMNS)


def recorded_scores(record: dict) -> Iterator[tuple[str, str, float]]:
    """Observation, score and value."""
    numbers = record["numbers"]
    for name, score in SCORES.items():
        for at, value in enumerate(numbers.get(name, ())):
            yield str(at), score, float(value)
    if POSTERIOR in numbers:
        yield "all", ACCEPTED, float(record["accepted"])
