"""What a digits' prior gains on images that it saw: memory, or hands that it knows?

The images lie by writer, and the last, which are for tests, are of other writers than those trained on. Here the
prior is trained on some of the training images, drawn at random, so that others of the same hands were not seen. PSNR
of the posterior mean is told on images seen, on unseen ones of these hands, and on those of others: under noise of one
pass of the denoiser, with masks of DiffPIR. A wider warp, and a Gaussian in the network's place, remember less. About
an hour of one core:

    python benchmarks/writers.py --out report/tables/writers.csv
"""

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml
from keep import machine

from inversion.cost import Cost, Entry
from inversion.diagnostics.likeness import psnr
from inversion.estimators.fit import TRAINING, fit
from inversion.estimators.trained import make_estimator
from inversion.grid import Params, fit_entry
from inversion.records import Simulations
from inversion.refinements.diffpir import DiffPir
from inversion.registry import build
from inversion.tasks import make_task
from inversion.tasks.digits import DARKEST, SIDE, warped

ROOT = Path(__file__).parents[1]
NOISE, MASKS, ITERATED = "digits_denoise", "digits_inpaint", "diffpir_image"
GAUSSIAN, PERCEPTRON, UNET = "gaussian", "image_prior_mlp", "image_prior"
# Priors, warps, and the task for which the prior trains as long.
TRAININGS = (
    *((PERCEPTRON, warp, MASKS) for warp in (0.0, 1.0)),
    *((PERCEPTRON, warp, NOISE) for warp in (1.0, 1.5, 2.0)),
    *((UNET, warp, NOISE) for warp in (0.0, 1.0, 1.5)),
)
PAIRS, SEEN, REPEATS, DRAWS = 30_000, 1000, 10, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    noise, masks = (make_task(params["tasks"][name]) for name in (NOISE, MASKS))
    rng = np.random.default_rng(0)
    images = rng.permutation(noise.held_out("train").examples())
    groups = {
        "seen": images[:SEEN],
        "same_hands": images[SEEN:],
        "validation": noise.held_out("validation").examples(),
        "test": noise.held_out("test").examples(),
    }
    rows = []

    def tell(task, prior: str, warp: float, steps: int, repeats: int, restored: Callable) -> None:
        scores = {
            name: restored_psnr(rng, restored, np.repeat(of, repeats, axis=0), task)
            for name, of in groups.items()
        }
        row = {
            "task": NOISE if task is noise else MASKS,
            "prior": prior,
            "warp": warp,
            "steps": steps,
        }
        rows.append({**row, **scores, "date": date.today().isoformat(), "machine": machine()})
        print(rows[-1], flush=True)

    gaussian = of_gaussian(spread(rng, images[:SEEN]), noise.noise_scale)
    tell(noise, GAUSSIAN, 0.0, 0, REPEATS, gaussian)
    for name, warp, as_long in TRAININGS:
        entry = fit_entry(params, as_long, name)
        prior = trained(rng, entry, noise, rng.choice(warped(images[:SEEN], warp), PAIRS))
        told = name, warp, entry["fit"]["max_steps"]
        tell(noise, *told, REPEATS, of_one_pass(prior, noise.noise_scale))
        tell(masks, *told, 1, of_iterations(prior, masks, params))
    if arguments.out is not None:
        pd.DataFrame(rows).to_csv(arguments.out, index=False, float_format="%.4g")


def spread(rng, images):
    """A density in place of levels, as the task's prior has it."""
    return images + rng.uniform(size=images.shape) / DARKEST


def trained(rng, entry, task, images):
    """A prior of these images, as the study trains one."""
    theta = spread(rng, images)
    y = jax.vmap(task.simulate)(jax.random.split(jax.random.key(0), len(theta)), theta)
    simulations = Simulations(theta.astype(np.float32), np.asarray(y, np.float32))
    estimator = make_estimator(jax.random.key(1), task, entry["kind"], entry["network"])
    training = build(TRAINING, {"kind": "fit", **entry["fit"]})
    cost = Entry(Cost(NOISE, entry["kind"], len(theta), 0, "train"))
    return fit(jax.random.key(2), estimator, task, simulations, training, entry=cost).model


def of_gaussian(theta, noise_scale: float) -> Callable:
    """Posterior means of noisy images under the Gaussian that has the mean and the covariance of `theta`."""
    mean, covariance = theta.mean(axis=0), np.cov(theta.T)
    gain = np.linalg.solve(covariance + noise_scale**2 * np.eye(SIDE**2), covariance)
    return lambda y: mean + (y.reshape(len(y), -1) - mean) @ gain


def of_one_pass(prior, noise_scale: float) -> Callable:
    """Posterior means of noisy images as a diffusion prior has them."""
    sigma = noise_scale / jnp.max(prior.scale)  # one scale for all pixels
    return jax.jit(lambda y: jax.vmap(lambda z: prior.denoised(z, sigma))(y.reshape(len(y), -1)))


def of_iterations(prior, task, params: Params) -> Callable:
    """Means of draws by DiffPIR, as the study runs it."""
    settings = params["refinements"][ITERATED]
    method = DiffPir(**{name: settings[name] for name in ("steps", "strength", "fresh")})

    def mean(given):
        key, y = given
        return method.invert(key, task, prior, y, DRAWS).theta.mean(axis=0)

    return jax.jit(
        lambda y: jax.lax.map(
            mean, (jax.random.split(jax.random.key(3), len(y)), y), batch_size=REPEATS
        )
    )


def restored_psnr(rng, restored: Callable, images, task) -> float:
    """The mean over images, in dB."""
    theta = jnp.asarray(spread(rng, images), jnp.float32)
    keys = jax.random.split(jax.random.key(int(rng.integers(2**31))), len(theta))
    means = np.asarray(restored(jax.vmap(task.simulate)(keys, theta)))
    shape = (-1, SIDE, SIDE, 1)
    return float(np.mean(psnr(means.reshape(shape), np.asarray(theta).reshape(shape))))


if __name__ == "__main__":
    main()
