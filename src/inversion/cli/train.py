"""Fit an estimator to simulated pairs, and keep the model, its history and its cost."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--simulations", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--history", required=True)
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "entry", "budget", "seed"
    )
    configure_jax(double=False)
    import jax
    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from inversion.cost import Cost, Ledger
    from inversion.estimators.fit import TRAINING, fit
    from inversion.estimators.trained import make_estimator, save_model
    from inversion.keys import key_for
    from inversion.records import Simulations, write_atomic
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
    bar = tqdm(total=training.epochs, desc="/".join(map(str, names)), unit="epoch", disable=None)

    def report(epochs: int, validation: float) -> None:
        bar.set_postfix(validation=f"{validation:.4f}")
        bar.update(epochs - bar.n)

    with bar, ledger.entry(Cost(*names, "train")) as work:
        result = fit(key_fit, estimator, task, simulations, training, entry=work, report=report)
    if result.stopped == "diverged":
        tqdm.write(
            f"{'/'.join(map(str, names))}: the training diverged; its best model before is kept"
        )
    header = {
        "task": cell["task_entry"],
        "task_name": cell["task"],
        "kind": entry["kind"],
        "network": network,
        "summary": summary,
        "whiten": training.whiten,
        "stopped": result.stopped,
    }
    if training.y_scale != "linear":
        header["y_scale"] = training.y_scale
    offset = nats_per_theta(result.model, simulations)
    history = pd.DataFrame(
        {
            "epoch": np.arange(1, len(result.train) + 1),
            "train": result.train + offset,
            "validation": result.validation + offset,
        }
    )
    write_atomic(arguments.history, lambda path: history.to_csv(path, index=False, na_rep="nan"))
    write_costs(arguments.cost, ledger.as_rows())
    save_model(arguments.out, result.model, header)


def nats_per_theta(model, simulations) -> float:
    """What takes a density's loss from the network's coordinates to those of theta; 0 for another loss."""
    import jax
    import numpy as np

    from inversion.posterior import AbstractDensity

    if not isinstance(model, AbstractDensity):
        return 0.0
    return -float(np.mean(jax.vmap(model.standardisation.log_det)(simulations.theta)))
