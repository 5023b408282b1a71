"""Posterior predictive checks: data simulated from the draws, beside the data observed or simulated anew.

At one observation the y that the posterior has seen is held against its own predictions: it lies too well among
them, so that the test rejects a right posterior less often than its level says (Meng, 1994). On a panel of
simulations a second y of the same truth takes its place, and the ranks are exactly uniform.

Rubin (1984), "Bayesianly justifiable and relevant frequency calculations"; Meng (1994), "Posterior predictive
p-values"; for the second y, Talts et al. (2018), arXiv:1804.06788, with y in the place of theta.
"""

import numpy as np
from jaxtyping import Real

from inversion.diagnostics.ranks import sbc_p, sbc_ranks


def predictive_p(
    y: Real[np.ndarray, "*event"], predicted: Real[np.ndarray, "draw *event"]
) -> float:
    """p-value of an observation among predictions from draws given it: two-sided, all entries together, conservative.

    `y` may as well be statistics of the observation, with the same statistics of each prediction.
    """
    if predicted.ndim < 1 or len(predicted) < 1 or predicted.shape[1:] != y.shape:
        raise ValueError(
            f"Expected predictions of shape (draw, *{y.shape}); got {predicted.shape}."
        )
    if not (np.isfinite(y).all() and np.isfinite(predicted).all()):
        raise ValueError("Expected a finite y and finite predictions; got NaN or infinity.")
    points = len(predicted) + 1
    above, below = ((op(predicted, y)).sum(axis=0) + 1 for op in (np.greater_equal, np.less_equal))
    return float(min(1.0, y.size * (2 * np.minimum(above, below) / points).min()))


def predictive_panel_p(
    y_new: Real[np.ndarray, "obs *event"],
    predicted: Real[np.ndarray, "obs draw *event"],
    *,
    seed: int = 0,
) -> float:
    """p-value of second observations, of the truths behind the first, among predictions from draws given the first.

    Exact for one entry, and by Bonferroni for more.
    """
    if predicted.ndim < 2 or predicted.shape[2:] != y_new.shape[1:] or len(predicted) != len(y_new):
        raise ValueError(
            f"Expected predictions of shape ({len(y_new)}, draw, *{y_new.shape[1:]}); got {predicted.shape}."
        )
    obs, draws = predicted.shape[:2]
    ranks = sbc_ranks(y_new.reshape(obs, -1), predicted.reshape(obs, draws, -1), seed=seed)
    return sbc_p(ranks, draws)
