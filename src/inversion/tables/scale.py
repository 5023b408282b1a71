"""How a grid scales: its jobs, their processor seconds by the ledger, and how long they last on many cores.

A job that has run takes what the ledger says. Another one is estimated from the nearest that has, see `LEVELS`; its
seconds are those of compiling and, for each unit of work, those of running. With total work W and longest chain of
jobs C, a schedule that leaves no core idle while a job is ready lasts at least max(W / p, C) on p cores, and at most
W / p + (1 - 1 / p) C (Graham, Bounds on multiprocessing timing anomalies, 1969).
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from inversion import grid

CORES = (1, 8, 64, 1000)
# An estimate is the mean over the rows of the ledger that agree in these columns: the first of these that has any.
LEVELS = {
    "measured": ["verb", "panel", "task", "method", "budget", "seed"],
    "scaled": ["verb", "panel", "task", "method"],
    "other_problem": ["verb", "panel", "method"],
    "other_method": ["verb", "panel"],
}

NONE = "none"

Spent = Mapping["Job", tuple[float, str]]


class Job(NamedTuple):
    """One job of the ledger's verbs; budget and seed are 0 where there is no training."""

    verb: str
    panel: str
    task: str
    method: str
    budget: int
    seed: int


class Ledger:
    """Estimates of a job's seconds from `costs`, the columns of results/costs.csv.

    `kept` are the rows of report/benchmark.csv: what larger grids took.
    """

    def __init__(self, params: grid.Params, costs: pd.DataFrame, kept: pd.DataFrame) -> None:
        self.params = params
        exact = LEVELS["measured"]
        # Where both know a job, this study's own ledger counts.
        spent = pd.concat(map(seconds_by_job, (costs, rows_of(params, kept)))).drop_duplicates(
            exact
        )
        work = [self.work(Job(*values)) for values in spent[exact].itertuples(index=False)]
        spent["rate"] = spent["cpu_s"] / work
        self.levels = {
            level: spent.groupby(names)[["compile_s", "rate"]].mean()
            for level, names in LEVELS.items()
        }
        # Closed forms say nothing of what another method takes.
        others = spent[spent["method"] != "exact"].groupby(LEVELS["other_method"])
        self.levels["other_method"] = others[["compile_s", "rate"]].mean()

    def work(self, job: Job) -> float:
        """What a job's seconds are proportional to: steps of training, pairs simulated, otherwise nothing."""
        if job.verb == "train" and job.method in self.params["estimators"]:
            return training_steps(
                grid.fit_entry(self.params, job.task, job.method)["fit"], job.budget
            )
        return float(job.budget) if job.verb == "simulate" and job.budget else 1.0

    def seconds(self, job: Job) -> tuple[float, str]:
        """Processor seconds with compiling, and the level that they come from; 0 and `none` where there is none."""
        for level, names in LEVELS.items():
            key = tuple(getattr(job, name) for name in names)
            if key in self.levels[level].index:
                row = self.levels[level].loc[key]
                return float(row["compile_s"] + row["rate"] * self.work(job)), level
        return 0.0, NONE


def rows_of(params: grid.Params, kept: pd.DataFrame) -> pd.DataFrame:
    """The rows of a ledger that `kept` stands for: trainings, and references for sbibm's observations.

    There, `cpu_s` is what one observation takes from nothing: for a trained method little else than its training.
    """
    trains = kept["method"].isin(params["estimators"].keys())
    fits = [kept[trains & (kept["score"] == score)] for score in ("train_s", "cpu_s")]
    fits = pd.concat(fits).drop_duplicates(["task", "method", "budget", "seed"])
    checks = kept[kept["method"].isin(params["references"].keys()) & (kept["score"] == "cpu_s")]
    observations = [grid.observations_of(params, task, grid.SBIBM) for task in checks["task"]]
    return pd.concat(
        [
            fits.assign(verb="train", panel="", cpu_s=fits["value"]),
            checks.assign(verb="reference", cpu_s=checks["value"] * observations),
        ]
    ).assign(compile_s=0.0)


def seconds_by_job(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of `Job`, compile_s and cpu_s, summed over the rows of each job."""
    rows = rows.fillna({"panel": "", "method": ""})
    together = (rows["verb"] == "sample") & rows["panel"].isin(
        grid.PANELS
    )  # one job draws for these
    grouped = rows.assign(panel=rows["panel"].mask(together, "")).groupby(LEVELS["measured"])
    return grouped[["compile_s", "cpu_s"]].sum().reset_index()


def training_steps(fit: Mapping[str, Any], pairs: int) -> float:
    """Optimiser steps of a training that is not stopped early."""
    batches = math.ceil(pairs * (1 - fit.get("validation", 0.0)) / fit.get("batch", 1))
    return float(min(fit.get("epochs", 1) * batches, fit.get("max_steps", math.inf)))


def jobs_of(cells: grid.Cells) -> list[Job]:
    """All jobs of a grid that the ledger knows."""
    return [
        *(Job("simulate", "", cell.task, "", cell.budget, cell.seed) for cell in cells.simulations),
        *(Job("simulate", cell.panel, cell.task, "", 0, 0) for cell in cells.panels),
        *(Job("train", "", *fit) for fit in cells.fits),
        *(Job("certify", "", *fit) for fit in cells.certified),
        *(Job("sample", "", *fit) for fit in cells.sampled),
        *(Job("sample", grid.SBIBM, *fit) for fit in cells.checked),
        *(drawn_by(draw) for draw in cells.restored),
        *(drawn_by(draw) for draw in cells.draws if draw.family != "amortised"),
    ]


def drawn_by(draw: grid.Draw) -> Job:
    """The job that makes a method's draws for one panel."""
    names = (draw.task, draw.method, draw.budget, draw.seed)
    if draw.family == "amortised":
        return Job("sample", "" if draw.panel in grid.PANELS else draw.panel, *names)
    return Job("reference" if draw.family == "reference" else "refine", draw.panel, *names)


def chain_to(draw: grid.Draw, trained_by: Mapping[str, str]) -> list[Job]:
    """The jobs that a method's draws wait for one after the other, their own last; the panel's own is beside them."""
    made = drawn_by(draw)
    if draw.family == "reference":
        fetched = draw.panel == grid.SBIBM
        return [made] if fetched else [Job("simulate", draw.panel, draw.task, "", 0, 0), made]
    trained = trained_by.get(draw.method, draw.method)
    return [
        Job("simulate", "", draw.task, "", draw.budget, draw.seed),
        Job("train", "", draw.task, trained, draw.budget, draw.seed),
        made,
    ]


def scale(params: grid.Params, costs: pd.DataFrame, kept: pd.DataFrame) -> dict[str, Any]:
    """What the report says of every grid of the settings, and of the one with the most work by method."""
    ledger = Ledger(params, costs, kept)
    grids, spent = {}, {}
    for name in params["grids"]:
        cells = grid.expand({**params, "grid": name})
        if not cells.draws:  # it inverts nothing
            continue
        spent[name] = {job: ledger.seconds(job) for job in jobs_of(cells)}
        grids[name] = of_grid(params, cells, spent[name])
    largest = max(grids, key=lambda name: grids[name]["cpu_s"])
    return {
        "grids": grids,
        "largest": {"grid": largest, **grids[largest]},
        "methods": by_method(spent[largest]),
    }


def of_grid(params: grid.Params, cells: grid.Cells, spent: Spent) -> dict[str, Any]:
    """Counts of a grid's jobs, their seconds, the longest chain, and the bounds of the time on many cores."""
    trained_by = grid.drawn_from(params)
    chains = {
        draw: sum(spent[job][0] for job in chain_to(draw, trained_by)) for draw in cells.draws
    }
    last = max(chains, key=chains.get)
    total, longest = _sum(spent), chains[last]
    return {
        "jobs": len(spent),
        "score_jobs": len(cells.calibrations)
        + len(cells.comparisons)
        + len(cells.landings)
        + len(cells.restorations)
        + len(cells.checks),
        "cpu_s": total,
        "chain_s": longest,
        "chain": {"task": last.task, "method": last.method, "budget": last.budget},
        "origins": {level: of_jobs(_at(spent, level)) for level in (*LEVELS, NONE)},
        "cores": {
            str(cores): {
                "low_s": max(total / cores, longest),
                "high_s": total / cores + (1 - 1 / cores) * longest,
            }
            for cores in CORES
        },
    }


def by_method(spent: Spent) -> dict[str, dict[str, Any]]:
    """Jobs and seconds of each method, its training and its draws; what is simulated belongs to no method."""
    methods: dict[str, dict[Job, tuple[float, str]]] = {}
    for job, found in spent.items():
        methods.setdefault(job.method or "simulator", {})[job] = found
    return {
        method: {**of_jobs(found), "measured_jobs": len(_at(found, "measured"))}
        for method, found in methods.items()
    }


def of_jobs(spent: Spent) -> dict[str, Any]:
    """How many jobs, their seconds together, and those of the longest."""
    return {
        "jobs": len(spent),
        "cpu_s": _sum(spent),
        "longest_job_s": max((seconds for seconds, _ in spent.values()), default=0.0),
    }


def _at(spent: Spent, level: str) -> Spent:
    return {job: found for job, found in spent.items() if found[1] == level}


def _sum(spent: Spent) -> float:
    return sum(seconds for seconds, _ in spent.values())
