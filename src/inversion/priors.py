"""Which learned priors a grid holds against the prior itself: estimators of its blocks with the panel `prior`.

Nothing here imports JAX, as in `grid`, whose cells these join.
"""

from inversion import grid

PRIOR = "prior"
DRAWS = "draws/amortised/prior/{task}/{method}/{budget}/{seed}.npz"
RECORD = "draws/amortised/prior/{task}/{method}/{budget}/{seed}.json"


def learned(params: grid.Params) -> tuple[grid.Fit, ...]:
    """The fits of the grid that is run whose draws and density are held against the prior."""
    found = (
        grid.Fit(task, method, budget, seed)
        for block in params["grids"][params["grid"]]
        if PRIOR in block.get("panels", [])
        for task in block["tasks"]
        for method in block.get("estimators", [])
        for budget in block["budgets"]
        for seed in block["seeds"]
    )
    return tuple(dict.fromkeys(found))


def expand(params: grid.Params) -> grid.Cells:
    """The cells of the grid that is run, with the fits of its learned priors and the draws that they learn from."""
    cells = grid.expand(params)
    fits = dict.fromkeys([*cells.fits, *learned(params)])
    simulations = (grid.Simulation(fit.task, fit.budget, fit.seed) for fit in fits)
    return cells._replace(
        fits=tuple(fits), simulations=tuple(dict.fromkeys([*cells.simulations, *simulations]))
    )
