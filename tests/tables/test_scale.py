"""What a grid costs is the ledger's sum where it has run, and told to be an estimate where it has not."""

import pandas as pd
import pytest

from inversion import grid
from inversion.tables.scale import Job, Ledger, chain_to, jobs_of, scale, training_steps

FIT = {"epochs": 10, "batch": 100, "validation": 0.1}
PARAMS = {
    "grid": "small",
    "tasks": {"moons": {"kind": "a"}, "gauss": {"kind": "b"}},
    "estimators": {
        "flow": {"kind": "flow", "fit": FIT},
        "prior": {"kind": "flow", "fit": FIT},
        "head": {"kind": "head", "fit": FIT},
    },
    "references": {"exact": {"kind": "exact"}},
    "refinements": {"hqs": {"kind": "hqs", "prior": "prior"}},
    "grids": {
        "small": [
            {"tasks": ["moons"], "references": ["exact"], "panels": ["comparison"]},
            {
                "tasks": ["moons"],
                "estimators": ["flow"],
                "refinements": ["hqs"],
                "panels": ["comparison"],
                "budgets": [1000],
                "seeds": [0],
            },
        ],
        "large": [
            {
                "tasks": ["moons", "gauss"],
                "estimators": ["flow"],
                "panels": ["comparison"],
                "budgets": [1000, 4000],
                "seeds": [0, 1],
            },
            {"tasks": ["gauss"], "references": ["exact"], "panels": ["sbibm"]},
            {
                "tasks": ["gauss"],
                "estimators": ["flow"],
                "panels": ["sbibm"],
                "budgets": [4000],
                "seeds": [0],
            },
        ],
    },
}
COLUMNS = ["verb", "panel", "task", "method", "budget", "seed", "compile_s", "cpu_s"]
RAN = [
    ("simulate", "", "moons", "", 1000, 0, 0.0, 2.0),
    ("simulate", "comparison", "moons", "", 0, 0, 0.0, 1.0),
    ("train", "", "moons", "flow", 1000, 0, 5.0, 9.0),
    ("train", "", "moons", "prior", 1000, 0, 5.0, 18.0),
    ("sample", "calibration", "moons", "flow", 1000, 0, 1.0, 3.0),
    ("sample", "comparison", "moons", "flow", 1000, 0, 0.0, 1.0),
    ("reference", "comparison", "moons", "exact", 0, 0, 0.0, 0.5),
    ("refine", "comparison", "moons", "hqs", 1000, 0, 0.0, 30.0),
]
COSTS = pd.DataFrame(RAN, columns=COLUMNS)
KEPT = pd.DataFrame(columns=["task", "method", "budget", "seed", "score", "value"])


def test_a_grid_that_has_run_costs_what_the_ledger_says() -> None:
    found = scale(PARAMS, COSTS, KEPT)["grids"]["small"]
    assert found["jobs"] == len(RAN) - 1  # one job sampled both panels
    assert found["origins"]["measured"]["jobs"] == found["jobs"]
    assert found["cpu_s"] == pytest.approx(COSTS[["compile_s", "cpu_s"]].to_numpy().sum())
    assert found["origins"]["measured"]["cpu_s"] == pytest.approx(found["cpu_s"])


def test_the_longest_chain_is_that_of_the_slowest_draws() -> None:
    found = scale(PARAMS, COSTS, KEPT)["grids"]["small"]
    assert found["chain"] == {"task": "moons", "method": "hqs", "budget": 1000}
    assert found["chain_s"] == 2 + (5 + 18) + 30
    one, many = found["cores"]["1"], found["cores"]["1000"]
    assert one["low_s"] == one["high_s"] == found["cpu_s"]
    assert many["low_s"] == found["chain_s"] < many["high_s"] < found["cpu_s"]


@pytest.mark.parametrize("name", PARAMS["grids"])
def test_every_job_of_a_chain_is_a_job_of_the_grid(name) -> None:
    cells = grid.expand({**PARAMS, "grid": name})
    jobs = jobs_of(cells)
    assert len(set(jobs)) == len(jobs)
    for draw in cells.draws:
        assert set(chain_to(draw, {"hqs": "prior"})) <= set(jobs)


@pytest.mark.parametrize(
    ("job", "seconds", "level"),
    [
        (Job("train", "", "moons", "flow", 1000, 0), 14.0, "measured"),
        (Job("train", "", "moons", "flow", 1000, 7), 14.0, "scaled"),
        (Job("train", "", "moons", "flow", 4000, 0), 5.0 + 4 * 9.0, "scaled"),
        (Job("simulate", "", "moons", "", 4000, 0), 8.0, "scaled"),
        (Job("sample", "", "moons", "flow", 4000, 0), 5.0, "scaled"),
        (Job("train", "", "gauss", "flow", 4000, 0), 5.0 + 4 * 9.0, "other_problem"),
        (Job("train", "", "gauss", "head", 1000, 0), 5.0 + (9.0 + 18.0) / 2, "other_method"),
        (Job("refine", "calibration", "moons", "hqs", 1000, 0), 0.0, "none"),
        (Job("reference", "comparison", "moons", "nuts", 0, 0), 0.0, "none"),
    ],
)
def test_an_estimate_rests_on_the_nearest_that_has_run(job, seconds, level) -> None:
    assert Ledger(PARAMS, COSTS, KEPT).seconds(job) == (pytest.approx(seconds), level)


def test_seconds_kept_of_a_larger_grid_count_as_measured() -> None:
    row = {"task": "gauss", "method": "head", "budget": 1000, "seed": 0, "score": "train_s"}
    kept = pd.DataFrame([row | {"value": 77.0}, row | {"score": "c2st", "value": 0.6}])
    ledger = Ledger(PARAMS, COSTS, kept)
    assert ledger.seconds(Job("train", "", "gauss", "head", 1000, 0)) == (77.0, "measured")


def test_references_kept_for_sbibms_observations_count_for_all_of_them() -> None:
    params = {**PARAMS, "panels": {"sbibm": {"observations": 10}}}
    row = {"task": "gauss", "method": "exact", "budget": 0, "seed": 0, "panel": "sbibm"}
    kept = pd.DataFrame([row | {"score": "cpu_s", "value": 2.5}])
    job = Job("reference", "sbibm", "gauss", "exact", 0, 0)
    assert Ledger(params, COSTS, kept).seconds(job) == (25.0, "measured")


def test_the_studys_own_ledger_counts_where_both_know_a_job() -> None:
    row = {"task": "moons", "method": "flow", "budget": 1000, "seed": 0, "score": "train_s"}
    ledger = Ledger(PARAMS, COSTS, pd.DataFrame([row | {"value": 77.0}]))
    assert ledger.seconds(Job("train", "", "moons", "flow", 1000, 0)) == (14.0, "measured")


def test_a_training_takes_no_more_steps_than_it_may() -> None:
    assert training_steps(FIT, 1000) == 10 * 9
    assert training_steps({**FIT, "max_steps": 50}, 1000) == 50
