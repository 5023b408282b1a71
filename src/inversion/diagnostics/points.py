"""Mean and quantiles of each coordinate, against those of exact draws and against the true parameters.

Both scores of a truth are proper, the square for the mean and the pinball loss for a quantile (Gneiting and Raftery,
2007): what is the true mean or quantile makes them least.
"""

import numpy as np
from jaxtyping import Float, Real

LEVELS = np.array([0.1, 0.5, 0.9])  # of the quantiles that draws are summed up by


def summed_up(
    draws: Real[np.ndarray, "draw dim"], levels: Float[np.ndarray, " level"]
) -> tuple[Float[np.ndarray, " dim"], Float[np.ndarray, "level dim"]]:
    """Mean and quantiles of draws."""
    draws = draws.astype(np.float64)
    return draws.mean(axis=0), np.quantile(draws, levels, axis=0)


def point_errors(
    mean: Float[np.ndarray, " dim"],
    quantiles: Float[np.ndarray, "level dim"],
    reference: Real[np.ndarray, "draw dim"],
    levels: Float[np.ndarray, " level"],
) -> dict[str, float]:
    """Root mean square over coordinates of the distance to the reference's, in its standard deviations."""
    exact_mean, exact_quantiles = summed_up(reference, levels)
    scale = reference.std(axis=0, dtype=np.float64)
    found, exact = np.vstack([mean, quantiles]), np.vstack([exact_mean, exact_quantiles])
    errors = np.sqrt(np.mean(((found - exact) / scale) ** 2, axis=1))
    return {f"{name}_error": float(e) for name, e in zip(_names(levels), errors, strict=True)}


def point_scores(
    theta_true: Real[np.ndarray, "obs dim"],
    mean: Float[np.ndarray, "obs dim"],
    quantiles: Float[np.ndarray, "obs level dim"],
    levels: Float[np.ndarray, " level"],
) -> dict[str, float]:
    """Means over truths and coordinates, in units of the truths' spread, and the share of truths below a quantile.

    `mean_square` is the share of the variance that is left: 1 where y says nothing. `below_10` is .1 at best.
    """
    if len(theta_true) != len(mean):
        raise ValueError(f"Expected a mean for each of {len(theta_true)} truths; got {len(mean)}.")
    scale = theta_true.std(axis=0, dtype=np.float64)
    scores = {"mean_square": float(np.mean(((mean - theta_true) / scale) ** 2))}
    _, *names = _names(levels)
    for name, level, quantile in zip(names, levels, np.moveaxis(quantiles, 1, 0), strict=True):
        gap = (theta_true - quantile) / scale
        scores[name.replace("quantile", "pinball")] = float(
            np.mean(np.maximum(level * gap, (level - 1) * gap))
        )
        scores[name.replace("quantile", "below")] = float(np.mean(theta_true < quantile))
    return scores


def _names(levels: Float[np.ndarray, " level"]) -> list[str]:
    return ["mean", *(f"quantile_{100 * level:g}" for level in levels)]
