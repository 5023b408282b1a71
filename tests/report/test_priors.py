"""The tables and draws of learned priors: this grid's own before what git keeps."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from inversion import grid, priors
from inversion.records import Draws
from inversion.report.formats import MISSING
from inversion.report.priors import priors_table
from inversion.tables.priors import KEPT_DRAWS, KEPT_SCORES, prior_draws, prior_scores, with_kept

COLUMNS = ["task", "method", "budget", "seed", "score", "value"]
SCORES = pd.DataFrame(
    [
        ("moons", "vae", 10, 0, "prior", "all", "excess_elbo_nll", 0.2),
        ("moons", "vae", 10, 0, "prior", "all", "excess_elbo_nll_se", 0.01),
        ("moons", "rbig", 10, 0, "prior", "all", "excess_nll", 0.1),
        ("moons", "rbig", 10, 0, "density", "all", "excess_nll", 9.0),
    ],
    columns=["task", "method", "budget", "seed", "panel", "observation", "score", "value"],
)
COSTS = pd.DataFrame(
    [("moons", "rbig", 10, 0, "train", 1.5, 0.5), ("moons", "rbig", 10, 0, "sample", 9.0, 9.0),
     ("moons", "flow", 10, 0, "train", 9.0, 9.0)],
    columns=["task", "method", "budget", "seed", "verb", "cpu_s", "compile_s"],
)  # fmt: skip


def test_the_table_has_a_row_for_each_prior_and_a_column_for_what_was_scored() -> None:
    own = prior_scores(SCORES, COSTS)
    table = priors_table(SimpleNamespace(priors=own), "moons")
    header, _, *rows = table.splitlines()
    assert [title.strip() for title in header.strip("| ").split("|")] == [
        "Learned prior", "NLL, excess", "Bound by one draw, excess", "Fit, CPU"
    ]  # fmt: skip
    assert f"`rbig` | 0.1000 | {MISSING} | 1.50 s |" in rows[1]
    assert "0.200 [± 0.0100]{.spread}" in rows[0]
    assert "9.0" not in table


def test_own_rows_stand_before_those_that_git_keeps(tmp_path) -> None:
    kept = pd.DataFrame(
        [("moons", "rbig", 10, 0, "excess_nll", 7.0), ("moons", "old", 10, 0, "excess_nll", 8.0)],
        columns=COLUMNS,
    )
    (tmp_path / "tables").mkdir()
    kept.to_csv(tmp_path / KEPT_SCORES, index=False)
    found = with_kept(prior_scores(SCORES, COSTS), tmp_path).set_index(["method", "score"])["value"]
    assert found["rbig", "excess_nll"] == 0.1
    assert found["old", "excess_nll"] == 8.0
    assert with_kept(prior_scores(SCORES[3:], COSTS), tmp_path)["value"].tolist() == [7.0, 8.0]


def test_draws_are_read_from_the_grid_and_otherwise_from_what_git_keeps(tmp_path) -> None:
    (tmp_path / "tables").mkdir()
    one = np.ones((4, 2))
    np.savez(tmp_path / KEPT_DRAWS, **{"moons/rbig": one, "moons/exact": 2 * one})
    block = {"tasks": ["moons"], "estimators": ["rbig"], "panels": ["prior"]}
    block |= {"budgets": [10], "seeds": [0]}
    params = {"grid": "one", "grids": {"one": [block]}}
    path = tmp_path / "results" / grid.address(priors.DRAWS, priors.learned(params)[0])
    Draws(one[:1], one[:1, :1], 3 * one[None]).save(path)
    found = prior_draws(tmp_path / "results", params, tmp_path)
    assert found["moons", "rbig"][0, 0] == 3
    assert found["moons", "exact"][0, 0] == 2
