"""Invert a panel's observations by a learned prior, or correct an amortised posterior."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell
from inversion.cli.invert import add_outputs, invert_panel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument(
        "--model", nargs="*", default=[], help="the trained prior or posterior; none of a known one"
    )
    parser.add_argument(
        "--start", nargs="*", default=[], help="a posterior whose draws to start from"
    )
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
    from inversion.estimators.known_prior import known_prior
    from inversion.estimators.trained import load_model
    from inversion.grid import STARTS, WARM
    from inversion.refinements import REFINEMENTS
    from inversion.registry import build
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    settings = {name: value for name, value in cell["entry"].items() if name not in (*STARTS, WARM)}
    refinement = build(REFINEMENTS, settings)
    configure_jax(double=refinement.double)
    model = load_model(*arguments.model) if arguments.model else known_prior(task)
    start = start_for(refinement, model, *arguments.model or ["the task"], cell["method"])
    for path in arguments.start:
        start = warmed(start, load_model(path), path, cell["method"])

    def invert(key, y, num):
        return refinement.invert(key, task, start, y, num)

    invert_panel(arguments, cell, "refine", task, refinement, invert)


def start_for(refinement, model, path: str, method: str):
    """The model that a refinement starts from, in the precision of the process."""
    if not isinstance(model, refinement.starts_from):
        raise ValueError(
            f"Expected an {refinement.starts_from.__name__} in {path} for method {method!r}; "
            f"got a {type(model).__name__}."
        )
    return in_precision(model)


def warmed(start, model, path: str, method: str):
    """The learned prior, with the draws of the posterior `model` in place of its own."""
    from inversion.posterior import AbstractPosterior, AbstractTransport
    from inversion.refinements.warm import Warm

    for needed, found in ((AbstractTransport, start), (AbstractPosterior, model)):
        if not isinstance(found, needed):
            raise ValueError(
                f"Expected an {needed.__name__} for method {method!r}, which starts from {path}; "
                f"got a {type(found).__name__}."
            )
    return Warm(start, in_precision(model))


def in_precision(model):
    """The model in the precision of the process."""
    import jax

    return jax.tree.map(lambda leaf: leaf.astype(float) if leaf.dtype.kind == "f" else leaf, model)
