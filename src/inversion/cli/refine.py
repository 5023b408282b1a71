"""Invert a panel's observations by a learned prior."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell
from inversion.cli.invert import add_outputs, invert_panel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--model", required=True, help="the trained prior")
    add_outputs(parser)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell,
        "root_seed",
        "task",
        "task_entry",
        "method",
        "entry",
        "budget",
        "seed",
        "panel",
        "draws",
    )
    import jax

    from inversion.estimators.trained import load_model
    from inversion.posterior import AbstractTransport
    from inversion.refinements import REFINEMENTS
    from inversion.registry import build
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    settings = {name: value for name, value in cell["entry"].items() if name != "prior"}
    refinement = build(REFINEMENTS, settings)
    configure_jax(double=refinement.double)
    prior = load_model(arguments.model)
    if not isinstance(prior, AbstractTransport):
        raise ValueError(f"Expected a learned prior in {arguments.model}; got another estimator.")
    prior = jax.tree.map(lambda leaf: leaf.astype(float) if leaf.dtype.kind == "f" else leaf, prior)

    def invert(key, y, num):
        return refinement.invert(key, task, prior, y, num)

    invert_panel(arguments, cell, "refine", task, refinement, invert)
