"""Expected coverage: how often the truth lies in credible sets of a nominal level.

Central and highest-density, of each coordinate and of all together: each kind of set gives the level of the smallest
set that holds the truth, a share of the draws that is uniform on {0, ..., draw} / draw for a right posterior. Where
the sets are made of points, they are made of the truth and its draws alike, so that this holds for any number of them.

A rank r among L draws stands for u uniform in [r/(L+1), (r+1)/(L+1)], and what of that cell lies
in the credible set counts as covered. So the mean is the nominal level exactly, for any level and
any L.

Highest-density sets: Hermans et al. (2022), arXiv:2110.06581.
"""

import numpy as np
from jaxtyping import Float, Int, Real

from inversion.diagnostics.checks import check_panel, check_ranks, stream
from inversion.diagnostics.ranks import randomised_rank, sbc_p
from inversion.diagnostics.uniformity import uniform_p


def central_coverage(
    ranks: Int[np.ndarray, "obs dim"], num_draws: int, level: float
) -> Float[np.ndarray, " dim"]:
    """Share of truths in the central interval of each coordinate, from `sbc_ranks`."""
    check_ranks(ranks, num_draws, 2)
    return _cell_share(ranks, num_draws, (1 - level) / 2, (1 + level) / 2).mean(axis=0)


def central_levels(
    ranks: Int[np.ndarray, "obs dim"], num_draws: int, *, seed: int = 0
) -> Float[np.ndarray, "obs dim"]:
    """Level of the smallest central interval of each coordinate that holds the truth, from `sbc_ranks`.

    Ranks are ordered by their distance from the middle one; of two as far, the order is drawn at random.
    """
    check_ranks(ranks, num_draws, 2)
    distance = np.abs(2 * ranks - num_draws)
    coin = stream(seed, "central").integers(0, 2, ranks.shape)
    return np.where(distance > 0, distance - coin, 0) / num_draws


def interval_levels(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    seed: int = 0,
) -> Float[np.ndarray, "obs dim"]:
    """Level of each coordinate's highest-density set that holds the truth, by the spacings of the sorted points.

    A point's density is how many neighbours, up to a tenth of the points to either side, lie how close together
    (Loftsgaarden and Quesenberry, 1965). So a posterior of many modes has sets of many intervals.
    """
    check_panel(theta_true, theta)
    points = np.concatenate([theta_true[:, None], theta], axis=1).swapaxes(1, 2)
    num = points.shape[-1]
    places, reach = np.arange(num), -(-num // 10)
    low, high = np.maximum(places - reach, 0), np.minimum(places + reach, num - 1)
    ordered = np.sort(points, axis=-1)
    spacing = (ordered[..., high] - ordered[..., low]) / (high - low)
    rng = stream(seed, "interval")
    rank = randomised_rank(rng, points[..., 0], points[..., 1:])
    own = np.take_along_axis(spacing, rank[..., None], axis=-1)
    others = spacing[places != rank[..., None]].reshape(*rank.shape, num - 1)
    return randomised_rank(rng, own[..., 0], others) / (num - 1)


def ellipsoid_levels(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    seed: int = 0,
) -> Float[np.ndarray, " obs"]:
    """Level of the smallest ellipsoid around the points' mean, of their covariance, that holds the truth.

    The central set of all coordinates together, for a method without density. A direction in which the points do
    not vary is left out.
    """
    check_panel(theta_true, theta)
    points = np.concatenate([theta_true[:, None], theta], axis=1, dtype=np.float64)
    points -= points.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.einsum("old,old->od", points, points) / points.shape[1])
    points /= np.where(scale > 0, scale, 1.0)[:, None]
    correlation = points.swapaxes(1, 2) @ points / points.shape[1]
    inverse = np.linalg.pinv(correlation, rcond=1e-10, hermitian=True)
    distance = np.einsum("old,old->ol", points @ inverse, points)
    rng = stream(seed, "ellipsoid")
    return randomised_rank(rng, distance[:, 0], distance[:, 1:]) / theta.shape[1]


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


def levels_p(levels: Float[np.ndarray, "obs dim"], num_draws: int) -> float:
    """p-value of uniformity of the levels of all coordinates together, exact for one and by Bonferroni for more."""
    return sbc_p(level_ranks(levels, num_draws), num_draws)


def level_ranks(
    levels: Real[np.ndarray, "obs *dim"], num_draws: int
) -> Int[np.ndarray, "obs *dim"]:
    """Whole ranks from shares of the draws."""
    ranks = np.rint(levels * num_draws).astype(int)
    if not np.allclose(ranks, levels * num_draws, rtol=0, atol=1e-3):
        raise ValueError(f"Expected multiples of 1/{num_draws}; got other numbers.")
    return ranks


def _cell_share(ranks: np.ndarray, num_draws: int, low: float, high: float) -> np.ndarray:
    left, right = ranks / (num_draws + 1), (ranks + 1) / (num_draws + 1)
    inside = np.minimum(right, high) - np.maximum(left, low)
    return np.clip(inside, 0, None) * (num_draws + 1)
