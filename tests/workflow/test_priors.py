"""Which learned priors a grid holds against the prior."""

from pathlib import Path

import yaml

from inversion import grid, priors

PARAMS = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
BLOCK = {
    "tasks": ["two_moons_line"],
    "estimators": ["flow_prior", "iterative_gaussianization"],
    "panels": ["prior"],
    "budgets": [10, 20],
    "seeds": [0],
}


def params(*blocks: dict) -> dict:
    return {**PARAMS, "grid": "one", "grids": {"one": list(blocks)}}


def test_the_priors_of_a_block_are_trained_and_not_drawn_for_any_observation() -> None:
    cells = priors.expand(params(BLOCK))
    assert cells.fits == priors.learned(params(BLOCK))
    assert [(fit.method, fit.budget) for fit in cells.fits[:2]] == [
        ("flow_prior", 10),
        ("flow_prior", 20),
    ]
    assert [simulation.budget for simulation in cells.simulations] == [10, 20]
    assert cells.draws == cells.panels == ()


def test_a_prior_that_a_refinement_starts_from_is_trained_once() -> None:
    refined = {"tasks": ["two_moons_line"], "refinements": ["hqs"], "budgets": [10], "seeds": [0]}
    cells = priors.expand(params(refined, BLOCK))
    names = [(fit.method, fit.budget) for fit in cells.fits]
    assert len(set(names)) == len(names) == 4
    assert cells.draws == grid.expand(params(refined)).draws


def test_a_grid_without_the_panel_is_as_it_was() -> None:
    study = {**PARAMS, "grid": "study"}
    assert priors.learned(study) == ()
    assert priors.expand(study) == grid.expand(study)


def test_its_own_grid_learns_several_on_each_problem() -> None:
    found = priors.learned({**PARAMS, "grid": "priors"})
    for task in ("two_moons_line", "eight_gaussians"):
        assert len({fit.method for fit in found if fit.task == task}) >= 4
