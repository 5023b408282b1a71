"""Invert a panel's observations by a learned prior, or correct an amortised posterior."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell
from inversion.cli.invert import add_outputs, invert_panel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--model", required=True, help="the trained prior or posterior")
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
    from inversion.estimators.trained import load_model
    from inversion.grid import STARTS
    from inversion.refinements import REFINEMENTS
    from inversion.registry import build
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    settings = {name: value for name, value in cell["entry"].items() if name not in STARTS}
    refinement = build(REFINEMENTS, settings)
    configure_jax(double=refinement.double)
    start = start_for(refinement, load_model(arguments.model), arguments.model, cell["method"])

    def invert(key, y, num):
        return refinement.invert(key, task, start, y, num)

    invert_panel(arguments, cell, "refine", task, refinement, invert)


def start_for(refinement, model, path: str, method: str):
    """The model that a refinement starts from, in the precision of the process."""
    import jax

    if not isinstance(model, refinement.starts_from):
        raise ValueError(
            f"Expected an {refinement.starts_from.__name__} in {path} for method {method!r}; "
            f"got a {type(model).__name__}."
        )
    return jax.tree.map(lambda leaf: leaf.astype(float) if leaf.dtype.kind == "f" else leaf, model)
