# What the rules share: the cells of the grid, the JSON that describes a job, and the code that it rests on.

import json
import os
import re

from inversion import grid
from inversion.closure import code_files
from inversion.estimators import ESTIMATORS
from inversion.references import REFERENCES
from inversion.refinements import REFINEMENTS
from inversion.tasks import TASKS

CELLS = grid.expand(config)

# XLA's results on a CPU depend on the size of its thread pool: one thread for each process, and processes
# side by side. The environment's commands are found without activating it.
shell.prefix(
    "export NPROC=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 "
    f'PYTHONPATH="{workflow.basedir}/src:$PYTHONPATH" PATH="$PATH:{os.path.dirname(sys.executable)}"; '
)


wildcard_constraints:
    task=r"[^/]+",
    method=r"[^/]+",
    panel="|".join(grid.PANELS),
    budget=r"\d+",
    seed=r"\d+",


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


def one_of(names):
    """A wildcard's constraint to `names`; none of them matches nothing."""
    return "|".join(map(re.escape, sorted(names))) or r"(?!x)x"


def of_task(wildcards, **more):
    """A job's cell as JSON: all that determines its result, every wildcard included."""
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
        entry=config[section][wildcards.method],
        panel=wildcards.panel,
        draws=grid.draws_of(config, wildcards.panel),
        observations_used=grid.observations_used(
            config, wildcards.task, wildcards.method, wildcards.panel
        ),
    )


def of_scores(wildcards):
    """The cell of a score: it reads draws, and knows nothing of the task or the method but the names."""
    cell = {
        "root_seed": config["seed"],
        "task": wildcards.task,
        "method": wildcards.method,
        "budget": int(wildcards.budget),
        "seed": int(wildcards.seed),
        "scores": config["scores"],
    }
    return json.dumps(cell, sort_keys=True)


def draws_file(panel, wildcards):
    """Where a method's draws for a panel lie, whatever its family."""
    family = grid.family_of(config, wildcards.method)
    return f"results/draws/{family}/{panel}/{{task}}/{{method}}/{{budget}}/{{seed}}.npz".format(
        **wildcards
    )


def code(*modules):
    """Source files of `modules` and of all that they import of ours, as a rule's input."""
    return [os.path.relpath(path) for path in code_files(*modules)]


def kind(registry, section, name):
    """The module that the kind of an entry of params.yaml names."""
    named = config[section][name]["kind"]
    return registry.get(named, named)


def task_module(wildcards):
    return kind(TASKS, "tasks", wildcards.task)


def prior_of(refinement):
    return config["refinements"][refinement]["prior"]
