"""Our C2ST on sbibm's observations beside what others published, and our references beside its draws."""

import pandas as pd

from inversion.names import in_order
from inversion.report.formats import MISSING, format_number, format_spread
from inversion.report.results import Results, method_name, pipe_table, task_name
from inversion.sbibm import FILES, OBSERVATIONS
from inversion.tables.published import ACCEPTED, C2ST, SECONDS, theirs

BUDGETS = (1_000, 10_000, 100_000)
# The mean C2ST that is asked of us at each budget.
ASKED = {
    "two_moons": (0.60, 0.525, 0.510),
    "gaussian_linear": (0.58, 0.520, 0.505),
    "gaussian_linear_uniform": (0.60, 0.525, 0.506),
    "gaussian_mixture": (0.60, 0.54, 0.515),
    "slcp": (0.88, 0.70, 0.56),
    "slcp_distractors": (0.96, 0.85, 0.70),
    "bernoulli_glm": (0.72, 0.59, 0.53),
    "bernoulli_glm_raw": (0.85, 0.68, 0.56),
    "sir": (0.72, 0.58, 0.54),
    "lotka_volterra": (0.98, 0.95, 0.85),
}
SAME = 0.52  # two samples of one posterior are not told apart by more than this


def sbibm(results: Results) -> str:
    """A row for each task, budget and method: the mean over observations, its cost, what was asked and published."""
    published, rows = theirs(results.published, "C2ST_mean"), []
    for task in FILES:
        for budget, asked in zip(BUDGETS, ASKED[task], strict=True):
            here = _cells(results.sbibm, task, budget)
            there = published[(published["task"] == task) & (published["budget"] == budget)]
            npe = there.loc[there["algorithm"] == "NPE", "value"]
            beside = [
                format_number(C2ST, npe.iloc[0] if len(npe) else None),
                _best(there[~there["sequential"]]),
                _best(there[there["sequential"]]),
            ]
            where = [task_name(task), format_number("budget", budget)]
            for method in in_order(set(here["method"])) or [None]:
                cell = here[here["method"] == method]
                name = MISSING if method is None else method_name(method)
                rows.append([*where, name, *_reached(cell, asked), f"≤ {asked:g}", *beside])
    header = [
        "Problem", "Simulations", "Method", "C2ST", "CPU", "Asked",
        "NPE of sbibm", "Best, one training", "Best, sequential",
    ]  # fmt: skip
    return pipe_table(header, rows, text_columns=3)


def sbibm_observations(results: Results) -> str:
    """A row for each task, method and budget, a column for each observation: means over seeds."""
    scores = results.sbibm[results.sbibm["score"] == C2ST]
    columns = [str(number) for number in range(OBSERVATIONS)]
    rows = []
    for task in in_order(set(scores["task"]), dict.fromkeys(FILES)):
        for budget, group in scores[scores["task"] == task].groupby("budget"):
            means = group.groupby(["method", "observation"])["value"].mean()
            for method in in_order(set(group["method"])):
                values = [format_number(C2ST, means.get((method, at))) for at in columns]
                rows.append([task_name(task), method_name(method), _pairs(budget), *values])
    return pipe_table(["Problem", "Method", "Simulations", *columns], rows, text_columns=2)


def sbibm_references(results: Results) -> str:
    """Each reference of ours against sbibm's draws: accepted by its own record or not, and told apart or not."""
    references = results.sbibm[(results.sbibm["budget"] == 0) & (results.sbibm["score"] == C2ST)]
    verdicts = results.numbers.get("sbibm", {})
    rows = []
    for task in in_order(set(references["task"]), dict.fromkeys(FILES)):
        of_task = references[references["task"] == task]
        for method, group in of_task.groupby("method"):
            values = group["value"]
            off = list(group.loc[~(values < SAME), "observation"])
            agree = f"apart at {', '.join(off)}" if off else "agree"
            record = verdicts.get(task, {}).get(method) or _kept(results.sbibm, task, method)
            spread = [
                format_number(C2ST, value) for value in (values.mean(), values.min(), values.max())
            ]
            rows.append([task_name(task), method_name(method), _verdict(record), agree, *spread])
    header = ["Problem", "Reference", "By its own record", f"C2ST below {SAME}"]
    return pipe_table([*header, "Mean", "Smallest", "Largest"], rows, text_columns=4)


def _cells(rows: pd.DataFrame, task: str, budget: int) -> pd.DataFrame:
    return rows[(rows["task"] == task) & (rows["budget"] == budget)]


def _reached(cell: pd.DataFrame, asked: float) -> list[str]:
    """The mean C2ST over observations with its spread over seeds, bold where it is as asked, and the mean seconds."""
    scores = cell[cell["score"] == C2ST].groupby("seed")["value"].mean()
    spent = cell.loc[cell["score"] == SECONDS, "value"]
    if scores.empty:
        return [MISSING, MISSING]
    text = format_spread(C2ST, scores.mean(), scores.min(), scores.max())
    value, *spread = text.split(" ", 1)
    value = f"**{value}**" if scores.mean() <= asked else value
    return [" ".join([value, *spread]), format_number("cpu_s", spent.mean())]


def _best(published: pd.DataFrame) -> str:
    """The smallest published value, picked on this very score, and whose it is in a word."""
    if published.empty:
        return MISSING
    best = published.loc[published["value"].idxmin()]
    return f"{format_number(C2ST, best['value'])} [{best['algorithm'].split()[0]}]{{.spread}}"


def _pairs(budget: int) -> str:
    return format_number("budget", budget) if budget else MISSING


def _kept(rows: pd.DataFrame, task: str, method: str) -> dict | None:
    """The verdict of a reference that the study at hand did not run; why it was rejected is not kept."""
    rows = rows[(rows["score"] == ACCEPTED) & (rows["task"] == task) & (rows["method"] == method)]
    return {"accepted": bool(rows["value"].iloc[0]), "reasons": []} if len(rows) else None


def _verdict(record: dict | None) -> str:
    if record is None:
        return MISSING
    return "accepted" if record["accepted"] else "; ".join(["rejected", *record["reasons"]])
