"""Squared maximum mean discrepancy with a Gaussian kernel, unbiased.

    MMD^2 = E k(x, x') + E k(z, z') - 2 E k(x, z),    k(a, b) = exp(-|a - b|^2 / (2 h^2))

without the diagonal terms, so that it is 0 on average for equal distributions, and often negative.
The bandwidth h is the median distance within the reference: in the units of theta, one for all
methods.

Gretton, Borgwardt, Rasch, Schölkopf, Smola (2012), JMLR 13:723-773.
"""

import numpy as np
from jaxtyping import Float, Real

from inversion.diagnostics.checks import check_samples

ROWS = 1024  # of a kernel matrix held at once


def mmd(
    draws: Real[np.ndarray, "n dim"],
    reference: Real[np.ndarray, "m dim"],
    *,
    seed: int = 0,
    bandwidth: float | None = None,
) -> float:
    """Unbiased MMD^2, which may be negative; NaN if a draw is not finite. The seed is unused."""
    del seed
    check_samples(draws, reference)
    if not np.isfinite(draws).all():
        return float("nan")
    x, z = draws.astype(np.float64), reference.astype(np.float64)
    h = median_distance(reference) if bandwidth is None else bandwidth
    if not h > 0:
        raise ValueError(f"Expected a positive bandwidth; got {h}.")
    n, m = len(x), len(z)
    within_x = (_kernel_sum(x, x, h) - n) / (n * (n - 1))
    within_z = (_kernel_sum(z, z, h) - m) / (m * (m - 1))
    return float(within_x + within_z - 2 * _kernel_sum(x, z, h) / (n * m))


def median_distance(points: Real[np.ndarray, "m dim"], *, most: int = 2000) -> float:
    """Median distance between different points, of at most `most` evenly spread rows."""
    rows = np.linspace(0, len(points) - 1, min(len(points), most)).astype(int)
    some = points[rows].astype(np.float64)
    distances = [
        np.sqrt(_squared_distances(some[i : i + 1], some[i + 1 :])) for i in range(len(some) - 1)
    ]
    return float(np.median(np.concatenate(distances, axis=1)))


def _kernel_sum(a: np.ndarray, b: np.ndarray, h: float) -> float:
    blocks = (a[i : i + ROWS] for i in range(0, len(a), ROWS))
    return sum(float(np.exp(-_squared_distances(x, b) / (2 * h**2)).sum()) for x in blocks)


def _squared_distances(
    a: Float[np.ndarray, "n dim"], b: Float[np.ndarray, "m dim"]
) -> Float[np.ndarray, "n m"]:
    # One coordinate at a time: exact zeros on the diagonal, and no (n, m, dim) array.
    total = np.zeros((len(a), len(b)))
    for i in range(a.shape[1]):
        total += np.square(a[:, i, None] - b[None, :, i])
    return total
