"""The benchmark's tables: what was reached is bold, what was not made is told, a reference that is off is named."""

from types import SimpleNamespace

import pandas as pd
import pytest

from inversion.report.formats import MISSING
from inversion.report.sbibm import sbibm, sbibm_observations, sbibm_references
from inversion.tables.published import CELL, ours, seconds, theirs

SCORES = ["task", "method", "budget", "seed", "panel", "observation", "score", "value"]
PUBLISHED = ["task", "algorithm", "budget", "metric", "value", "source", "n_observations"]
COSTS = [
    "task", "method", "budget", "seed", "verb", "panel", "observations", "draws", "compile_s", "cpu_s", "wall_s",
    "simulator_calls", "likelihood_calls", "gradient_calls", "network_calls",
]  # fmt: skip
PARAMS = {"estimators": {}, "refinements": {}}
PAPER = "sbi-benchmark/results:benchmarking_sbi/results/main_paper.csv"


def score(method, budget, seed, observation, value, task="slcp", panel="sbibm"):
    return (task, method, budget, seed, panel, str(observation), "c2st", value)


def spent(verb, panel, observations, compile_s, cpu_s, method="flow"):
    return (
        "slcp",
        method,
        1000,
        0,
        verb,
        panel,
        observations,
        100,
        compile_s,
        cpu_s,
        0,
        0,
        0,
        0,
        0,
    )


def results(scores=(), kept=(), costs=(), published=(), numbers=None) -> SimpleNamespace:
    rows = ours(
        pd.DataFrame(scores, columns=SCORES),
        pd.DataFrame(kept, columns=SCORES),
        seconds(pd.DataFrame(costs, columns=COSTS), PARAMS),
    )
    table = pd.DataFrame(published, columns=PUBLISHED)
    return SimpleNamespace(sbibm=rows, published=table, numbers=numbers or {})


def rows_of(table: str, *words: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if all(f"| {word} |" in line for word in words)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_cell_as_asked_is_bold_with_its_spread_beside():
    table = sbibm(results([score("flow", 1000, s, at, 0.85 + 0.02 * s) for s in (0, 1) for at in (0, 1)]))  # fmt: skip
    ((_, _, method, value, *_),) = rows_of(table, "SLCP", "1,000")
    assert method == "flow"
    assert value == "**0.860** [0.850 to 0.870]{.spread}"
    table = sbibm(results([score("flow", 1000, 0, 0, 0.89)]))
    assert rows_of(table, "SLCP", "1,000")[0][3] == "0.890"


def test_what_no_grid_made_is_told():
    table = sbibm(results())
    assert len(rows_of(table, "10,000")) == 10
    assert rows_of(table, "SLCP", "10,000")[0][2:5] == [MISSING] * 3
    assert "not made by this grid" in sbibm_observations(results())
    assert "not made by this grid" in sbibm_references(results())


def test_seconds_are_those_of_one_observation_from_nothing():
    costs = [
        spent("simulate", "", 1000, 1.0, 2.0, method=""),
        spent("train", "", 0, 3.0, 40.0),
        spent("sample", "sbibm", 10, 5.0, 60.0),
    ]
    table = sbibm(results([score("flow", 1000, 0, 0, 0.9)], costs=costs))
    assert rows_of(table, "SLCP", "1,000")[0][4] == "57.0 s"


def test_the_study_at_hand_comes_before_what_git_keeps():
    kept = [score("flow", 1000, 0, 0, 0.7), score("flow", 10_000, 0, 0, 0.6)]
    table = sbibm_observations(results([score("flow", 1000, 0, 0, 0.8)], kept))
    assert [row[3] for row in rows_of(table, "SLCP", "flow")] == ["0.800", "0.600"]
    assert rows_of(table, "SLCP", "flow")[0][4] == MISSING


@pytest.mark.parametrize(
    ("value", "agree"),
    [(0.519, "agree"), (0.52, "apart at 1"), (float("nan"), "apart at 1")],
)
def test_a_reference_told_apart_is_named(value, agree):
    verdict = {"sbibm": {"slcp": {"smc": {"accepted": False, "reasons": ["R-hat"]}}}}
    scores = [score("smc", 0, 0, 0, 0.49), score("smc", 0, 0, 1, value)]
    ((_, _, record, found, *_),) = rows_of(
        sbibm_references(results(scores, numbers=verdict)), "SLCP"
    )
    assert record == "rejected; R-hat"
    assert found == agree


def test_a_kept_verdict_serves_where_the_study_has_none():
    kept = [score("smc", 0, 0, 0, 0.49), ("slcp", "smc", 0, 0, "sbibm", "all", "accepted", 1.0)]
    ((_, _, record, found, mean, *_),) = rows_of(sbibm_references(results(kept=kept)), "SLCP")
    assert (record, found, mean) == ("accepted", "agree", "0.490")


def test_published_kinds_are_told_apart_and_the_rerun_counts():
    rerun = "sbi-benchmark/results:gaussian_mixture_rerun/results"
    published = [
        ("gaussian_mixture", "NPE", "1000", "C2ST_mean", 0.6, PAPER, 10),
        ("gaussian_mixture", "NPE", "1000", "C2ST_mean", 0.7, rerun, 10),
        ("gaussian_mixture", "SNPE", "1000", "C2ST_mean", 0.65, rerun, 10),
        ("gaussian_mixture", "Other", "online_32000000", "C2ST_mean", 0.5, "x", 10),
        ("gaussian_mixture", "NPE", "1000", "C2ST_sd", 0.1, rerun, 10),
    ]
    table = sbibm(results(published=published))
    beside = ["0.700", "0.700 [NPE]{.spread}", "0.650 [SNPE]{.spread}"]
    assert rows_of(table, "Gaussian mixture", "1,000")[0][-3:] == beside
    rows = theirs(pd.DataFrame(published, columns=PUBLISHED), "C2ST_mean")
    assert dict(zip(rows["algorithm"], rows["sequential"])) == {"NPE": False, "SNPE": True}


def test_scores_of_our_own_panels_are_no_part_of_it():
    rows = results([score("flow", 1000, 0, 0, 0.8, panel="comparison")]).sbibm
    assert list(rows.columns) == [*CELL, "value"]
    assert rows.empty
