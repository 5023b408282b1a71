"""Fetch sbibm's observations and draws; where they cannot be had, say so in one line and write panels without any."""

import argparse
from pathlib import Path

from inversion.cli.common import add_cell, read_cell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--wheels", type=Path, required=True, help="where the wheel is kept")
    parser.add_argument(
        "--observations", nargs="+", required=True, help="in the order of the cell's tasks"
    )
    parser.add_argument("--out", nargs="+", required=True, help="draws, in the same order")


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "version", "sha256", "tasks", "observations")
    from inversion import sbibm
    from inversion.records import Simulations

    try:
        wheel = sbibm.fetch(cell["version"], cell["sha256"], arguments.wheels)
    except ValueError as error:
        print(f"inversion: {error} The study goes on without sbibm (`snakemake -R fetch` retries).")
        wheel = None
    files = zip(cell["tasks"].items(), arguments.observations, arguments.out, strict=True)
    for (task, entry), observed, out in files:
        number = cell["observations"][task]
        draws = none(entry) if wheel is None else sbibm.read(wheel, task, number)
        Simulations(draws.theta_true, draws.y).save(observed)
        draws.save(out)


def none(entry: dict):
    """No observations, of the task's own shapes."""
    import numpy as np

    from inversion.records import Draws
    from inversion.tasks import make_task

    task = make_task(entry)
    empty = [np.zeros((0, *shape), np.float32) for shape in ((task.dim,), task.event_shape)]
    return Draws(*empty, np.zeros((0, 0, task.dim), np.float32))
