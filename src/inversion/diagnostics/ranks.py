"""Simulation-based calibration: the rank of the truth among the draws, per coordinate.

If theta_true and the draws come from one posterior given y, every rank is uniform on {0, ...,
draws}. Narrow draws give too many extreme ranks, draws shifted upwards too many low ones. Blind
spot: draws from the prior pass.

Talts, Betancourt, Simpson, Vehtari, Gelman (2018), arXiv:1804.06788.
"""

import numpy as np
from jaxtyping import Float, Int, Real

from inversion.diagnostics.checks import check_panel, check_ranks, stream
from inversion.diagnostics.uniformity import (
    Band,
    ecdf_band,
    ks_distance,
    ks_mean_quantile,
    ks_quantile,
    p_of_tail,
    smallest_tail,
    uniform_p,
)


def randomised_rank(
    rng: np.random.Generator,
    truth: Real[np.ndarray, "*batch"],
    draws: Real[np.ndarray, "*batch draw"],
) -> Int[np.ndarray, "*batch"]:
    """Number of draws below the truth; among equal values the place is drawn at random.

    Random places keep the rank uniform for discrete unknowns and for rounded ones.
    """
    below = (draws < truth[..., None]).sum(axis=-1)
    equal = (draws == truth[..., None]).sum(axis=-1)
    return below + rng.integers(0, equal, endpoint=True)


def sbc_ranks(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    seed: int = 0,
) -> Int[np.ndarray, "obs dim"]:
    """Ranks in {0, ..., draw} of each true coordinate; `seed` matters only where values tie."""
    check_panel(theta_true, theta)
    return randomised_rank(stream(seed, "sbc"), theta_true, np.moveaxis(theta, 1, 2))


def sbc_p_each(ranks: Int[np.ndarray, "obs dim"], num_draws: int) -> Float[np.ndarray, " dim"]:
    """Exact p-value of uniformity of each coordinate's ranks."""
    check_ranks(ranks, num_draws, 2)
    return np.array([uniform_p(column, num_draws) for column in ranks.T])


def sbc_p(ranks: Int[np.ndarray, "obs dim"], num_draws: int) -> float:
    """p-value of all coordinates together: the smallest times their number (Bonferroni).

    It is valid however the coordinates depend on each other. The smallest p belongs to the smallest tail.
    """
    check_ranks(ranks, num_draws, 2)
    tail = min(smallest_tail(column, num_draws) for column in ranks.T)
    return min(1.0, ranks.shape[1] * p_of_tail(tail, len(ranks), num_draws))


def sbc_band(num_obs: int, num_draws: int, dim: int, level: float = 0.95) -> Band:
    """Band that holds the ECDFs of all coordinates at once with at least the asked probability."""
    return ecdf_band(num_obs, num_draws, 1 - (1 - level) / dim)


def sbc_ks_each(ranks: Int[np.ndarray, "obs dim"], num_draws: int) -> Float[np.ndarray, " dim"]:
    """KS distance of each coordinate's ranks; see `uniformity.ks_quantile` for the noise floor."""
    check_ranks(ranks, num_draws, 2)
    return np.array([ks_distance(column, num_draws) for column in ranks.T])


def sbc_ks(ranks: Int[np.ndarray, "obs dim"], num_draws: int) -> float:
    """Largest KS distance of the coordinates from the discrete uniform."""
    return float(sbc_ks_each(ranks, num_draws).max())


def sbc_ks_floor(
    num_obs: int, num_draws: int, dim: int, level: float = 0.95
) -> tuple[float, float]:
    """What the largest and the mean KS distance of a perfect posterior stay below with probability `level`.

    The ranks of one coordinate are independent of another's here; where they are not, the mean scatters more.
    """
    largest = ks_quantile(num_obs, num_draws, level ** (1 / dim))
    return largest, ks_mean_quantile(num_obs, num_draws, dim, level)
