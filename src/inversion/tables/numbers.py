"""numbers.json: whatever the report quotes in a sentence, by task, method and name."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

WORST = {"rhat": max, "ess_bulk": min, "lag1": max, "divergences": sum}


def numbers(
    params: Mapping[str, Any],
    scores: pd.DataFrame,
    per_method: pd.DataFrame,
    breakeven: pd.DataFrame,
    histories: pd.DataFrame,
    records: Mapping[tuple[str, str], Mapping[str, Any]],
) -> dict[str, Any]:
    """The nested dictionary; the headline's budget is the one that most methods trained on."""
    budgets = scores.loc[scores["budget"] > 0, "budget"]
    budget = int(budgets.mode()[0]) if len(budgets) else 0
    chosen = scores["budget"].isin([0, budget])
    observations = params["panels"]["comparison"]["observations"]
    return {
        "study": {
            "grid": params["grid"],
            "budget": budget,
            "seeds": int(scores.loc[scores["budget"] == budget, "seed"].nunique()),
        },
        "observations": {
            task: [values[0] for values in given]
            for task, given in observations.items()
            if isinstance(given, list) and all(len(values) == 1 for values in given)
        },
        "scores": _by(scores[chosen], ["task", "method", "score"], _score),
        "costs": _costs(per_method[per_method["budget"].isin([0, budget])]),
        "training": _training(histories[histories["budget"] == budget]),
        "breakeven": _by(
            breakeven[breakeven["budget"] == budget],
            ["task", "method", "against"],
            lambda rows: rows[["observations", "low", "high"]].iloc[0].to_dict(),
        ),
        "acceptance": _acceptance(records),
    }


def verdicts(records: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    """Whether each reference was accepted, by task and method, and the first reason why not."""
    nested: dict = {}
    for (task, method), record in records.items():
        entry = {"accepted": record["accepted"], "reasons": record["reasons"][:1]}
        nested.setdefault(task, {})[method] = entry
    return nested


def _by(table: pd.DataFrame, keys: list[str], summary) -> dict:
    nested: dict = {}
    for names, rows in table.groupby(keys):
        inner = nested
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
        inner[names[-1]] = summary(rows)
    return nested


def _spread(values: pd.Series) -> dict[str, float]:
    return {"mean": float(values.mean()), "low": float(values.min()), "high": float(values.max())}


def _score(rows: pd.DataFrame) -> dict[str, float]:
    """Over seeds, of the mean over observations; and each observation by itself."""
    entry = _spread(rows.groupby("seed")["value"].mean())
    for observation, value in rows.groupby("observation")["value"].mean().items():
        if observation != "all":
            entry[f"observation_{observation}"] = float(value)
    return entry


def _costs(per_method: pd.DataFrame) -> dict:
    if per_method.empty:
        return {}
    columns = [name for name in per_method if name.startswith(("upfront_", "observation_"))]
    return _by(per_method, ["task", "method"], lambda rows: rows[columns].mean().to_dict())


def _training(histories: pd.DataFrame) -> dict:
    def summary(rows: pd.DataFrame) -> dict:
        fits = rows.groupby("seed")
        best = rows.loc[fits["validation"].idxmin(), ["seed", "epoch"]].set_index("seed")["epoch"]
        return {
            "validation_min": _spread(fits["validation"].min()),
            "best_epoch": _spread(best),
            "epochs": _spread(fits["epoch"].max()),
        }

    # A training that diverged at once has no best epoch; scores.csv says that it diverged.
    return _by(histories[histories["validation"].notna()], ["task", "method"], summary)


def _acceptance(records: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict:
    """Verdicts of the Markov chain methods on the comparison panel, with the worst number of each kind."""
    nested: dict = {}
    for (task, method), record in records.items():
        found = {name: record["numbers"][name] for name in WORST if name in record["numbers"]}
        if found:
            worst = {name: WORST[name](map(float, values)) for name, values in found.items()}
            entry = {"accepted": record["accepted"], "reasons": record["reasons"][:1], **worst}
            nested.setdefault(task, {})[method] = entry
    return nested
