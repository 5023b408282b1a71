"""What each method costs before the first observation and for each one, and when training has paid for itself."""

import numpy as np
import pandas as pd

from inversion.cost import break_even

CALLS = ("simulator_calls", "likelihood_calls", "gradient_calls", "network_calls")
SCORE = "c2st"  # the accuracy that stands beside a break-even
BREAKEVEN_COLUMNS = (
    "task", "method", "budget", "against", "observations", "low", "high", "score", "accuracy", "accuracy_against",
)  # fmt: skip


def method_costs(
    costs: pd.DataFrame, trainings: dict[str, tuple[str, ...]], panel: str = "comparison"
) -> pd.DataFrame:
    """One row for each task, method, budget and seed.

    `upfront_*` is simulating and training (of the estimators that `trainings` names, if it does), `upfront_compile_s`
    the compiling of both programs, and `observation_*` is one observation of the panel; without any there is no row.
    """
    inverted = costs[
        (costs["panel"] == panel)
        & costs["verb"].isin(["sample", "reference", "refine"])
        & (costs["observations"] > 0)
    ]
    rows = []
    for row in inverted.to_dict("records"):
        same = costs[(costs["task"] == row["task"]) & (costs["budget"] == row["budget"])]
        same = same[same["seed"] == row["seed"]]
        trained = same[
            (same["verb"] == "train")
            & same["method"].isin(trainings.get(row["method"], (row["method"],)))
        ]
        simulated = same[(same["verb"] == "simulate") & (same["panel"] == "")]
        upfront = pd.concat([trained, simulated]) if len(trained) else trained
        entry = {name: row[name] for name in ("task", "method", "budget", "seed")}
        entry["upfront_cpu_s"] = upfront["cpu_s"].sum()
        entry["upfront_wall_s"] = upfront["wall_s"].sum()
        entry["upfront_compile_s"] = upfront["compile_s"].sum() + row["compile_s"]
        entry |= {f"upfront_{name}": int(upfront[name].sum()) for name in CALLS}
        entry["observation_draws"] = row["draws"]
        for name in ("cpu_s", "wall_s", *CALLS):
            entry[f"observation_{name}"] = row[name] / row["observations"]
        rows.append(entry)
    return pd.DataFrame(rows)


def break_even_table(
    per_method: pd.DataFrame, scores: pd.DataFrame, amortised: set[str]
) -> pd.DataFrame:
    """For each amortised method against every other: the observations after which its training has paid.

    `low` and `high` are the extremes over the pairs of seeds on both sides.
    """
    accuracy = (
        scores[scores["score"] == SCORE].groupby(["task", "method", "budget"])["value"].mean()
    )
    rows = []
    for (task, method, budget), ours in per_method.groupby(["task", "method", "budget"]):
        others = per_method[(per_method["task"] == task) & ~per_method["method"].isin(amortised)]
        if method not in amortised:
            continue
        for (against, against_budget), theirs in others.groupby(["method", "budget"]):
            if against_budget not in (0, budget):
                continue
            mean = break_even(
                *_line(ours.mean(numeric_only=True)), *_line(theirs.mean(numeric_only=True))
            )
            pairs = [
                break_even(*_line(a), *_line(b))
                for _, a in ours.iterrows()
                for _, b in theirs.iterrows()
            ]
            rows.append(
                (
                    task, method, budget, against, np.ceil(mean), np.ceil(min(pairs)), np.ceil(max(pairs)), SCORE,
                    accuracy.get((task, method, budget), np.nan),
                    accuracy.get((task, against, against_budget), np.nan),
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=BREAKEVEN_COLUMNS)


def _line(row: pd.Series) -> tuple[float, float]:
    """Intercept and slope of total seconds over observations; compiling is paid once, by every method."""
    return row["upfront_cpu_s"] + row["upfront_compile_s"], row["observation_cpu_s"]
