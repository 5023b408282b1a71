"""C2ST in JAX against scikit-learn's: the same value for a seed, and the CPU seconds of each.

`sklearn_other_seed` is the yardstick: what another split, start and shuffle alone change. Seconds
are those of the process, of a call after the first for JAX, which compiles for about a second once
per shape. By hand, on one core:

    OMP_NUM_THREADS=1 NPROC=1 taskset -c 0 python benchmarks/c2st.py
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from inversion.diagnostics.c2st import c2st
from inversion.diagnostics.c2st_sklearn import c2st_sklearn

TABLE = Path(__file__).parents[1] / "report" / "tables" / "c2st_agreement.csv"


def moons(rng, num, *, shift=0.0, scale=1.0, right=0.5, noise=0.05):
    """Two half circles in 2-d, the second with the weight `right`."""
    angle, second = np.pi * rng.random(num), rng.random(num) < right
    x = np.where(second, 1 - np.cos(angle), np.cos(angle))
    y = np.where(second, 0.5 - np.sin(angle), np.sin(angle))
    return scale * np.stack([x, y], axis=1) + shift + noise * rng.standard_normal((num, 2))


def normal(rng, num, *, dim, shift=0.0, scale=1.0, correlation=0.0):
    """Gaussians with one correlation between neighbours, the shift along the first axis."""
    x = rng.standard_normal((num, dim))
    x[:, 1:] = correlation * x[:, :-1] + np.sqrt(1 - correlation**2) * x[:, 1:]
    x = scale * x
    x[:, 0] += shift
    return x


def heavy(rng, num, *, dim, freedom):
    return rng.standard_t(freedom, (num, dim))


MOONS = {
    "equal": {},
    "shift 0.05": {"shift": 0.05},
    "shift 0.2": {"shift": 0.2},
    "scale 1.1": {"scale": 1.1},
    "scale 0.7": {"scale": 0.7},
    "one moon": {"right": 0.0},
    "moons 3 to 1": {"right": 0.25},
    "noise 0.1": {"noise": 0.1},
    "noise 0.3": {"noise": 0.3},
}
NORMALS = {
    "equal": {},
    "scale 1.1": {"scale": 1.1},
    "scale 1.5": {"scale": 1.5},
    "shift 1": {"shift": 1.0},
    "shift 2": {"shift": 2.0},
    "correlation 0.7": {"correlation": 0.7},
}


def cells():
    """Name, dimension, number, draws' and reference's sampler."""
    for name, mine in MOONS.items():
        num = 5000 if name == "one moon" else 1000
        yield f"two moons, {name}", 2, num, moons, mine, {}
    for name, mine in NORMALS.items():
        num = 10000 if name in ("equal", "scale 1.1") else 1000
        yield f"normal, {name}", 2, num, normal, {"dim": 2, **mine}, {"dim": 2}
    for name, mine in NORMALS.items():
        num = 1000 if name in ("scale 1.1", "shift 1") else 500
        yield f"normal, {name}", 10, num, normal, {"dim": 10, **mine}, {"dim": 10}
    for freedom in (1, 2):
        mine, other = {"dim": 2, "freedom": freedom}, {"dim": 2, "freedom": 10}
        yield f"Student t, {freedom} and 10", 2, 1001, heavy, mine, other


def timed(function, *args, **settings):
    start = time.process_time()
    value = function(*args, **settings)
    return value, time.process_time() - start


def main():
    rows = []
    for number, (name, dim, num, sampler, mine, other) in enumerate(cells()):
        rng = np.random.default_rng(number)
        pair = sampler(rng, num, **mine), sampler(rng, num, **other)
        first = c2st(*pair, seed=1)
        jax, jax_s = timed(c2st, *pair, seed=1)
        if jax != first:
            raise ValueError(f"Expected the same value again; got {first} and {jax}.")
        sklearn, sklearn_s = timed(c2st_sklearn, *pair, seed=1)
        again, _ = timed(c2st_sklearn, *pair, seed=2)
        values = [round(value, 5) for value in (jax, sklearn, again)]
        rows.append([name, dim, num, *values, round(jax_s, 2), round(sklearn_s, 2)])
        print(*rows[-1], sep="\t", flush=True)
    names = ["cell", "dim", "draws", "jax", "sklearn", "sklearn_other_seed", "jax_s", "sklearn_s"]
    table = pd.DataFrame(rows, columns=names)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(TABLE, index=False)
    own = (table["jax"] - table["sklearn"]).abs()
    seed = (table["sklearn_other_seed"] - table["sklearn"]).abs()
    print(f"jax less sklearn: mean {own.mean():.5f}, most {own.max():.5f}")
    print(f"sklearn less itself, other seed: mean {seed.mean():.5f}, most {seed.max():.5f}")


if __name__ == "__main__":
    main()
