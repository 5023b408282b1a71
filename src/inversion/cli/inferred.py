"""What `inversion infer` computes: one program for each observation's draws, features and weights, and its verdict."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from inversion.compiling import options

PROPOSALS = 2  # for each draw, to weigh
LEAST = 4000  # proposals: k-hat and an effective size of hundreds ask for thousands


class Inferred(NamedTuple):
    """One observation's draws and what to make of them."""

    theta: Float[np.ndarray, "draw dim"]
    advice: Any


def load(path: str):
    """A model to draw from; one of another version, or of a mean and quantiles, is refused."""
    import inversion
    from inversion.estimators.trained import FORMAT
    from inversion.posterior import AbstractPoints

    check_version(Path(path), FORMAT)
    model = inversion.load(str(path))
    if isinstance(model, AbstractPoints):
        raise ValueError(
            "Expected a model to draw from; got one of a mean and quantiles (inversion.load gives its points)."
        )
    return model


def check_version(path: Path, known: str) -> None:
    """Refuse a model that another version of this program has written; other faults are the loader's to tell."""
    with path.open("rb") as file:
        line = file.readline(1_000_000).decode(errors="replace")
    family = known.rpartition("-")[0]
    start = line.find(f'"{family}-')
    if start < 0:
        return
    found = line[start + 1 :].split('"', 1)[0]
    if found != known:
        raise ValueError(
            f"Expected a model of the format {known} in {path}; got {found}, of another version of inversion."
        )


def draw(arguments: argparse.Namespace, model, certificate, y) -> list[Inferred]:
    """Draws for each observation, corrected where that is asked for, with the advice on them."""
    import jax

    from inversion.keys import key_for
    from inversion.posterior import AbstractDensity
    from inversion.refinements.importance import Importance
    from inversion.tasks.task import TractableTask
    from inversion.trust.features import features

    task, num = model.standardisation.task, arguments.draws
    weighed = isinstance(task, TractableTask) and isinstance(model, AbstractDensity)
    method = Importance(proposals=max(LEAST, PROPOSALS * num))

    def one(key, y):
        key_weigh = jax.random.fold_in(key, 1)
        weighted = method.invert(key_weigh, task, model, y, num) if weighed else None
        return model.sample(key, y, num), features(model, y), weighted

    compiled, found = jax.jit(one, compiler_options=options(quick=True)), []
    for key, each in zip(
        jax.random.split(key_for(arguments.seed, "infer"), len(y)), y, strict=True
    ):
        theta, seen, weighted = jax.tree.map(np.asarray, compiled(key, each))
        off_map = None if certificate is None else certificate.off_map(seen)
        found.append(
            advised(arguments, model, certificate, method, key, each, theta, weighted, off_map)
        )
    return found


def advised(
    arguments: argparse.Namespace, model, certificate, method, key, y, theta, weighted, off_map
) -> Inferred:
    """The draws to write, and what is known of them."""
    import jax

    from inversion.trust.verdict import advise

    if weighted is None:
        return Inferred(theta, advise(certificate, off_map, None, None))
    task = model.standardisation.task
    verdict = method.verdict(task, jax.tree.map(lambda leaf: leaf[None], weighted))
    share, moved = verdict.numbers["ess"][0] / method.proposals, None
    if arguments.correct:
        theta = weighted.theta
        if not verdict.accepted:
            theta, moved = tempered(model, key, y, arguments.draws)
    return Inferred(theta, advise(certificate, off_map, verdict, share, moved))


def tempered(model, key, y, num: int):
    """Draws moved to the exact posterior, and the verdict on them."""
    import jax

    from inversion.refinements.tempered import Tempered

    task, method = model.standardisation.task, Tempered(moves=200)
    invert = lambda key, y: method.invert(key, task, model, y, num)  # noqa: E731
    run = jax.jit(invert, compiler_options=options(quick=True))
    moved = jax.tree.map(lambda leaf: np.asarray(leaf)[None], run(jax.random.fold_in(key, 2), y))
    return moved.theta[0], method.verdict(task, moved)
