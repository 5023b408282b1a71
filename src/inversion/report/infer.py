"""The tables of the page on one's own observation: corrections by the likelihood, alarms, repaired coverage."""

import pandas as pd

from inversion.grid import HELD_OUT, SBIBM
from inversion.names import TASKS, in_order
from inversion.report.formats import MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table, task_name
from inversion.tables.published import C2ST, SECONDS
from inversion.tables.trust import ACCEPTED, ALARMS, VERDICTS

FAULTS = {
    "noise": "Noise of 3 sd",
    "outliers": "Outliers",
    "offset": "Offset",
    "stuck": "Stuck",
    "drift": "Drift",
}
WORDS = ("use it", "use it corrected", "do not use it")
PARTS = {"all": "All", "cpu": "CPU", "compiling": "Compiling", "imports": "Imports"}
CACHES = {"cold": "compiled anew", "warm": "kept"}


def corrections(results: Results) -> str:
    """A row for each problem, budget and method: accuracy, cost, and what the weights say, on sbibm's observations."""
    weights = results.trust[results.trust["panel"] == SBIBM]
    rows = []
    cells = weights[["task", "budget"]].drop_duplicates()
    for task in in_order(set(cells["task"]), TASKS):
        for budget in sorted(cells.loc[cells["task"] == task, "budget"].unique()):
            for method in in_order(_methods(weights, results.sbibm, task, budget)):
                rows.append(_correction(results, weights, task, int(budget), method))
    header = [
        "Problem", "Method", "Simulations", "C2ST", "Worst", "CPU", "Highest k-hat", "Fewest effective", "Accepted",
    ]  # fmt: skip
    return pipe_table(header, rows, text_columns=2)


def alarms(results: Results) -> str:
    """How often observations that were simulated, and such as were tampered with, are called off the map."""
    rows = []
    for task, method, group in _certified(results):
        value = group.groupby("score")["value"].mean()
        told = [_share(value.get(ALARMS + fault)) for fault in FAULTS]
        rows.append(
            [task_name(task), method_name(method), _share(value.get("false_alarms")), *told]
        )
    header = ["Problem", "Model", "False alarms", *FAULTS.values()]
    return pipe_table(header, rows, text_columns=2)


def verdicts(results: Results) -> str:
    """How often each verdict is given on held-out pairs, and what the posterior was worth then."""
    rows = []
    for task, method, group in _certified(results):
        value = group.groupby("score")["value"].mean()
        for word in WORDS:
            share, region, kl = (
                value.get(f"{VERDICTS}{word}_{what}") for what in ("share", "region", "kl")
            )
            if share is not None:
                nats = format_number("kl", kl)
                names = [task_name(task), method_name(method), word]
                rows.append([*names, _share(share), _share(region), nats])
    header = ["Problem", "Model", "Verdict", "Given", "Region of 90 % holds", "KL, nats"]
    return pipe_table(header, rows, text_columns=3)


def repair(results: Results) -> str:
    """Coverage of 90 % regions on pairs that were not used to set their levels, before the repair and after it."""
    scores = ("coverage_before", "coverage_after", "region_before", "region_after")
    rows = []
    for task, method, group in _certified(results):
        value = group.groupby("score")["value"].mean()
        rows.append([task_name(task), method_name(method), *(_share(value.get(s)) for s in scores)])
    header = ["Problem", "Model", "Worst interval", "repaired", "Region", "repaired"]
    return pipe_table(header, rows, text_columns=2)


def infer_times(results: Results) -> str:
    """How long `inversion infer` takes as a fresh process, cold and with its compiled program kept."""
    rows = []
    cells = results.infer_times.groupby(["task", "method", "cache"], sort=False)
    for (task, method, cache), group in cells:
        part = group.set_index("part")["median_s"]
        seconds = [format_number("cpu_s", part[name]) for name in PARTS]
        share = _share(part["imports"] / part["all"])
        rows.append([task_name(task), method_name(method), CACHES[cache], *seconds, share])
    header = ["Problem", "Model", "Program", *PARTS.values(), "of all"]
    return pipe_table(header, rows, text_columns=3)


def _methods(weights: pd.DataFrame, sbibm: pd.DataFrame, task: str, budget: int) -> set[str]:
    """The corrections of one problem, and the estimators that are scored beside them."""
    here = weights[(weights["task"] == task) & (weights["budget"] == budget)]
    corrected = set(here["method"])
    beside = sbibm[(sbibm["task"] == task) & (sbibm["budget"] == budget)]
    return corrected | {name.split("+")[0] for name in corrected} & set(beside["method"])


def _correction(
    results: Results, weights: pd.DataFrame, task: str, budget: int, method: str
) -> list[str]:
    def of(table: pd.DataFrame, score: str) -> pd.Series:
        cell = (table["task"] == task) & (table["method"] == method) & (table["score"] == score)
        return table.loc[cell & (table["budget"] == budget), "value"]

    c2st, accepted = of(results.sbibm, C2ST), of(weights, ACCEPTED)
    return [
        task_name(task),
        method_name(method),
        format_number("budget", budget),
        format_number(C2ST, c2st.mean()),
        format_number(C2ST, c2st.max()),
        format_number("cpu_s", of(results.sbibm, SECONDS).mean()),
        format_number("khat", of(weights, "khat").max()),
        format_number("ess", of(weights, "ess").min()),
        _share(accepted.mean()) if len(accepted) else MISSING,
    ]


def _certified(results: Results):
    """Problem, estimator and rows of every certificate."""
    held_out = results.trust[results.trust["panel"] == HELD_OUT]
    groups = dict(list(held_out.groupby(["task", "method"])))
    for task in in_order({task for task, _ in groups}, TASKS):
        for method in in_order({name for of, name in groups if of == task}):
            yield task, method, groups[task, method]


def _share(value: float | None) -> str:
    return MISSING if value is None or pd.isna(value) else f"{value:.1%}"
