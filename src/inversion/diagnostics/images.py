"""Whether draws of images are calibrated, pixel by pixel, over large areas and along random directions; how diverse
they are, and how far their moments lie from the exact ones.

`theta` are draws (obs, draw, dim), `theta_true` what was measured (obs, dim), both flat.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Real

from inversion.diagnostics.checks import check_panel, stream
from inversion.diagnostics.coverage import central_coverage
from inversion.diagnostics.ranks import sbc_ranks
from inversion.diagnostics.uniformity import ks_distance

LEVEL = 0.9  # of the intervals
LOW = 4  # cosines along each axis: the coarsest patterns
PROJECTIONS = 20


def coverage_of_pixels(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    areas: Real[np.ndarray, " dim"] | None = None,
    *,
    seed: int = 0,
) -> float:
    """Share of pixels, weighed by `areas`, inside their central interval of 90 %."""
    ranks = sbc_ranks(theta_true, theta, seed=seed)
    each = central_coverage(ranks, theta.shape[1], LEVEL)
    return float(np.average(each, weights=areas))


def low_frequencies(
    theta: Real[np.ndarray, "*batch dim"], image_shape: tuple[int, int, int]
) -> Float[np.ndarray, "*batch low"]:
    """Inner products with the coarsest cosines of each channel, `LOW` along each axis."""
    height, width, _ = image_shape
    images = np.asarray(theta, np.float64).reshape(*theta.shape[:-1], *image_shape)
    down, across = _cosines(height, min(LOW, height)), _cosines(width, min(LOW, width))
    low = np.einsum("uh,...hwc,vw->...uvc", down, images, across, optimize=True)
    return low.reshape(*theta.shape[:-1], -1)


def projections(
    theta: Real[np.ndarray, "*batch dim"], *, seed: int = 0
) -> Float[np.ndarray, "*batch direction"]:
    """Along random directions, the same for all draws."""
    directions = stream(seed, "images").normal(size=(theta.shape[-1], PROJECTIONS))
    return np.asarray(theta, np.float64) @ directions


def projection_ranks(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    seed: int = 0,
) -> np.ndarray:
    """Ranks (obs, direction) of the truth among the draws along random directions."""
    lines = (projections(x, seed=seed) for x in (theta_true, theta))
    return sbc_ranks(*lines, seed=seed)


def calibration_of_images(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    image_shape: tuple[int, int, int],
    areas: Real[np.ndarray, " dim"] | None = None,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Coverages, the mean KS distance of ranks along random directions from uniform ones, and the spread.

    `spread` is the standard deviation of a pixel's draws, the root of its mean square over pixels and observations.
    """
    check_panel(theta_true, theta)
    low = (low_frequencies(x, image_shape) for x in (theta_true, theta))
    ranks = projection_ranks(theta_true, theta, seed=seed)
    return {
        "coverage_90": coverage_of_pixels(theta_true, theta, areas, seed=seed),
        "coverage_90_low": coverage_of_pixels(*low, seed=seed),
        "projection_ks": float(np.mean([ks_distance(r, theta.shape[1]) for r in ranks.T])),
        "spread": float(np.sqrt(np.mean(variances(theta)))),
        "mean_rmse": root_mean_square(theta.mean(axis=1, dtype=np.float64) - theta_true),
    }


def against_moments(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    mean: Real[np.ndarray, "obs dim"],
    std: Real[np.ndarray, "obs dim"],
) -> Mapping[str, float]:
    """Errors of the draws' moments against the exact posterior's, in shares of the exact standard deviation.

    `spread_error` is signed: below 0 the draws are too alike. `mean_error` is the distance of the two means without
    what so few draws scatter by; `rmse_error` that of the means' errors against the truth.
    """
    exact = root_mean_square(std)
    difference = theta.mean(axis=1, dtype=np.float64) - mean
    scatter = np.mean(variances(theta)) / theta.shape[1]
    own = np.mean((theta.mean(axis=1, dtype=np.float64) - theta_true) ** 2) - scatter
    best = root_mean_square(mean - theta_true)
    return {
        "spread_error": float(np.sqrt(np.mean(variances(theta))) / exact - 1),
        "mean_error": float(np.sqrt(max(0.0, np.mean(difference**2) - scatter)) / exact),
        "rmse_error": float(np.sqrt(max(0.0, own)) / best - 1),
    }


def variances(theta: Real[np.ndarray, "obs draw dim"]) -> Float[np.ndarray, "obs dim"]:
    """Of each pixel's draws, unbiased; NaN of a single draw."""
    if theta.shape[1] < 2:
        return np.full((len(theta), theta.shape[2]), np.nan)
    return theta.var(axis=1, ddof=1, dtype=np.float64)


def root_mean_square(x: Real[np.ndarray, "..."]) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def _cosines(size: int, num: int) -> Float[np.ndarray, "num size"]:
    """The first rows of the orthonormal cosine transform."""
    k, i = np.arange(num)[:, None], np.arange(size)
    rows = np.cos(np.pi * k * (i + 0.5) / size)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
