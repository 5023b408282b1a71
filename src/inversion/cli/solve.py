"""Fit an estimator to prior draws in closed form, and keep the model, its history and its cost."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--simulations", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--history", required=True, help="the loss after each step")
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "entry", "budget", "seed"
    )
    configure_jax(double=False)
    import jax
    import numpy as np
    import pandas as pd

    from inversion.cli.train import nats_per_theta
    from inversion.cost import Cost, Ledger
    from inversion.estimators.direct import AbstractDirect, fit_directly
    from inversion.estimators.trained import make_estimator, save_model
    from inversion.keys import key_for
    from inversion.records import Simulations, write_atomic
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    entry, names = cell["entry"], (cell["task"], cell["method"], cell["budget"], cell["seed"])
    settings = dict(entry["fit"])
    if set(settings) != {"validation"}:
        raise ValueError(
            f"Expected fit: of {cell['method']} to hold validation alone; got {', '.join(settings)}."
        )
    key_init, key_fit = jax.random.split(key_for(cell["root_seed"], "train", *names))
    network = entry.get("network", {})
    estimator = make_estimator(key_init, task, entry["kind"], network)
    if not isinstance(estimator, AbstractDirect):
        raise ValueError(f"Expected a kind that is fitted in closed form; got {entry['kind']!r}.")
    simulations = Simulations.load(arguments.simulations)
    ledger = Ledger()
    with ledger.entry(Cost(*names, "train")) as work:
        result = fit_directly(key_fit, estimator, task, simulations, **settings, entry=work)
    offset = nats_per_theta(result.model, simulations)
    history = pd.DataFrame(
        {
            "epoch": np.arange(1, result.steps + 1),
            "train": result.train + offset,
            "validation": result.validation + offset,
        }
    )
    header = {
        "task": cell["task_entry"],
        "task_name": cell["task"],
        "kind": entry["kind"],
        "network": network,
        "summary": None,
        "stopped": result.stopped,
    }
    write_atomic(arguments.history, lambda path: history.to_csv(path, index=False, na_rep="nan"))
    write_costs(arguments.cost, ledger.as_rows())
    save_model(arguments.out, result.model, header)
