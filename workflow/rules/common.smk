# What comes before the rules: the settings' check, the cells of the grid, the caches and threads of every job.

import json
import os
import re
import signal
import threading
from pathlib import Path

import yaml

from inversion import grid, priors
from inversion.cli.phases import share_output_cache, unrecorded
from inversion.closure import code_files
from inversion.estimators import DIRECT, DISTILLED, ESTIMATORS
from inversion.figures import FIGURES
from inversion.references import REFERENCES
from inversion.refinements import REFINEMENTS
from inversion.settings import check_settings, entries
from inversion.tasks import TASKS

ROOT = Path(workflow.basedir)

try:
    schema = ROOT / "workflow/schemas/params.schema.yaml"
    check_settings(config, yaml.safe_load(schema.read_text()))
except ValueError as error:
    sys.exit(f"inversion: {error}")

config.update(grid.resolved(config))
share_output_cache(ROOT)

# XLA's results on a CPU depend on the size of its thread pool: one thread for each process, and processes
# side by side. The environment's commands are found without activating it.
shell.prefix(
    "export NPROC=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 "
    f'PYTHONPATH="{ROOT}/src:$PYTHONPATH" PATH="$PATH:{os.path.dirname(sys.executable)}"; '
)


# Snakemake's own handler waits, in the main thread, for a lock that this thread may hold: one in a few runs hung.
onstart:
    signal.signal(
        signal.SIGTERM,
        lambda *_: threading.Thread(target=workflow.scheduler.exit_gracefully).start(),
    )


CELLS = priors.expand(config)
PRIORS = priors.learned(config)
REFERENCE_CHAINS = grid.chains(config["references"])
REFINEMENT_CHAINS = grid.chains(config["refinements"])
DIRECT_METHODS = {name for name, entry in config["estimators"].items() if entry["kind"] in DIRECT}
DISTILLED_METHODS = {
    name for name, entry in config["estimators"].items() if entry["kind"] in DISTILLED
}
# Seconds are never the same twice: only figures named so read the ledger.
COST_FIGURES = {name for name in FIGURES if name.startswith("cost")}


def one_of(names):
    """A wildcard's constraint to `names`; none of them matches nothing."""
    return "|".join(map(re.escape, sorted(names))) or r"(?!x)x"


wildcard_constraints:
    task=r"[^/]+",
    method=r"[^/]+",
    panel=one_of({*grid.PANELS, grid.HELD_OUT, grid.SBIBM, *grid.RESTORATIONS}),
    budget=r"\d+",
    seed=r"\d+",


def guarded(*files):
    """The inputs of a phase, unless a file that this run would make lies there and Snakemake knows nothing of it."""

    def phase(wildcards):
        found = [] if workflow.touch else unrecorded(files)
        if found:
            sys.exit(
                f"inversion: Expected a record of each result; got none of {len(found)} files, {found[0]} among "
                "them (from a clone, pull or checkout?). Run `inversion sync` first."
            )
        return files

    return phase
