"""Score a method's draws against exact draws, observation by observation, and its density against the exact one."""

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
    parser.add_argument("--density", help="the method's density of the density panel's truths")
    parser.add_argument("--exact-density")
    parser.add_argument("--out", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "budget", "seed", "scores"
    )
    configure_jax(double=True)
    import numpy as np

    from inversion.cli.paired import paired
    from inversion.diagnostics.points import LEVELS, point_errors, summed_up
    from inversion.records import Draws
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    draws, exact = paired(arguments.draws, arguments.exact)
    reference = exact.theta
    if np.array_equal(draws.theta, exact.theta):  # the exact method itself: the scores' noise floor
        reference = drawn_anew(cell, task, exact)
    rows = []
    for observation, (theta, truth) in enumerate(zip(draws.theta, reference, strict=True)):
        if draws.levels is None:
            points = summed_up(theta, LEVELS)
            scores = against(theta, truth, cell) | observed(
                told(task, draws.y[observation]), theta, truth
            )
            scores |= point_errors(*points, truth, LEVELS)
        else:
            points = draws.mean[observation], draws.quantiles[observation]
            scores = point_errors(*points, truth, draws.levels)
        rows += score_rows(cell, cell.get("panel", "comparison"), observation, scores)
    if arguments.density:
        density, exact_density = Draws.load(arguments.density), Draws.load(arguments.exact_density)
        rows += score_rows(cell, "density", "all", densities(density, exact_density))
    write_table(arguments.out, rows, SCORE_COLUMNS)


def against(theta, truth, cell: dict) -> dict[str, float]:
    """The registered scores of one observation's draws; as many draws as params.yaml says, by task."""
    from inversion.diagnostics import COMPARISON
    from inversion.grid import by_task

    scores = {}
    for name, settings in cell["scores"].items():
        num = by_task(settings["draws"], cell["task"])
        rest = {key: value for key, value in settings.items() if key != "draws"}
        scores[name] = COMPARISON[name](theta[:num], truth[:num], seed=cell["root_seed"], **rest)
    return scores


def observed(task, theta, truth) -> dict[str, float]:
    """What the draws predict of the observation, and the masses of the parts that the task names."""
    import jax
    import numpy as np

    from inversion.diagnostics import consistency, masses, total_variation
    from inversion.tasks.task import LabelledTask, LinearTask

    scores = {}
    if isinstance(task, LinearTask):
        push = jax.jit(jax.vmap(task.operator))
        mean, std = consistency(np.asarray(push(theta)))
        true_mean, true_std = consistency(np.asarray(push(truth)))
        scores["consistency_mean_error"] = float(np.abs(mean - true_mean).max())
        scores["consistency_std_error"] = float(np.abs(std - true_std).max())
        if np.size(mean) == 1:
            scores |= {"consistency_mean": mean.item(), "consistency_std": std.item()}
    if isinstance(task, LabelledTask):
        label = jax.jit(jax.vmap(task.labels))
        labels, true_labels = label(theta), label(truth)
        for name, parts in task.parts.items():
            mass = masses(np.asarray(labels[name]), parts)
            true_mass = masses(np.asarray(true_labels[name]), parts)
            if parts == 2:
                scores[f"{name}_mass"] = float(mass[0])
            else:
                scores |= {f"{name}_{k + 1}": float(m) for k, m in enumerate(mass)}
            scores[f"{name}_tv"] = total_variation(mass, true_mass)
        scores["mode_tv"] = scores[f"{max(task.parts, key=task.parts.get)}_tv"]
    return scores


def told(task, y):
    """The task with what the observation tells of the operator."""
    from inversion.tasks.task import LinearTask

    return task.given(y) if isinstance(task, LinearTask) else task


def densities(density, exact_density) -> dict[str, float]:
    """Mean negative log density of the panel's truths, or of the first ones, alone and over the exact one."""
    from inversion.diagnostics import excess_nll, nll

    if density.log_prob_true is None:
        return {}
    own = nll(density.log_prob_true)
    exact = exact_density.log_prob_true[: len(density.log_prob_true)]
    excess = excess_nll(exact, density.log_prob_true)
    return {
        "nll": own.mean,
        "nll_se": own.standard_error,
        "excess_nll": excess.mean,
        "excess_nll_se": excess.standard_error,
    }


def drawn_anew(cell: dict, task, exact):
    """A second set of exact draws, independent of the first."""
    import jax
    import numpy as np

    from inversion.keys import key_for

    key = key_for(cell["root_seed"], "compare", cell["task"], "exact", "anew")
    num = exact.theta.shape[1]
    sample = jax.jit(lambda key, y: task.posterior(y).sample(key, (num,)))
    pairs = zip(jax.random.split(key, len(exact.y)), exact.y.astype(np.float64), strict=True)
    return np.stack([np.asarray(sample(*pair), np.float32) for pair in pairs])
