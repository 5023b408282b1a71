"""What `inversion infer` computes: one program for each observation's draws, features and weights, and its verdict.

Where there is a likelihood the draws themselves are weighed; for a correction PROPOSALS times as many are, and those
that are written are resampled from them.
"""

import argparse
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from inversion.cli.weighing import LEAST, acceptance, has_weights, weigh_draws
from inversion.compiling import options

PROPOSALS = 2  # for each draw of a correction
# Draws for which the program is not worth improving: that takes as long as these.
ONCE = 40_000


class Inferred(NamedTuple):
    """One observation's draws and what to make of them."""

    theta: Float[np.ndarray, "draw dim"]
    advice: Any


def draw(arguments: argparse.Namespace, model, certificate, y) -> list[Inferred]:
    """Draws for each observation, corrected where that is asked for, with the advice on them."""
    import jax

    from inversion.keys import key_for
    from inversion.trust.features import features

    observations, num = len(y), arguments.draws
    corrected, weighs = arguments.correct, has_weights(model)
    if corrected and not weighs:
        raise ValueError(
            "Expected for --correct a likelihood, a prior with a density, and a model with one; "
            f"got a {type(model).__name__} of {type(model.standardisation.task).__name__}, which lack some of it."
        )
    count = max(LEAST, PROPOSALS * num if corrected else num) if weighs else num

    def one(seed, number, y):
        key = jax.random.split(key_for(seed, "infer"), observations)[number]
        theta, weighed = model.sample(key, y, count), None
        if weighs:
            key_weigh = jax.random.fold_in(key, 1)
            weighed = weigh_draws(key_weigh, model, y, theta, num if corrected else 0)
        return theta[:num], features(model, y), weighed

    once = options(quick=True)
    if once and observations * count <= ONCE:
        once = {**once, "xla_backend_optimization_level": 0}
    compiled, found = jax.jit(one, compiler_options=once), []
    seed = np.asarray(arguments.seed).astype(np.uint32)
    for number, each in enumerate(y):
        theta, seen, weighed = jax.tree.map(np.asarray, compiled(seed, number, each))
        off_map = None if certificate is None else certificate.off_map(seen)
        weighed = None if weighed is None else (weighed[1], *acceptance(weighed[0]))
        found.append(advised(arguments, model, certificate, number, each, theta, weighed, off_map))
    return found


def advised(
    arguments: argparse.Namespace, model, certificate, number: int, y, theta, weighed, off_map
) -> Inferred:
    """The draws to write, and what is known of them."""
    from inversion.trust.verdict import advise

    if weighed is None:
        return Inferred(theta, advise(certificate, off_map, None, None))
    (resampled, verdict, share), moved = weighed, None
    if arguments.correct:
        theta = resampled
        if not verdict.accepted:
            theta, moved = tempered(model, arguments.seed, number, y, arguments.draws)
    return Inferred(theta, advise(certificate, off_map, verdict, share, moved))


def tempered(model, seed: int, number: int, y, num: int):
    """Draws moved to the exact posterior, and the verdict on them."""
    import jax

    from inversion.keys import key_for
    from inversion.refinements.tempered import Tempered

    task, method = model.standardisation.task, Tempered(moves=200)
    invert = lambda key, y: method.invert(key, task, model, y, num)  # noqa: E731
    run = jax.jit(invert, compiler_options=options(quick=True))
    moved = jax.tree.map(
        lambda leaf: np.asarray(leaf)[None], run(key_for(seed, "infer", "tempered", number), y)
    )
    return moved.theta[0], method.verdict(task, moved)
