"""Excess negative log-likelihood: mean of log p(theta | y) - log q(theta | y) over joint draws.

It estimates the expected KL divergence from the exact posterior p to the method's density q: 0 is
the best, and only noise takes it below. The difference is paired: near the
exact posterior the noise of the panel cancels.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Estimate(NamedTuple):
    """A mean in nats and its standard error."""

    mean: float
    standard_error: float


def nll(log_prob_true: Float[np.ndarray, " obs"]) -> Estimate:
    """Mean negative log density of the truths; infinite where one has density zero, NaN where
    one has none or an infinite one."""
    if log_prob_true.ndim != 1 or len(log_prob_true) < 2:
        raise ValueError(
            f"Expected log_prob_true of shape (2 or more,); got {log_prob_true.shape}."
        )
    values = -log_prob_true.astype(np.float64)
    if not np.isfinite(values).all():
        failed = np.isnan(values).any() or (values == -np.inf).any()
        return Estimate(float("nan" if failed else "inf"), float("nan"))
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def excess_nll(
    log_prob_true_exact: Float[np.ndarray, " obs"], log_prob_true: Float[np.ndarray, " obs"]
) -> Estimate:
    """Paired difference exact minus method, with its standard error."""
    if log_prob_true_exact.shape != log_prob_true.shape:
        raise ValueError(
            f"Expected log_prob_true of shape {log_prob_true_exact.shape}; "
            f"got {log_prob_true.shape}."
        )
    if not np.isfinite(log_prob_true_exact).all():
        raise ValueError("Expected finite exact log densities; got NaN or infinity.")
    return nll(log_prob_true.astype(np.float64) - log_prob_true_exact.astype(np.float64))
