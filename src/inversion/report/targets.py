"""What was asked of the headline problem, and what was measured: the table of bounds."""

import pandas as pd

from inversion.report.formats import MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table

TASK = "two_moons_line"
MIDDLE = 1  # the observation y = 0
# What is asked of a flow's excess NLL, by what it learns from; the original's settings are not asked.
EXCESS = {"flow": 0.065, "flow_fresh": 0.035}
FLOWS = (*EXCESS, "flow_original")

# What, the bound by flow, the score, and at which observation; None is the worst of all.
BOUNDS = (
    ("Excess NLL", EXCESS, "excess_nll", "mean"),
    ("Mean of Aθ, worst error", dict.fromkeys(EXCESS, 0.01), "consistency_mean_error", None),
    (
        "Standard deviation of Aθ, worst error",
        dict.fromkeys(EXCESS, 0.004),
        "consistency_std_error",
        None,
    ),
    ("Crescent mass, worst error", dict.fromkeys(EXCESS, 0.02), "crescent_tv", None),
    ("Arc segments at y = 0, total variation", dict.fromkeys(EXCESS, 0.04), "segment_tv", MIDDLE),
)


def targets(results: Results) -> str:
    """A row for each quantity: the bound, and what each flow reached, set bold where it keeps its bound."""
    scores = results.numbers["scores"].get(TASK, {})
    rows = []
    for what, bounds, score, place in BOUNDS:
        asked = " / ".join(f"{bound:g}" for bound in dict.fromkeys(bounds.values()))
        values = {flow: _value(scores.get(flow, {}).get(score, {}), place) for flow in FLOWS}
        cells = [_judged(score, value, bounds.get(flow)) for flow, value in values.items()]
        rows.append([what, f"≤ {asked}", *cells])
    many = _many_pairs(results.benchmark)
    rows.append(["Excess NLL from 200,000 pairs", "≤ 0.01", many, *[MISSING] * (len(FLOWS) - 1)])
    return pipe_table(["Quantity", "Asked", *map(method_name, FLOWS)], rows)


def times(results: Results) -> str:
    """How long the commands take, by the clock."""
    rows = [
        [
            f"`{row.command}`",
            row.state,
            f"≤ {row.asked_min:g} min",
            f"{row.minutes:.1f} min",
            row.made,
        ]
        for row in results.times.itertuples()
    ]
    return pipe_table(["Command", "From", "Asked", "Taken", "Measured"], rows, text_columns=2)


def _value(entry: dict, place: str | int | None) -> float | None:
    if place is None:
        return max(
            (v for name, v in entry.items() if name.startswith("observation_")), default=None
        )
    return entry.get(place if isinstance(place, str) else f"observation_{place}")


def _judged(score: str, value: float | None, bound: float | None) -> str:
    text = format_number(score, value)
    return f"**{text}**" if value is not None and bound is not None and value <= bound else text


def _many_pairs(benchmark: pd.DataFrame) -> str:
    rows = benchmark[
        (benchmark["task"] == TASK)
        & (benchmark["method"] == "flow")
        & (benchmark["budget"].astype(int) == 200_000)
        & (benchmark["score"] == "excess_nll")
    ]
    return _judged("excess_nll", float(rows["value"].mean()), 0.01) if len(rows) else MISSING
