"""Rates of rejection, by task, fault and test, as numbers.json has them."""

import pandas as pd


def rates(counts: pd.DataFrame) -> dict[str, dict]:
    """`rate`, `error` and `repeats` of each row `task`, `fault`, `test`, `repeats`, `rejected`.

    The error is the rate's posterior standard deviation from a flat prior: not 0 where nothing or all was rejected.
    """
    nested: dict = {}
    for row in counts.itertuples(index=False):
        mean, total = (row.rejected + 1) / (row.repeats + 2), row.repeats + 3
        entry = {
            "rate": row.rejected / row.repeats,
            "error_rate": (mean * (1 - mean) / total) ** 0.5,
            "repeats": int(row.repeats),
        }
        nested.setdefault(row.task, {}).setdefault(row.fault, {})[row.test] = entry
    return nested
