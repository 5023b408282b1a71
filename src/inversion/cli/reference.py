"""Invert a panel's observations by an exact or classical method."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell
from inversion.cli.invert import add_outputs, invert_panel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    add_outputs(parser)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell,
        "root_seed",
        "task",
        "task_entry",
        "method",
        "entry",
        "seed",
        "panel",
        "draws",
    )
    configure_jax(double=True)
    import jax
    import numpy as np

    from inversion.references import REFERENCES
    from inversion.registry import build
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    reference = build(REFERENCES, cell["entry"])

    def invert(key, y, num):
        return reference.invert(key, task, y, num)

    log_prob = None
    if hasattr(reference, "log_prob"):
        over = jax.jit(
            lambda theta, y: jax.lax.map(
                lambda pair: reference.log_prob(task, *pair),
                (theta, y),
                batch_size=min(len(y), max(1, 1000 // max(1, theta.shape[1]))),
            )
        )

        def log_prob(theta, y):
            return np.asarray(over(theta, y)) if theta.size else np.zeros(theta.shape[:2])

    invert_panel(arguments, cell, "reference", task, reference, invert, log_prob)
