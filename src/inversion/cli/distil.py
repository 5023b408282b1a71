"""Distil a prior that takes noise out into a posterior sampler of one pass, on observations alone."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell
from inversion.cli.fitting import add_outputs, bar_of, write_fit

DRAWS = 30_000  # of the prior, at most: for the moments of theta, and for a guess to be trained on
# What needs pairs, or another view of y: here each of these keeps its default.
UNFIT = ("whiten", "fresh_noise", "symmetries", "y_scale", "y_screen")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--simulations", required=True, help="the observations; theta is not read")
    parser.add_argument(
        "--model", nargs="*", default=[], help="the trained prior; none of a known one"
    )
    add_outputs(parser)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "entry", "budget", "seed"
    )
    configure_jax(double=False)
    import equinox as eqx
    import jax
    import numpy as np

    from inversion.cost import Calls, Cost, Ledger
    from inversion.estimators.distilled import TARGET, Distilled, Distilling
    from inversion.estimators.fit import TRAINING, Training, fit
    from inversion.estimators.standardisation import Standardisation
    from inversion.estimators.trained import make_estimator, trained
    from inversion.keys import key_for
    from inversion.records import Simulations
    from inversion.registry import build
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    entry, names = cell["entry"], (cell["task"], cell["method"], cell["budget"], cell["seed"])
    training = build(TRAINING, {"kind": "fit", **entry.get("fit", {})})
    fit_around = entry.get("fit_around")
    if fit_around is not None:
        fit_around = build(TRAINING, {"kind": "fit", **fit_around})
    unfit = [name for name in UNFIT if getattr(training, name) != getattr(Training, name)]
    if unfit:
        raise ValueError(
            f"Expected fit: of {cell['method']} without what needs pairs or another view of y; "
            f"got {', '.join(unfit)}."
        )
    target = build(TARGET, {"kind": "target", **entry.get("target", {})})
    prior = prior_of(task, arguments.model)
    entry = with_prior(entry, cell["task_entry"], arguments.model)
    key_init, key_fit = jax.random.split(key_for(cell["root_seed"], "train", *names))
    estimator = make_estimator(key_init, task, entry["kind"], entry["network"])
    if not isinstance(estimator, Distilled):
        raise ValueError(f"Expected a kind that is distilled; got {entry['kind']!r}.")
    y = Simulations.load(arguments.simulations).y
    ledger = Ledger()
    with bar_of(names, training.epochs) as report, ledger.entry(Cost(*names, "train")) as work:
        draw = lambda key: prior.sample(key, y[0], min(DRAWS, len(y)))  # noqa: E731
        key_draws = jax.random.fold_in(key_fit, 1)
        drawn = np.asarray(work.compile(draw, key_draws, quick=True)(key_draws))
        # The loop's pairs hold the prior's draws, for their moments: no theta of the simulations.
        simulations = Simulations(np.resize(drawn, (len(y), drawn.shape[1])), y)
        maps = Standardisation.of(task, simulations)
        if estimator.around is not None:
            settings = (prior, task, maps, simulations, fit_around)
            around = around_draws(
                key_fit, estimator.around, drawn, *settings, names=names, work=work
            )
            estimator = eqx.tree_at(lambda model: model.around, estimator, around)
        distilling = Distilling(estimator, prior, task, maps, target)
        result = fit(key_fit, distilling, task, simulations, training, entry=work, report=report)
        batch = min(training.batch, len(y))
        work.count(Calls(network=result.steps * batch * distilling.passes))
    model = trained(result.model.estimator.distilled, result.model.standardisation)
    write_fit(arguments, {**cell, "entry": entry}, result, model, ledger)


def with_prior(entry: dict, task_entry: dict, paths: list[str]) -> dict:
    """The entry with the trained prior's own, and the task's, in the settings of a guess to lie around."""
    from inversion.estimators.trained import read_header

    around = entry["network"].get("around")
    if not isinstance(around, dict):
        return entry
    if not paths:
        raise ValueError("Expected a learned prior for a guess to lie around; got a known one.")
    header = read_header(paths[0])
    prior = {"kind": header["kind"], **header["network"]}
    around = {**around, "prior": prior, "task": task_entry}
    return {**entry, "network": {**entry["network"], "around": around}}


def around_draws(key, around, drawn, prior, task, maps, simulations, training, *, names, work):
    """Fitted to these draws of the prior; its guess, if it has one, trained on `simulations` of them by `training`."""
    import jax

    from inversion.cost import Calls
    from inversion.estimators.around import Around
    from inversion.estimators.fit import fit
    from inversion.estimators.unrolled import Unrolling

    key_pairs, key_guess = jax.random.fold_in(key, 1), jax.random.fold_in(key, 2)
    pairs, guess = measured(key_pairs, task, maps, drawn), around.guess
    work.count(Calls(simulator=len(drawn)))
    if guess is not None:
        guess = guess.begun(prior, maps, *pairs)
        if training is not None:
            with bar_of((*names, "guess"), training.epochs) as report:
                start = Unrolling(guess)
                found = fit(
                    key_guess, start, task, simulations, training, entry=work, report=report
                )
            guess, seen = found.model.estimator.unrolled, found.steps * training.batch
            work.count(Calls(simulator=seen, network=seen * (guess.passes - 1)))
    return Around.of(guess, *pairs)


def measured(key, task, maps, theta):
    """Draws of the prior, and measurements simulated from them, as the network sees both."""
    import jax

    y = jax.vmap(task.simulate)(jax.random.split(key, len(theta)), theta)
    return jax.vmap(maps.theta_in)(theta), jax.vmap(maps.y_in)(y)


def prior_of(task, paths: list[str]):
    """The prior of a file, or without one the task's own."""
    from inversion.estimators.known_prior import known_prior
    from inversion.estimators.trained import load_model
    from inversion.posterior import AbstractDenoiser

    if not paths:
        return known_prior(task)
    (path,) = paths
    model = load_model(path)
    if not isinstance(model, AbstractDenoiser):
        raise ValueError(
            f"Expected a prior that takes noise out in {path}; got a {type(model).__name__}."
        )
    return model
