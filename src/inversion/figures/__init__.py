"""Tables in, pictures out. A new figure is one file and one line here; one named `cost...` reads the ledger.

A figure is a function from a `Study` to a matplotlib Figure; it draws what the grid made and leaves out the rest.
"""

FIGURES: dict[str, str] = {
    "headline": "inversion.figures.headline:headline",
    "prior": "inversion.figures.prior:prior",
    "priors": "inversion.figures.priors:priors",
    "restorations": "inversion.figures.restorations:restorations",
    "posteriors": "inversion.figures.posteriors:posteriors",
    "consistency": "inversion.figures.consistency:consistency",
    "training": "inversion.figures.training:training",
    "sbc": "inversion.figures.sbc:sbc",
    "tarp": "inversion.figures.tarp:tarp",
    "power": "inversion.figures.power:power",
    "iteration": "inversion.figures.iteration:iteration",
    "iteration_moving": "inversion.figures.iteration:iteration_moving",
    "cost": "inversion.figures.cost:cost",
    "benchmark": "inversion.figures.benchmark:benchmark",
    "cost_refine": "inversion.figures.cost_refine:cost_refine",
    "cost_benchmark": "inversion.figures.cost_benchmark:cost_benchmark",
}
