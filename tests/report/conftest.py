"""A small made-up study: the files that the report reads, with every number that the pages quote."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from inversion.names import TESTS

ROOT = Path(__file__).parents[2]
METHODS = (
    "exact",
    "flow",
    "flow_ensemble_fresh",
    "flow_fresh",
    "flow_original",
    "hqs",
    "latent_nuts",
    "nuts",
)
METHODS += ("rejection", "rejection_kernel", "rejection_box")
SEGMENTS = tuple(f"segment_{part}" for part in range(1, 5))
AT_OBSERVATIONS = ("c2st", "mmd", "sliced_wasserstein", "consistency_mean", "consistency_std")
AT_OBSERVATIONS += ("crescent_mass", *SEGMENTS, "mode_tv")
AT_ALL = ("nll", "excess_nll", "sbc_ks", "sbc_p", "tarp_p", "coverage_50", "coverage_90")
FIGURES = ("headline", "prior", "posteriors", "training", "sbc", "tarp", "consistency", "cost")
FIGURES += ("benchmark", "cost_benchmark", "power", "iteration", "iteration_moving", "cost_refine")
FIGURES += ("priors", "restorations")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 30"><rect width="64" height="30"/></svg>'

COSTS = """task,method,budget,seed,verb,panel,observations,draws,cpu_s,wall_s,compile_s,\
simulator_calls,likelihood_calls,gradient_calls,network_calls,peak_mb
two_moons_line,flow,6000,0,train,,0,0,41.2,40.1,6.1,6000,0,0,0,480.5
two_moons_line,nuts,0,0,reference,comparison,3,10000,9.1,9.3,2.2,0,1900000,120000,0,390.1
"""
BREAKEVEN = """task,method,budget,against,observations,low,high,score,accuracy,accuracy_against
two_moons_line,flow,6000,nuts,12,9,15,c2st,0.57,0.51
two_moons_line,flow,6000,hqs,inf,inf,inf,c2st,0.57,0.9
"""


def made_up(*names: str) -> float:
    """A number between 0 and 1 that depends on the names alone."""
    return sum(ord(letter) * (place + 1) for place, letter in enumerate("".join(names))) % 997 / 997


def made_up_scores() -> pd.DataFrame:
    rows = []
    for task in ("two_moons_line", "gaussian_linear"):
        for method in METHODS:
            seeds = ("0", "1", "2") if method.startswith("flow") else ("0",)
            budget = 6000 if method.startswith(("flow", "hqs", "latent")) else 0
            for seed in seeds:
                cell = (task, method, budget, seed)
                for score in AT_OBSERVATIONS:
                    for at in "012":
                        rows.append(
                            (*cell, "comparison", at, score, made_up(*map(str, cell), score, at))
                        )
                for score in AT_ALL:
                    rows.append(
                        (*cell, "calibration", "all", score, made_up(*map(str, cell), score))
                    )
    columns = ("task", "method", "budget", "seed", "panel", "observation", "score", "value")
    return pd.DataFrame(rows, columns=columns)


def made_up_numbers(scores: pd.DataFrame) -> dict:
    summaries = {}
    for (task, method, score), group in scores.groupby(["task", "method", "score"]):
        seeds = group.groupby("seed")["value"].mean()
        entry = {"mean": seeds.mean(), "low": seeds.min(), "high": seeds.max()}
        for at, value in group.groupby("observation")["value"].mean().items():
            if at != "all":
                entry[f"observation_{at}"] = value
        summaries.setdefault(task, {}).setdefault(method, {})[score] = entry
    costs = {
        method: {
            "upfront_cpu_s": 41.7 if method.startswith("flow") else 0.0, "upfront_compile_s": 6.2,
            "upfront_simulator_calls": 6000, "observation_cpu_s": 0.0031, "observation_draws": 10000,
            "observation_simulator_calls": 0, "observation_likelihood_calls": 190000, "observation_gradient_calls": 0,
        }
        for method in METHODS
    }  # fmt: skip
    verdict = {
        "accepted": False,
        "reasons": ["R-hat"],
        "rhat": 1.23,
        "ess_bulk": 31.0,
        "divergences": 0,
        "lag1": 0.4,
    }
    fits = {
        method: {"validation_min": {"mean": -0.87, "low": -0.9, "high": -0.85}}
        for method in METHODS
    }
    against = {method: {"observations": 12.0, "low": 9.0, "high": 15.0} for method in METHODS}
    return {
        "study": {"grid": "study", "budget": 6000, "seeds": 3},
        "observations": {"two_moons_line": [-1.0, 0.0, 1.0]},
        "scores": summaries,
        "costs": {task: costs for task in summaries},
        "training": {task: fits for task in summaries},
        "breakeven": {task: {"flow": against} for task in summaries},
        "scale": made_up_scale(),
        "power": made_up_power(),
        "acceptance": {
            "two_moons_line": {"nuts": verdict, "latent_nuts": verdict | {"accepted": True}}
        },
    }


def made_up_power() -> dict:
    """Every fault of the settings by every test that has a name."""
    entry = {"rate": 0.125, "error_rate": 0.01, "repeats": 2000}
    asked = yaml.safe_load((ROOT / "params.yaml").read_text())["power"]["tasks"]
    return {
        task: {fault: dict.fromkeys(TESTS, entry) for fault in power["faults"]}
        for task, power in asked.items()
    }


def made_up_scale() -> dict:
    """What larger grids would cost, of two jobs."""
    jobs = {"jobs": 2, "cpu_s": 7200.0, "longest_job_s": 5400.0}
    entry = {
        **jobs, "score_jobs": 3, "chain_s": 5400.0,
        "chain": {"task": "two_moons_line", "method": "flow", "budget": 6000},
        "origins": {"measured": jobs, "none": jobs},
        "cores": {"1": {"low_s": 7200.0, "high_s": 7200.0}, "1000": {"low_s": 5400.0, "high_s": 5401.8}},
    }  # fmt: skip
    methods = {"simulator": {**jobs, "measured_jobs": 1}, "flow": {**jobs, "measured_jobs": 2}}
    return {"grids": {"study": entry}, "largest": {"grid": "study", **entry}, "methods": methods}


def write_results(results: Path) -> None:
    """All files of a study that the report reads."""
    (results / "figures").mkdir(parents=True)
    scores = made_up_scores()
    scores.to_csv(results / "scores.csv", index=False)
    (results / "numbers.json").write_text(json.dumps(made_up_numbers(scores)))
    (results / "costs.csv").write_text(COSTS)
    (results / "breakeven.csv").write_text(BREAKEVEN)
    for name in FIGURES:
        (results / "figures" / f"{name}.svg").write_text(SVG)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with the real pages, the real settings and made-up results."""
    ignored = shutil.ignore_patterns("_site", "_generated", "_variables.yml", ".quarto")
    shutil.copytree(ROOT / "report", tmp_path / "report", ignore=ignored)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    write_results(tmp_path / "results")
    return tmp_path
