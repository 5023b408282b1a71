"""The tables of the page on refinement: where point estimates land, what samplers draw, what a warm start gains."""

from collections.abc import Iterable

import pandas as pd

from inversion.names import in_order
from inversion.report.formats import MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table

TASK = "two_moons_line"
MIDDLE = "1"  # the observation y = 0
POINTS = {
    "parts_found": "Modes found", "off_rate": "Off the arcs", "converged_rate": "Come to rest",
    "iterations": "Iterations", "primal_residual": "Primal", "dual_residual": "Dual",
}  # fmt: skip
DRAWS = {"c2st": "C2ST", "segment_error": "Worst mass error", "mode_tv": "Mode TV"}
WHOLE = {"sbc_p": "SBC p", "tarp_y_p": "TARP p, by y", "record_accepted": "Accepted"}
KEY = ["task", "method", "budget", "seed", "panel", "observation", "score"]


def rows_of(results: Results) -> pd.DataFrame:
    """What was scored of the headline problem, by this study or kept of the grid `refine`, with the seconds kept."""
    scores = pd.concat([results.refine, results.scores])
    scores = scores[scores["task"] == TASK].astype({"budget": int, "observation": str, "seed": str})
    return scores.drop_duplicates(KEY, keep="last")


def refine_points(results: Results) -> str:
    """Point estimates at y = 0: modes found, starts off the arcs, residuals that nine starts in ten are below."""
    scores = rows_of(results)
    landed = scores[(scores["score"] == "off_rate") & ~scores["method"].isin(_sampled(scores))]
    rows = []
    for method, budget in _cells(landed):
        value = _value(scores, method, budget, MIDDLE)
        counted = " of ".join(
            format_number(name, value.get(name)) for name in ("parts_found", "parts")
        )
        told = [format_number(name, value.get(name)) for name in list(POINTS)[1:4]]
        told += [_small(value.get(name)) for name in list(POINTS)[4:]]
        rows.append([method_name(method), format_number("budget", budget), counted, *told])
    return pipe_table(["Method", "Prior draws", *POINTS.values()], rows)


def refine_draws(results: Results) -> str:
    """Samplers under the learned prior, beside the amortised flow: accuracy, calibration, cost."""
    scores = rows_of(results)
    exact = _masses(scores, "exact", 0)
    rows = []
    for method, budget in _cells(scores[scores["method"].isin({"flow", *_sampled(scores)})]):
        at = [_value(scores, method, budget, str(place)) for place in range(3)]
        errors = (_masses(scores, method, budget) - exact).abs()
        whole = _value(scores, method, budget, "all")
        cells = [format_number("c2st", value.get("c2st")) for value in at]
        cells.append(format_number("c2st", errors.max() if len(errors) else None))
        cells += [format_number(name, whole.get(name)) for name in ("sbc_p", "tarp_y_p")]
        accepted = whole.get("record_accepted")
        cells.append(MISSING if accepted is None else format_number("", bool(accepted)))
        cells.append(format_number("cpu_s", _seconds(results, method, budget)))
        rows.append([method_name(method), format_number("budget", budget), *cells])
    titles = [f"C2ST, {y}" for y in results.observations_of(TASK)] or ["C2ST"] * 3
    header = ["Method", "Prior draws", *titles, "Worst mass error", *WHOLE.values(), "CPU"]
    return pipe_table(header, rows)


def refine_ascent(results: Results) -> str:
    """Anchored ascent at y = 0: how far it moves, what that does to log prior and log-likelihood, where it ends."""
    scores = rows_of(results)
    rows = []
    for method, budget in _cells(scores[scores["score"] == "moved"]):
        value = _value(scores, method, budget, MIDDLE)
        names = (
            "log_prior_start",
            "log_prior",
            "log_likelihood_start",
            "log_likelihood",
            "off_rate",
            "mmd",
        )
        cells = [
            _small(value.get("moved")),
            *(format_number(name, value.get(name)) for name in names),
        ]
        rows.append([method_name(method), format_number("budget", budget), *cells])
    header = [
        "Method", "Prior draws", "Moved", "log p(θ), start", "end", "log p(y | θ), start", "end",
        "Off the arcs", "MMD",
    ]  # fmt: skip
    return pipe_table(header, rows)


def _sampled(scores: pd.DataFrame) -> set[str]:
    """The refinements that have a record of chains or runs."""
    return set(scores.loc[scores["score"] == "record_accepted", "method"])


def _cells(scores: pd.DataFrame) -> Iterable[tuple[str, int]]:
    for method in in_order(set(scores["method"])):
        for budget in sorted(set(scores.loc[scores["method"] == method, "budget"])):
            yield method, int(budget)


def _value(scores: pd.DataFrame, method: str, budget: int, at: str) -> dict[str, float]:
    """Scores of one method at an observation, or of the whole panel; means over seeds."""
    mine = (scores["method"] == method) & (scores["budget"] == budget)
    return scores[mine & (scores["observation"] == at)].groupby("score")["value"].mean().to_dict()


def _masses(scores: pd.DataFrame, method: str, budget: int) -> pd.Series:
    """The masses of the arc segments at each observation."""
    mine = (scores["method"] == method) & (scores["budget"] == budget)
    mine &= scores["score"].str.fullmatch(r"segment_\d")
    return scores[mine].groupby(["observation", "score"])["value"].mean()


def _seconds(results: Results, method: str, budget: int) -> float | None:
    """Of one observation of the comparison panel, after training."""
    spent = results.costs
    mine = (spent["task"] == TASK) & (spent["method"] == method) & (spent["budget"] == budget)
    mine &= (spent["panel"] == "comparison") & (spent["observations"] > 0)
    if mine.any():
        return float((spent[mine]["cpu_s"] / spent[mine]["observations"]).mean())
    kept = results.refine
    mine = (kept["method"] == method) & (kept["budget"] == budget) & (kept["score"] == "each_s")
    return float(kept.loc[mine, "value"].mean()) if mine.any() else None


def _small(value: float | None) -> str:
    return MISSING if value is None else f"{value:.1e}"


def refine_speed(results: Results) -> str:
    """What `benchmarks/splitting.py` measured: seconds of a batch of starts, after compiling."""
    rows = [
        [row.split, f"{row.starts:,}", f"{row.iterations:,}", format_number("s_s", row.median_s),
         format_number("s_s", row.low_s), format_number("s_s", row.high_s), row.date, row.machine]
        for row in results.splitting.itertuples()
    ]  # fmt: skip
    header = ["Step", "Starts", "Iterations", "Median", "Least", "Most", "Measured", "Processor"]
    return pipe_table(header, rows)


def refine_reward(results: Results) -> str:
    """What `benchmarks/ascent.py` measured: distance moved, the reward before and after, MMD to the prior's draws."""
    rows = [
        [row.ascent, format_number("draws", row.starts), f"{row.steps:g}", f"{row.rate:g}",
         f"{row.weight:g}", _small(row.moved),
         *(format_number(name, getattr(row, name)) for name in ("reward_start", "reward", "mmd_start", "mmd"))]
        for row in results.ascent.itertuples()
    ]  # fmt: skip
    header = [
        "Objective",
        "Starts",
        "Steps",
        "Rate",
        "Weight",
        "Moved",
        "Reward, start",
        "end",
        "MMD, start",
        "end",
    ]
    return pipe_table(header, rows)


REFINE = {
    "refine_points": refine_points,
    "refine_draws": refine_draws,
    "refine_ascent": refine_ascent,
    "refine_speed": refine_speed,
    "refine_reward": refine_reward,
}
