"""Fit an estimator to simulated pairs, and keep the model, its history and its cost."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell
from inversion.cli.fitting import add_outputs, bar_of, write_fit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--simulations", required=True)
    add_outputs(parser)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "entry", "budget", "seed"
    )
    configure_jax(double=False)
    import jax

    from inversion.cost import Cost, Ledger
    from inversion.estimators.fit import TRAINING, fit
    from inversion.estimators.trained import make_estimator
    from inversion.keys import key_for
    from inversion.records import Simulations
    from inversion.registry import build
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    entry, names = cell["entry"], (cell["task"], cell["method"], cell["budget"], cell["seed"])
    training = build(TRAINING, {"kind": "fit", **entry.get("fit", {})})
    key_init, key_fit = jax.random.split(key_for(cell["root_seed"], "train", *names))
    network, summary = entry.get("network", {}), entry.get("summary")
    estimator = make_estimator(key_init, task, entry["kind"], network, summary)
    simulations = Simulations.load(arguments.simulations)
    ledger = Ledger()
    with bar_of(names, training.epochs) as report, ledger.entry(Cost(*names, "train")) as work:
        result = fit(key_fit, estimator, task, simulations, training, entry=work, report=report)
    more = {"whiten": training.whiten}
    if training.y_scale != "linear":
        more["y_scale"] = training.y_scale
    offset = nats_per_theta(result.model, simulations)
    write_fit(arguments, cell, result, result.model, ledger, offset=offset, **more)


def nats_per_theta(model, simulations) -> float:
    """What takes a density's loss from the network's coordinates to those of theta; 0 for another loss."""
    import jax
    import numpy as np

    from inversion.posterior import AbstractDensity

    if not isinstance(model, AbstractDensity):
        return 0.0
    return -float(np.mean(jax.vmap(model.standardisation.log_det)(simulations.theta)))
