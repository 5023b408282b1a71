"""From the settings to the cells of the grid that is run: what is simulated, trained, drawn and scored.

Nothing here imports JAX: Snakemake reads it each time that it looks at the study. A cell is a named tuple
whose fields are the wildcards of its rule, so that `address(pattern, cell)` is the file it makes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

# Refinements that end in one point: nothing to calibrate.
POINT_ESTIMATES = frozenset({"hqs", "admm", "latent_map", "ascent"})
# Methods whose chains, or the paths of whose first starts, are kept as ArviZ NetCDF besides.
PATHS = frozenset({"hqs", "admm"})
CHAINS = frozenset({"nuts", "latent_nuts", "langevin"}) | PATHS
# Kinds of estimators whose density is the solution of an ODE, a hundred passes of the network for each theta.
SOLVED = frozenset({"flow_matching", "diffusion"})
# The keys by which a refinement names the estimator that it starts from.
STARTS = ("prior", "proposal")
# In place of an estimator: the task's own prior, where it is known in closed form.
KNOWN = "known"
# And another one, besides the prior: whose draws take the place of the prior's, as the points to start from.
WARM = "start"
PANELS = ("calibration", "comparison", "density")
# Pairs that show whether a model can be trusted; a grid that names them has its estimators' certificates made.
HELD_OUT = "held_out"
# sbibm's own observations, with draws for each, of its tasks alone: a grid asks for them by name.
SBIBM = "sbibm"
# Measurements of images, scored as pictures: of images that no training has seen, and of those that it has. A grid
# asks for them by name.
RESTORATIONS = ("restoration", "restoration_seen")
# What asks nothing of any method: the diagnostics on faults planted in a task's exact posteriors.
POWER = "power"

Params = Mapping[str, Any]


class Simulation(NamedTuple):
    """Pairs to train on."""

    task: str
    budget: int
    seed: int


class Panel(NamedTuple):
    """The observations that every method inverts."""

    task: str
    panel: str


class Fit(NamedTuple):
    """One estimator, trained; its name is that of a method."""

    task: str
    method: str
    budget: int
    seed: int


class Draw(NamedTuple):
    """One method's draws for one panel."""

    family: str
    panel: str
    task: str
    method: str
    budget: int
    seed: int


class Power(NamedTuple):
    """Every diagnostic on every fault of one task."""

    task: str


class Cells(NamedTuple):
    """Every cell of a grid, each kind in the order in which the grid names it.

    `published` are the panels that others made, draws included; `checks` are our draws, held against those.
    `certified` are the fits whose certificates are made. `landings` are the comparisons of refinements, `restorations`
    the draws for measurements of images.
    """

    simulations: tuple[Simulation, ...]
    panels: tuple[Panel, ...]
    published: tuple[Panel, ...]
    fits: tuple[Fit, ...]
    certified: tuple[Fit, ...]
    draws: tuple[Draw, ...]
    calibrations: tuple[Draw, ...]
    comparisons: tuple[Draw, ...]
    checks: tuple[Draw, ...]
    landings: tuple[Draw, ...]
    restorations: tuple[Draw, ...]
    powers: tuple[Power, ...]

    def drawn(self, family: str) -> tuple[Draw, ...]:
        """The draws of one family."""
        return tuple(draw for draw in self.draws if draw.family == family)

    @property
    def sampled(self) -> tuple[Fit, ...]:
        """Fits that are drawn from themselves, not only refined: one job makes all panels of ours."""
        return self._drawn_from(PANELS)

    @property
    def checked(self) -> tuple[Fit, ...]:
        """Fits that are drawn from for the published observations."""
        return self._drawn_from((SBIBM,))

    @property
    def restored(self) -> tuple[Draw, ...]:
        """Draws of estimators for the measurements of images: a job for each."""
        return tuple(draw for draw in self.restorations if draw.family == "amortised")

    def _drawn_from(self, panels: tuple[str, ...]) -> tuple[Fit, ...]:
        return _unique(
            Fit(draw.task, draw.method, draw.budget, draw.seed)
            for draw in self.drawn("amortised")
            if draw.panel in panels
        )


def expand(params: Params) -> Cells:
    """The cells of `params["grids"][params["grid"]]`."""
    draws = _unique(
        draw for block in params["grids"][params["grid"]] for draw in _draws(params, block)
    )
    certified = _unique(
        fit for block in params["grids"][params["grid"]] for fit in _certified(block)
    )
    trained = (draw for draw in draws if draw.family != "reference")
    fits = [*(fit for draw in trained for fit in _fits(params, draw)), *certified]
    fits = _unique([*fits, *(prior for fit in fits for prior in _priors(params, fit))])
    exact = {draw.task for draw in draws if (draw.method, draw.panel) == ("exact", "comparison")}
    comparisons = tuple(draw for draw in draws if draw.panel == "comparison" and draw.task in exact)
    panels = _unique(
        [
            *(Panel(draw.task, draw.panel) for draw in draws),
            *(Panel(fit.task, HELD_OUT) for fit in certified),
        ]
    )
    return Cells(
        simulations=_unique(Simulation(fit.task, fit.budget, fit.seed) for fit in fits),
        panels=tuple(panel for panel in panels if panel.panel != SBIBM),
        published=tuple(panel for panel in panels if panel.panel == SBIBM),
        fits=fits,
        certified=certified,
        draws=draws,
        calibrations=tuple(draw for draw in draws if draw.panel == "calibration"),
        comparisons=comparisons,
        checks=tuple(draw for draw in draws if draw.panel == SBIBM),
        landings=tuple(draw for draw in comparisons if draw.family == "refined"),
        restorations=tuple(draw for draw in draws if draw.panel in RESTORATIONS),
        powers=_unique(
            Power(task)
            for block in params["grids"][params["grid"]]
            if POWER in block.get("panels", [])
            for task in block["tasks"]
        ),
    )


def address(pattern: str, cell: tuple) -> str:
    """The file that `cell` has under a rule's `pattern`."""
    return pattern.format(**cell._asdict())


def family_of(params: Params, method: str) -> str:
    """`amortised`, `refined` or `reference`: a method's name belongs to one family."""
    families = {"amortised": "estimators", "refined": "refinements", "reference": "references"}
    return next(family for family, section in families.items() if method in params[section])


def drawn_from(params: Params) -> dict[str, str]:
    """Methods that train nothing of their own, and the estimator whose training each of them starts from."""
    named = {
        **{name: entry.get("of") for name, entry in params["estimators"].items()},
        **{name: start_of(entry) for name, entry in params["refinements"].items()},
    }
    return {name: of for name, of in named.items() if of and of != KNOWN}


def trainings_of(params: Params) -> dict[str, tuple[str, ...]]:
    """All estimators that a method rests on, where it is not its own training alone: `drawn_from`, with that whose
    draws it starts from, and the prior that an estimator is distilled from."""
    warm = {name: entry.get(WARM) for name, entry in params["refinements"].items()}
    named = {
        name: tuple(dict.fromkeys(filter(None, (estimator, warm.get(name)))))
        for name, estimator in drawn_from(params).items()
    }
    known = {name: () for name, entry in params["refinements"].items() if start_of(entry) == KNOWN}
    distilled = {
        name: (name, prior_of(entry))
        for name, entry in params["estimators"].items()
        if prior_of(entry)
    }
    return known | named | distilled


def prior_of(entry: Params) -> str | None:
    """The estimator that an estimator's entry is distilled from, where it has to be trained."""
    prior = entry.get("prior")
    return None if prior == KNOWN else prior


def resolved(params: Params) -> dict[str, Any]:
    """The settings, with each estimator that is drawn `of` another one's training written out in full."""
    entries = params["estimators"]

    def whole(entry: Params) -> Params:
        if "of" not in entry:
            return entry
        base = entries[entry["of"]]
        return {**base, **entry, "network": {**base.get("network", {}), **entry["network"]}}

    return {**params, "estimators": {name: whole(entry) for name, entry in entries.items()}}


def start_of(entry: Params) -> str:
    """The estimator that a refinement's entry names."""
    return next(entry[key] for key in STARTS if key in entry)


def panels_of(params: Params, method: str) -> tuple[str, ...]:
    """The panels that a method can invert."""
    family = family_of(params, method)
    if family == "amortised" or method == "exact":
        return (*PANELS, SBIBM, *RESTORATIONS)
    if family == "refined" and params["refinements"][method]["kind"] in POINT_ESTIMATES:
        return ("comparison", SBIBM, *RESTORATIONS)
    return ("calibration", "comparison", SBIBM, *RESTORATIONS)


def observations_of(params: Params, task: str, panel: str) -> int | list:
    """What a panel holds: a number of prior-predictive observations, or the observations themselves."""
    observations = params["panels"][panel]["observations"]
    if _by_family(observations):
        return max(by_task(count, task) for count in observations.values())
    return by_task(observations, task)


def observations_used(params: Params, task: str, method: str, panel: str) -> int:
    """How many of a panel's observations a method inverts, the first ones: samplers are slow, and so are solvers."""
    observations, asked = observations_of(params, task, panel), params["panels"][panel]
    if _by_family(asked["observations"]):
        amortised = family_of(params, method) == "amortised" or method == "exact"
        return by_task(asked["observations"]["estimators" if amortised else "samplers"], task)
    num = observations if isinstance(observations, int) else len(observations)
    solved = resolved(params)["estimators"].get(method, {}).get("kind") in SOLVED
    return min(num, asked["solved"]) if panel == "density" and solved else num


def _by_family(observations: Any) -> bool:
    """Whether a panel's observations are counted for estimators and for samplers apart."""
    return isinstance(observations, Mapping) and set(observations) == {"estimators", "samplers"}


def chains(entries: Params) -> set[str]:
    """The methods of a section whose chains are kept."""
    return {name for name, entry in entries.items() if entry["kind"] in CHAINS}


def draws_of(params: Params, task: str, panel: str) -> int:
    """Draws for each observation of a panel; 0 where only the density of the truth is asked for."""
    return by_task(params["panels"][panel].get("draws", 0), task)


def entry_of(entry: Params, task: str, panel: str) -> dict[str, Any]:
    """A method's entry for one task and panel: a setting may be given for each panel, or by task.

    Measurements of images take that of the comparison panel where they are not named.
    """
    return {name: _setting(value, task, panel) for name, value in entry.items()}


def by_task(setting: Any, task: str) -> Any:
    """A setting that is the same for all tasks, or given by task, `default` for those that are not named."""
    return setting.get(task, setting["default"]) if isinstance(setting, Mapping) else setting


def fit_entry(params: Params, task: str, method: str) -> dict[str, Any]:
    """An estimator's entry for one task, with the summary network that it reads y through, its own or the task's."""
    entry = params["estimators"][method]
    summary = params.get("summaries", {}).get(task)
    if "summary" in entry:
        own = entry["summary"]
        summary = by_task(own, task) if own and "default" in own else own
    settings = {name: by_task(value, task) for name, value in entry["fit"].items()}
    return {**entry, "summary": summary, "fit": settings}


def _setting(value: Any, task: str, panel: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if set(value) <= {*PANELS, SBIBM, *RESTORATIONS}:
        return value[panel if panel in value or panel not in RESTORATIONS else "comparison"]
    return by_task(value, task) if "default" in value else value


def _draws(params: Params, block: Mapping[str, list]) -> Iterable[Draw]:
    def panels(method: str) -> Iterable[str]:
        return [
            panel for panel in panels_of(params, method) if panel in block.get("panels", PANELS)
        ]

    trained = [*block.get("estimators", []), *block.get("refinements", [])]
    for task in block["tasks"]:
        for method in block.get("references", []):
            for panel in panels(method):
                yield Draw("reference", panel, task, method, 0, 0)
        for method in trained:
            family = family_of(params, method)
            known = family == "refined" and start_of(params["refinements"][method]) == KNOWN
            for budget in (0,) if known else block["budgets"]:
                for seed in block["seeds"]:
                    for panel in panels(method):
                        yield Draw(family, panel, task, method, budget, seed)


def _certified(block: Mapping[str, list]) -> Iterable[Fit]:
    for task in block["tasks"] if HELD_OUT in block.get("panels", ()) else ():
        for method in block.get("estimators", []):
            for budget in block["budgets"]:
                for seed in block["seeds"]:
                    yield Fit(task, method, budget, seed)


def _fits(params: Params, draw: Draw) -> Iterable[Fit]:
    for method in trainings_of(params).get(draw.method, (draw.method,)):
        yield Fit(draw.task, method, draw.budget, draw.seed)


def _priors(params: Params, fit: Fit) -> Iterable[Fit]:
    """What a fit is distilled from."""
    prior = prior_of(params["estimators"][fit.method])
    if prior:
        yield fit._replace(method=prior)


def _unique(cells: Iterable) -> tuple:
    return tuple(dict.fromkeys(cells))
