"""Sliced Wasserstein distance of order 2.

    SW_2 = sqrt( mean over unit vectors w of W_2^2(<w, draws>, <w, reference>) )

In one dimension W_2 is the L2 distance of the quantile functions, here of the two empirical ones,
exactly, also for samples of different size. In the units of theta, and never 0 for finite samples.

Bonneel, Rabin, Peyré, Pfister (2015), https://doi.org/10.1007/s10851-014-0506-3.
"""

import numpy as np
from jaxtyping import Float, Real

from inversion.diagnostics.checks import check_samples, stream


def sliced_wasserstein(
    draws: Real[np.ndarray, "n dim"],
    reference: Real[np.ndarray, "m dim"],
    *,
    seed: int,
    projections: int = 100,
) -> float:
    """SW_2 over random directions, the same for one seed; NaN if a draw is not finite."""
    check_samples(draws, reference)
    if not np.isfinite(draws).all():
        return float("nan")
    shape = (reference.shape[1], projections)
    directions = stream(seed, "sliced_wasserstein").standard_normal(shape)
    directions /= np.linalg.norm(directions, axis=0)
    squares = wasserstein_squared(draws @ directions, reference @ directions)
    return float(np.sqrt(squares.mean()))


def wasserstein_squared(
    x: Real[np.ndarray, "n column"], z: Real[np.ndarray, "m column"]
) -> Float[np.ndarray, " column"]:
    """W_2^2 between the empirical distributions of the columns."""
    n, m = len(x), len(z)
    # Levels where either quantile function steps, as whole multiples of 1 / (n m).
    steps = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)
    left, width = steps[:-1], np.diff(steps) / (n * m)
    gap = np.sort(x, axis=0)[left // m] - np.sort(z, axis=0)[left // n]
    return width @ np.square(gap.astype(np.float64))
