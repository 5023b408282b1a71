"""The report's tables: one small function each. `_generated/{name}.md` is what a page includes."""

from collections.abc import Callable

import pandas as pd

from inversion.names import METHODS, in_order
from inversion.report.claims import claims
from inversion.report.composition import composition
from inversion.report.formats import format_number, format_spread
from inversion.report.images import IMAGE_TABLES
from inversion.report.infer import alarms, corrections, infer_times, repair, verdicts
from inversion.report.power import POWER
from inversion.report.priors import PRIOR_TABLES
from inversion.report.refine import REFINE
from inversion.report.results import (
    TASKS,
    Results,
    method_name,
    pipe_table,
    spread_of,
    task_name,
)
from inversion.report.sbibm import sbibm, sbibm_observations, sbibm_references
from inversion.report.scale import SCALE
from inversion.report.simulators import simulators
from inversion.report.speed import speed
from inversion.report.targets import targets, times
from inversion.report.tuning import tuning

ACCURACY = {
    "excess_nll": "Excess NLL", "c2st": "C2ST", "sliced_wasserstein": "Sliced Wasserstein",
    "mmd": "MMD", "mode_tv": "Mode TV",
}  # fmt: skip
CALIBRATION = {
    "sbc_ks": "SBC distance", "sbc_p": "SBC p", "tarp_p": "TARP p", "tarp_y_p": "TARP p, by y",
    "coverage_50": "Coverage, 50 %", "coverage_90": "Coverage, 90 %",
}  # fmt: skip
COSTS = {
    "upfront_cpu_s": "Training", "upfront_compile_s": "Compiling", "upfront_simulator_calls": "Simulations",
    "observation_cpu_s": "Each observation", "observation_draws": "Draws",
    "observation_simulator_calls": "Simulator", "observation_likelihood_calls": "Likelihood",
    "observation_gradient_calls": "Gradient",
}  # fmt: skip
ACCEPTANCE = {
    "rhat": "R-hat", "ess_bulk": "Bulk ESS", "divergences": "Divergences", "lag1": "Lag-1",
}  # fmt: skip
KEPT = {
    "excess_nll": "Excess NLL", "c2st": "C2ST", "mode_tv": "Mode TV", "sbc_ks": "SBC distance",
    "tarp_p": "TARP p", "train_s": "Training, s", "sample_s": "Draws, s",
}  # fmt: skip
LEDGER = ("cpu_s", "wall_s", "compile_s", "simulator_calls", "likelihood_calls", "gradient_calls")


def score_table(scores: pd.DataFrame, columns: dict[str, str]) -> str:
    """One row for every method and budget, one column for every score that any of them has."""
    there = {name: title for name, title in columns.items() if (scores["score"] == name).any()}
    scores = scores[scores["score"].isin(there)]
    rows = []
    for method in in_order(list(scores["method"].unique()), METHODS):
        ours = scores[scores["method"] == method]
        for budget, group in ours.groupby("budget"):
            pairs = f", {int(budget):,} pairs" if ours["budget"].nunique() > 1 else ""
            rows.append(
                [method_name(method) + pairs, *(spread_of(group, score) for score in there)]
            )
    return pipe_table(["Method", *(there or columns).values()], rows)


def place_table(
    results: Results, task: str, columns: list[tuple[str, int, str]]
) -> list[list[str]]:
    """Rows of means over seeds; a column is a score, the observation it is taken at, and its title."""
    scores = results.scores_of(task)
    scores = scores[scores["score"].isin({score for score, _, _ in columns})]
    means = scores.groupby(["method", "score", "observation"])["value"].mean()
    return [
        [method_name(method)]
        + [format_number(score, means.get((method, score, str(at)))) for score, at, _ in columns]
        for method in in_order(list(scores["method"].unique()), METHODS)
    ]


def consistency(results: Results) -> str:
    """Mean and standard deviation of A theta at every observation, the original's printed ones last."""
    titles = {"consistency_mean": "mean", "consistency_std": "std"}
    observations = enumerate(results.observations_of("two_moons_line"))
    columns = [
        (score, at, f"{y}: {title}") for at, y in observations for score, title in titles.items()
    ]
    rows = place_table(results, "two_moons_line", columns)
    printed = results.numbers["original"]
    values = [
        format_number(score, printed[score].get(f"observation_{at}")) for score, at, _ in columns
    ]
    rows.append(["original, as printed", *values])
    return pipe_table(["Method", *(title for _, _, title in columns)], rows)


def modes(results: Results) -> str:
    """Mass of the upper crescent at every observation; at y = 0 the four arc segments and their distance."""
    observations = results.observations_of("two_moons_line")
    columns = [("crescent_mass", at, f"Crescent, {y}") for at, y in enumerate(observations)]
    middle = len(observations) // 2
    columns += [(f"segment_{part}", middle, f"Segment {part}") for part in range(1, 5)]
    columns.append(("mode_tv", middle, "Mode TV"))
    rows = place_table(results, "two_moons_line", columns)
    return pipe_table(["Method", *(title for _, _, title in columns)], rows)


def acceptance(results: Results) -> str:
    """The MCMC methods' own records: the worst over their observations, and the verdict."""
    rows = []
    for task, methods in results.numbers.get("acceptance", {}).items():
        for method, record in methods.items():
            verdict = (
                "accepted"
                if record["accepted"]
                else "rejected: " + "; ".join(record.get("reasons", []))
            )
            numbers = [format_number(name, record.get(name)) for name in ACCEPTANCE]
            rows.append([method_name(method), task_name(task), verdict, *numbers])
    return pipe_table(["Method", "Problem", "Verdict", *ACCEPTANCE.values()], rows, text_columns=3)


def costs_of(results: Results, task: str) -> str:
    """What a method costs before the first observation, and for each observation after that."""
    methods = results.numbers.get("costs", {}).get(task, {})
    rows = [
        [method_name(name)] + [format_number(column, methods[name].get(column)) for column in COSTS]
        for name in in_order(list(methods), METHODS)
    ]
    return pipe_table(["Method", *COSTS.values()], rows)


def ledger(results: Results) -> str:
    """What the whole study spent, by verb."""
    order = {verb: verb for verb in ("simulate", "train", "sample", "refine", "reference")}
    sums = results.costs.groupby("verb")[list(LEDGER)].sum()
    rows = [
        [verb, *(format_number(name, float(sums.loc[verb, name])) for name in LEDGER)]
        for verb in in_order(list(sums.index), order)
    ]
    rows.append(["all", *(format_number(name, float(sums[name].sum())) for name in LEDGER)])
    return pipe_table(
        ["Verb", "CPU", "Wall", "Compiling", "Simulator", "Likelihood", "Gradient"], rows
    )


def breakeven(results: Results) -> str:
    """After how many observations the training has paid for itself, and at which accuracy on both sides."""
    rows = [
        [
            method_name(row.method), method_name(row.against), task_name(row.task),
            format_spread("observations", row.observations, row.low, row.high), row.score,
            format_number(row.score, row.accuracy), format_number(row.score, row.accuracy_against),
        ]
        for row in results.breakeven.itertuples()
    ]  # fmt: skip
    header = ["Method", "Against", "Problem", "Observations", "Score", "Its own", "The other's"]
    return pipe_table(header, rows, text_columns=3)


def benchmark(results: Results) -> str:
    """What the larger grids made and git keeps: a row for each task, method and budget, with its last day."""
    table = results.benchmark
    there = {name: title for name, title in KEPT.items() if (table["score"] == name).any()}
    rows = []
    for keys, group in table.groupby(["task", "budget", "method"], sort=False):
        task, budget, method = keys
        values = [spread_of(group, score) for score in there]
        pairs = format_number("budget", float(budget))
        rows.append([task_name(task), method_name(method), pairs, *values, group["date"].max()])
    header = ["Problem", "Method", "Pairs", *there.values(), "Made"]
    return pipe_table(header, rows, text_columns=2)


def others(results: Results) -> str:
    """Every task that has no tables of its own, a reader's own among them: the scores that it has."""
    scores = results.scores[~results.scores["task"].isin(TASKS)]
    shown = {**ACCURACY, **CALIBRATION}
    there = {name: title for name, title in shown.items() if (scores["score"] == name).any()}
    rows = [
        [task_name(task), method_name(method), *(spread_of(group, score) for score in there)]
        for (task, method), group in scores.groupby(["task", "method"])
    ]
    header = ["Problem", "Method", *(there or ACCURACY).values()]
    return pipe_table(header, rows, text_columns=2)


def left_out(results: Results) -> str:
    """What a black box or a dataset came to: how many pairs are whole, and why the others are not."""
    rows = []
    for task, sets in results.numbers.get("left_out", {}).items():
        for name, record in sets.items():
            why = [
                f"{count} {reason.replace('_', ' ')}"
                for reason, count in record["lost"].items()
                if count
            ]
            counts = [format_number("budget", float(record[key])) for key in ("asked", "kept")]
            rows.append([task_name(task), f"`{name}`", ", ".join(why) or "none", *counts])
    header = ["Problem", "Pairs", "Left out", "Asked for", "Whole"]
    return pipe_table(header, rows, text_columns=3)


def published(results: Results) -> str:
    """C2ST of the linear Gaussian problem as the sbibm benchmark published it, mean over ten observations."""
    rows = results.published
    chosen = rows[(rows["task"] == "gaussian_linear") & (rows["metric"] == "C2ST_mean")]
    chosen = chosen[chosen["source"].str.startswith("sbi-benchmark/")]
    budgets = sorted(chosen["budget"].unique(), key=int)
    values = chosen.set_index(["algorithm", "budget"])["value"]
    lines = [
        [name, *(format_number("c2st", values.get((name, budget))) for budget in budgets)]
        for name in sorted(chosen["algorithm"].unique())
    ]
    return pipe_table(["Algorithm", *(f"{int(budget):,} simulations" for budget in budgets)], lines)


def _by_task(
    name: str, table: Callable[[Results, str], str]
) -> dict[str, Callable[[Results], str]]:
    return {f"{name}_{task}": lambda results, task=task: table(results, task) for task in TASKS}


TABLES: dict[str, Callable[[Results], str]] = {
    **_by_task("accuracy", lambda results, task: score_table(results.scores_of(task), ACCURACY)),
    **_by_task(
        "calibration", lambda results, task: score_table(results.scores_of(task), CALIBRATION)
    ),
    **_by_task("costs", costs_of),
    "consistency": consistency,
    "modes": modes,
    "acceptance": acceptance,
    "ledger": ledger,
    "breakeven": breakeven,
    "benchmark": benchmark,
    "others": others,
    "left_out": left_out,
    "claims": claims,
    "published": published,
    "sbibm": sbibm,
    "sbibm_observations": sbibm_observations,
    "sbibm_references": sbibm_references,
    "targets": targets,
    "composition": composition,
    **SCALE,
    "corrections": corrections,
    "alarms": alarms,
    "repair": repair,
    "infer_times": infer_times,
    "verdicts": verdicts,
    **POWER,
    **PRIOR_TABLES,
    **IMAGE_TABLES,
    **REFINE,
    "speed": speed,
    "times": times,
    "simulators": simulators,
    "tuning": tuning,
}
