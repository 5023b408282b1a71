"""What a digits' prior gains on images that it saw: memory, or hands that it knows?

The images lie by writer, and the last, which are for tests, are of other writers than those trained on. Here the
prior is trained on some of the training images, drawn at random, so that others of the same hands were not seen. Its
denoised image is the posterior mean of `digits_denoise`: its PSNR on images seen, on unseen ones of these hands, and
on those of others. About seven minutes of one core:

    python benchmarks/writers.py --out report/tables/writers.csv
"""

import argparse
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
from inversion.records import Simulations
from inversion.registry import build
from inversion.tasks import make_task
from inversion.tasks.digits import DARKEST, SIDE, warped

ROOT = Path(__file__).parents[1]
TASK, PRIOR, DRAWS, SEEN, REPEATS = "digits_denoise", "image_prior", 30_000, 1000, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    task, entry = make_task(params["tasks"][TASK]), params["estimators"][PRIOR]
    rng = np.random.default_rng(0)
    images = rng.permutation(task.held_out("train").examples())
    groups = {
        "seen": images[:SEEN],
        "same_hands": images[SEEN:],
        "validation": task.held_out("validation").examples(),
        "test": task.held_out("test").examples(),
    }
    rows = []
    for warp in (0.0, task.warp):
        drawn = rng.choice(warped(images[:SEEN], warp), DRAWS)
        theta = spread(rng, drawn)
        y = jax.vmap(task.simulate)(jax.random.split(jax.random.key(0), DRAWS), theta)
        simulations = Simulations(theta.astype(np.float32), np.asarray(y, np.float32))
        estimator = make_estimator(jax.random.key(1), task, entry["kind"], entry["network"])
        training = build(TRAINING, {"kind": "fit", **entry["fit"]})
        cost = Entry(Cost(TASK, PRIOR, DRAWS, 0, "train"))
        result = fit(jax.random.key(2), estimator, task, simulations, training, entry=cost)
        row = {"warp": warp, "validation_loss": float(np.nanmin(result.validation))}
        for name, of in groups.items():
            row[name] = denoised_psnr(rng, result.model, np.repeat(of, REPEATS, axis=0), task)
        rows.append({**row, "date": date.today().isoformat(), "machine": machine()})
        print(rows[-1], flush=True)
    if arguments.out is not None:
        pd.DataFrame(rows).to_csv(arguments.out, index=False, float_format="%.4g")


def spread(rng, images):
    """A density in place of levels, as the task's prior has it."""
    return images + rng.uniform(size=images.shape) / DARKEST


def denoised_psnr(rng, prior, images, task) -> float:
    """Of the posterior means, the mean over images, in dB."""
    theta = spread(rng, images)
    z = jnp.asarray(theta + task.noise_scale * rng.normal(size=theta.shape), jnp.float32)
    sigma = task.noise_scale / jnp.max(prior.scale)  # one scale for all pixels
    mean = jax.jit(jax.vmap(lambda z: prior.denoised(z, sigma)))(z)
    shape = (-1, SIDE, SIDE, 1)
    return float(np.mean(psnr(np.asarray(mean).reshape(shape), theta.reshape(shape))))


if __name__ == "__main__":
    main()
