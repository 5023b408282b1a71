"""Score a method's draws as pictures: likeness to the images that were measured, coverage, diversity, spectrum."""

import argparse
import functools

from inversion.cli.common import (
    SCORE_COLUMNS,
    add_cell,
    configure_jax,
    read_cell,
    score_rows,
    write_table,
)

POOLED = 1000  # residuals that C2ST tells apart
WIDEST = 64  # pixels beyond which C2ST is left out: its network grows with them, and takes minutes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--draws", required=True)
    parser.add_argument("--out", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell,
        "root_seed",
        "task",
        "task_entry",
        "method",
        "budget",
        "seed",
        "panel",
        "shared",
    )
    configure_jax(double=True)
    import numpy as np

    from inversion.diagnostics.images import calibration_of_images
    from inversion.records import Draws
    from inversion.tasks import make_task
    from inversion.tasks.image import ImageTask
    from inversion.tasks.task import ExactTask

    task, draws = make_task(cell["task_entry"]), Draws.load(arguments.draws)
    if not isinstance(task, ImageTask):
        raise ValueError(f"Expected a task whose theta is an image; got {cell['task']!r}.")
    if draws.theta.shape[1] == 0:
        raise ValueError(f"Expected draws in {arguments.draws}; got none.")
    scores = {}
    if np.isfinite(draws.theta).all():  # draws that are not leave no scores, and the table no row
        scores |= likenesses(task, draws, cell["shared"])
        if draws.theta.shape[1] > 1:
            shape, seed = task.image_shape, cell["root_seed"]
            areas = np.broadcast_to(task.areas, shape).ravel()
            truths = draws.theta_true
            scores |= calibration_of_images(truths, draws.theta, shape, areas, seed=seed)
            if isinstance(task, ExactTask):
                scores |= against_exact(cell, task, draws)
    write_table(arguments.out, score_rows(cell, cell["panel"], "all", scores), SCORE_COLUMNS)


def likenesses(task, draws, shared: int) -> dict[str, float]:
    """Of the first draw and of the mean of all: means over the observations, of PSNR with its standard error.

    PSNR stands besides over the first `shared` observations, which every method restores.
    """
    import numpy as np

    from inversion.diagnostics.likeness import LEAST, WINDOW, perceptual, psnr, ssim

    smallest = min(task.image_shape[:2])
    weighed = functools.partial(psnr, areas=task.areas)
    measures = {"psnr": (weighed, 1), "ssim": (ssim, WINDOW), "perceptual": (perceptual, LEAST)}
    truth = draws.theta_true.reshape(-1, *task.image_shape)
    scores = {}
    for which, theta in (("1", draws.theta[:, 0]), ("mean", draws.theta.mean(axis=1))):
        image = theta.reshape(-1, *task.image_shape)
        for name, (measure, least) in measures.items():
            if smallest >= least:
                each = measure(image, truth, task.data_range)
                scores[f"{name}_{which}"] = float(np.mean(each))
                if name == "psnr":
                    scores[f"psnr_{which}_shared"] = float(np.mean(each[:shared]))
                    scores[f"psnr_{which}_se"] = float(np.std(each) / np.sqrt(len(each)))
    return scores


def against_exact(cell, task, draws) -> dict[str, float]:
    """Moments and spectrum against those of the exact posterior."""
    import jax
    import numpy as np

    from inversion.diagnostics.c2st import c2st
    from inversion.diagnostics.images import against_moments
    from inversion.diagnostics.spectrum import band_errors, residual_power
    from inversion.keys import key_for

    num = draws.theta.shape[1]

    def exact(pair):
        key, y = pair
        posterior = task.posterior(y)
        return posterior.mean, posterior.variance**0.5, posterior.sample(key, (num,))

    keys = jax.random.split(key_for(cell["root_seed"], "restore", cell["task"]), len(draws.y))
    pairs = (keys, draws.y.astype(np.float64))
    mean, std, theta = (np.asarray(x) for x in jax.jit(lambda p: jax.lax.map(exact, p))(pairs))
    scores = against_moments(draws.theta_true, draws.theta, mean, std)
    powers = (residual_power(x, mean, task.image_shape) for x in (draws.theta, theta))
    residuals = (pooled(x, mean) for x in (draws.theta, theta))
    if task.dim <= WIDEST:
        scores = {**scores, "c2st": c2st(*residuals, seed=cell["root_seed"])}
    return {**scores, **band_errors(*powers)}


def pooled(theta, mean):
    """Draws less the exact mean, of all observations together, about `POOLED` of them: what C2ST tells apart."""
    num = max(1, POOLED // len(theta))
    return (theta[:, :num] - mean[:, None]).reshape(-1, theta.shape[2])
