"""Say in which parts of an exact posterior the ends of a refinement lie, and how many lie in none."""

import argparse

from inversion.cli.common import (
    SCORE_COLUMNS,
    add_cell,
    configure_jax,
    read_cell,
    score_rows,
    write_table,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--draws", required=True)
    parser.add_argument("--exact", required=True)
    parser.add_argument("--out", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "task", "task_entry", "method", "budget", "seed")
    configure_jax(double=True)
    import jax
    import numpy as np

    from inversion.cli.paired import paired
    from inversion.diagnostics import landing
    from inversion.tasks import make_task
    from inversion.tasks.task import LabelledTask

    task = make_task(cell["task_entry"])
    draws, exact = paired(arguments.draws, arguments.exact)
    parts, label = {}, None
    if isinstance(task, LabelledTask):
        parts, label = task.parts, jax.jit(jax.vmap(task.labels))
    name = max(parts, key=parts.get, default="part")
    density = jax.jit(lambda y, theta: jax.vmap(task.posterior(y).log_prob)(theta))

    def seen(theta, y) -> tuple:
        theta = np.asarray(theta, np.float64)
        labels = np.zeros(len(theta), int) if label is None else np.asarray(label(theta)[name])
        return np.asarray(density(np.asarray(y, np.float64), theta)), labels

    rows = []
    for at, (ends, truth, y) in enumerate(zip(draws.theta, exact.theta, draws.y, strict=True)):
        landed = landing(*seen(ends, y), *seen(truth, y), parts.get(name, 1))
        scores = {"off_rate": landed.off, "parts_found": landed.found, "parts": landed.there}
        scores |= {f"on_{name}_{part + 1}": share for part, share in enumerate(landed.on)}
        rows += score_rows(cell, "comparison", at, scores)
    write_table(arguments.out, rows, SCORE_COLUMNS)
