"""Expected coverage: how often the truth lies in credible sets of a nominal level.

A rank r among L draws stands for u uniform in [r/(L+1), (r+1)/(L+1)], and what of that cell lies
in the credible set counts as covered. So the mean is the nominal level exactly, for any level and
any L.

Highest-density sets: Hermans et al. (2022), arXiv:2110.06581.
"""

import numpy as np
from jaxtyping import Float, Int, Real

from inversion.diagnostics.checks import check_ranks, stream
from inversion.diagnostics.ranks import randomised_rank
from inversion.diagnostics.uniformity import uniform_p


def central_coverage(
    ranks: Int[np.ndarray, "obs dim"], num_draws: int, level: float
) -> Float[np.ndarray, " dim"]:
    """Share of truths in the central interval of each coordinate, from `sbc_ranks`."""
    check_ranks(ranks, num_draws, 2)
    return _cell_share(ranks, num_draws, (1 - level) / 2, (1 + level) / 2).mean(axis=0)


def hpd_levels(
    log_prob_true: Float[np.ndarray, " obs"],
    log_prob: Float[np.ndarray, "obs draw"],
    *,
    seed: int = 0,
) -> Float[np.ndarray, " obs"]:
    """Share of draws more probable than the truth, in {0, ..., draw} / draw.

    It is the smallest level whose highest-density region holds the truth: uniform if calibrated,
    piled up at 1 where the draws are too narrow. Values that tie are ordered at random.
    """
    if log_prob_true.ndim != 1:
        raise ValueError(f"Expected log_prob_true of shape (obs,); got {log_prob_true.shape}.")
    if log_prob.ndim != 2 or len(log_prob) != len(log_prob_true):
        raise ValueError(
            f"Expected log_prob of shape ({len(log_prob_true)}, draw); got {log_prob.shape}."
        )
    ranks = randomised_rank(stream(seed, "hpd"), -log_prob_true, -log_prob)
    return ranks / log_prob.shape[1]


def hpd_coverage(levels: Float[np.ndarray, " obs"], num_draws: int, level: float) -> float:
    """Share of truths in the highest-density region of a nominal level, from `hpd_levels`."""
    return float(_cell_share(level_ranks(levels, num_draws), num_draws, 0.0, level).mean())


def hpd_p(levels: Float[np.ndarray, " obs"], num_draws: int) -> float:
    """Exact p-value of uniformity of `hpd_levels`."""
    return uniform_p(level_ranks(levels, num_draws), num_draws)


def level_ranks(levels: Real[np.ndarray, " obs"], num_draws: int) -> Int[np.ndarray, " obs"]:
    """Whole ranks from shares of the draws."""
    ranks = np.rint(levels * num_draws).astype(int)
    if not np.allclose(ranks, levels * num_draws, rtol=0, atol=1e-3):
        raise ValueError(f"Expected multiples of 1/{num_draws}; got other numbers.")
    return ranks


def _cell_share(ranks: np.ndarray, num_draws: int, low: float, high: float) -> np.ndarray:
    left, right = ranks / (num_draws + 1), (ranks + 1) / (num_draws + 1)
    inside = np.minimum(right, high) - np.maximum(left, low)
    return np.clip(inside, 0, None) * (num_draws + 1)
