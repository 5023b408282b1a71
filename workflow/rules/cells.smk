# What describes a job: its cell, as JSON, and the files that it reads. A cell holds all that determines the result,
# every wildcard included, since the cache's key leaves file names out.


def of_task(wildcards, **more):
    """The cell of a job that knows the task."""
    cell = {
        "root_seed": config["seed"],
        "task": wildcards.task,
        "task_entry": config["tasks"][wildcards.task],
        **{name: int(wildcards[name]) for name in ("budget", "seed") if name in wildcards.keys()},
        **more,
    }
    return json.dumps(cell, sort_keys=True)


def of_panel(wildcards, section):
    """The cell of a method that inverts one panel."""
    return of_task(
        wildcards,
        method=wildcards.method,
        entry=grid.entry_of(config[section][wildcards.method], wildcards.task, wildcards.panel),
        panel=wildcards.panel,
        draws=grid.draws_of(config, wildcards.task, wildcards.panel),
        observations_used=grid.observations_used(
            config, wildcards.task, wildcards.method, wildcards.panel
        ),
    )


def of_draws(wildcards, *panels):
    """The cell of a trained posterior's draws, with the settings that are not those it was trained with."""
    entry = config["estimators"][wildcards.method]
    changed = {"network": entry["network"]} if "of" in entry else {}
    draws = {panel: grid.draws_of(config, wildcards.task, panel) for panel in panels}
    used = {
        panel: grid.observations_used(config, wildcards.task, wildcards.method, panel)
        for panel in panels
    }
    panel = {"panel": wildcards.panel} if "panel" in wildcards.keys() else {}
    return of_task(
        wildcards, method=wildcards.method, draws=draws, observations_used=used, **panel, **changed
    )


def of_scores(wildcards):
    """The cell of a calibration: it knows nothing of the task or the method but the names."""
    cell = {
        "root_seed": config["seed"],
        "task": wildcards.task,
        "method": wildcards.method,
        "budget": int(wildcards.budget),
        "seed": int(wildcards.seed),
        "scores": config["scores"],
    }
    return json.dumps(cell, sort_keys=True)


def of_comparison(wildcards):
    """The cell of a comparison, which asks the task what the draws predict and which parts they fall in."""
    return of_task(wildcards, method=wildcards.method, scores=config["scores"])


def of_restoration(wildcards):
    """The cell of a restoration's scores, which asks the task what shape its images have."""
    asked = config["panels"][wildcards.panel]["observations"]
    shared = grid.by_task(asked["samplers"], wildcards.task)
    return of_task(wildcards, method=wildcards.method, panel=wildcards.panel, shared=shared)


def of_check(wildcards):
    """The cell of a comparison with published draws: C2ST of all of them, as published."""
    panel = config["panels"][grid.SBIBM]
    c2st = config["scores"].get("c2st")
    scores = config["scores"] | ({"c2st": c2st | {"draws": panel["draws"]}} if c2st else {})
    return of_task(wildcards, method=wildcards.method, panel=grid.SBIBM, scores=scores)


def of_power(wildcards):
    """The cell of a study of power: its faults' entries among it."""
    asked = config["power"]["tasks"][wildcards.task]
    faults = {name: config["faults"][name] for name in asked["faults"]}
    return of_task(wildcards, power=config["power"] | {"tasks": None} | asked, faults=faults)


def of_published():
    """The cell of what is fetched: the wheel, and how many observations of each task."""
    tasks = [panel.task for panel in CELLS.published]
    cell = {
        **config["sbibm"],
        "tasks": {task: config["tasks"][task] for task in tasks},
        "observations": {task: grid.observations_of(config, task, grid.SBIBM) for task in tasks},
    }
    return json.dumps(cell)


def of_study(**more):
    """The cell of what reads the whole study: all of params.yaml."""
    return json.dumps({"params": config, **more}, sort_keys=True)


def targets(section, name, entry):
    """The `package.module:Name` that each kind of an entry of params.yaml stands for."""
    return [one.target for one in entries(section, name, entry)]


def code(verb, *targets):
    """Source files of a verb, of `package.module:Name` targets and of all that they import of ours."""
    files = code_files(f"inversion.cli.{verb}", *targets)
    return [os.path.relpath(path) for path in files]


def code_of_power(wildcards):
    """The code of the diagnostics, of the task and of its faults."""
    used = targets("tasks", wildcards.task, config["tasks"][wildcards.task])
    for name in config["power"]["tasks"][wildcards.task]["faults"]:
        used += targets("faults", name, config["faults"][name])
    return code("power", *used)


def code_of(verb, section=None):
    """An input function: the code of a verb, of the task, and of the method of a section where there is one."""

    def files(wildcards):
        used = targets("tasks", wildcards.task, config["tasks"][wildcards.task])
        if section is not None:
            used += targets_of(section, wildcards.task, wildcards.method)
        if section == "refinements":
            for name in grid.trainings_of(config)[wildcards.method]:
                used += targets_of("estimators", wildcards.task, name)
        if section == "estimators":
            prior = grid.prior_of(config[section][wildcards.method])
            used += targets_of(section, wildcards.task, prior) if prior else []
        return code(verb, *used)

    return files


def targets_of(section, task, method):
    """What a method is built of for one task."""
    entry = config[section][method]
    if section == "estimators":
        entry = grid.fit_entry(config, task, method)
    return targets(section, method, entry)


def trained_by(wildcards):
    """The estimator whose training a method draws from: itself, where it has its own."""
    return grid.drawn_from(config).get(wildcards.method, wildcards.method)


def trained_model(wildcards):
    """What a method draws from, of its own budget and seed; none where that is the task's own prior."""
    known = config["refinements"].get(wildcards.method)
    if known and grid.start_of(known) == grid.KNOWN:
        return []
    return rules.train.output.model.format(**dict(wildcards) | {"method": trained_by(wildcards)})


def prior_model(wildcards):
    """The prior that an estimator is distilled from, of its own budget and seed; none where it is the task's own."""
    name = grid.prior_of(config["estimators"][wildcards.method])
    model = rules.train.output.model
    return model.format(**dict(wildcards) | {"method": name}) if name else []


def start_model(wildcards):
    """The posterior whose draws a refinement starts from, of its own budget and seed; none where those are the prior's."""
    name = config["refinements"][wildcards.method].get(grid.WARM)
    model = rules.train.output.model
    return model.format(**dict(wildcards) | {"method": name}) if name else []


def sources(folder):
    """Files of a folder that are written by hand."""
    written = ("_generated", "_site", "_variables.yml", ".quarto", "__pycache__")
    return [
        os.path.relpath(path)
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and not set(written) & set(path.relative_to(ROOT).parts)
    ]


def draws_file(panel):
    """An input function: a method's draws for a panel, whatever its family."""
    return lambda w: DRAWS.format(
        **dict(w) | {"family": grid.family_of(config, w.method), "panel": panel}
    )


def made(patterns, cells):
    """The files that a rule makes of `cells`."""
    return [grid.address(pattern, cell) for cell in cells for pattern in patterns]


def made_by_kind(plain, chains, methods, family):
    """The files of a family's draws, whose methods with chains have a rule of their own."""
    drawn = CELLS.drawn(family)
    return [
        *made(plain.output, [cell for cell in drawn if cell.method not in methods]),
        *made(chains.output, [cell for cell in drawn if cell.method in methods]),
    ]


def costs_of_grid():
    """The ledger's record of every job of the grid."""
    return [
        *made([rules.simulate.output.cost], CELLS.simulations),
        *made([rules.panel.output.cost], CELLS.panels),
        *made([rules.train.output.cost], CELLS.fits),
        *made([rules.certify.output.cost], CELLS.certified),
        *made([rules.sample.output.cost], CELLS.sampled),
        *made([rules.sample_published.output.cost], CELLS.checked),
        *made([rules.sample_restored.output.cost], CELLS.restored),
        *made([rules.reference.output.cost], CELLS.drawn("reference")),
        *made([rules.refine.output.cost], CELLS.drawn("refined")),
    ]


def shown_in_figures():
    """What figures show besides scores: draws for the comparison panel, curves, histories of training."""
    return [
        *made(
            [rules.panel.output.panel],
            [cell for cell in CELLS.panels if cell.panel in (*grid.PANELS, *grid.RESTORATIONS)],
        ),
        *made([DRAWS], [cell for cell in CELLS.draws if cell.panel == "comparison"]),
        *made([DRAWS], CELLS.restorations),
        *made([DRAWS.replace(".npz", ".nc")], paths_of_grid()),
        *made([rules.calibrate.output.curves], CELLS.calibrations),
        *made([rules.train.output.history], CELLS.fits),
        *made([rules.prior.output.draws], PRIORS),
        *made(rules.power.output, CELLS.powers),
    ]


def paths_of_grid():
    """The draws of the comparison panel beside which paths are kept."""
    kept = {name for name, entry in config["refinements"].items() if entry["kind"] in grid.PATHS}
    return [c for c in CELLS.draws if c.panel == "comparison" and c.method in kept]


def kept_tables(wildcards):
    """What git keeps beside the pages, which the figures of the benchmark show."""
    kept = ["report/benchmark.csv", "report/published_c2st.csv"]
    if wildcards.figure.startswith("priors"):
        return ["report/tables/priors.npz"]
    if wildcards.figure == "restorations":
        return [path for path in ["report/tables/images.npz"] if (ROOT / path).exists()]
    return kept if "benchmark" in wildcards.figure else []


DRAWS = "results/draws/{family}/{panel}/{task}/{method}/{budget}/{seed}.npz"
