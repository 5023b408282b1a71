"""Exact test and band for ranks that should be uniform on {0, ..., draws}.

Of N calibrated observations with L draws each, the number c_k of ranks <= k is Binomial(N, z_k)
with z_k = (k+1)/(L+1). The statistic is the smallest one-sided binomial tail over all k; the band
holds all paths whose tails exceed one gamma. Both are calibrated exactly, for finite N and L: a
multinomial path is a Poisson path given its total, so the probability to stay in a band is L small
convolutions.

Säilynoja, Bürkner, Vehtari (2022), "Graphical test for discrete uniformity", arXiv:2103.10522.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import bdtr, gammaln

from inversion.diagnostics.checks import check_ranks


class Band(NamedTuple):
    """Where the ECDF of calibrated ranks lies at all `z` at once, with the asked probability."""

    z: Float[np.ndarray, " draw"]
    low: Float[np.ndarray, " draw"]
    high: Float[np.ndarray, " draw"]


def grid(num_draws: int) -> Float[np.ndarray, " draw"]:
    """Nominal ECDF (k+1)/(L+1) at the ranks k = 0, ..., L-1 (at k = L it is 1)."""
    return np.arange(1, num_draws + 1) / (num_draws + 1)


def ecdf_counts(ranks: Int[np.ndarray, " obs"], num_draws: int) -> Int[np.ndarray, " draw"]:
    """Number of ranks <= k, for k = 0, ..., L-1."""
    check_ranks(ranks, num_draws, 1)
    return np.cumsum(np.bincount(ranks, minlength=num_draws + 1))[:-1]


def inside_probability(
    low: Int[np.ndarray, " draw"], high: Int[np.ndarray, " draw"], num_obs: int
) -> float:
    """Exact probability that low_k <= c_k <= high_k for all k, for uniform ranks."""
    rate = num_obs / (len(low) + 1)
    k = np.arange(num_obs + 1)
    poisson = np.exp(k * np.log(rate) - rate - gammaln(k + 1))
    mass, start = np.ones(1), 0
    for lo, hi in zip(np.maximum(low, 0).tolist(), np.minimum(high, num_obs).tolist()):
        if lo > hi:
            return 0.0
        mass = np.convolve(mass, poisson[: hi - start + 1])[lo - start : hi - start + 1]
        start = lo
    total = np.exp(num_obs * np.log(num_obs) - num_obs - gammaln(num_obs + 1))
    return float(mass @ poisson[num_obs - start - np.arange(len(mass))] / total)


def uniform_p(ranks: Int[np.ndarray, " obs"], num_draws: int) -> float:
    """Exact p-value of uniformity of independent ranks on {0, ..., num_draws}."""
    return p_of_tail(smallest_tail(ranks, num_draws), len(ranks), num_draws)


def smallest_tail(ranks: Int[np.ndarray, " obs"], num_draws: int) -> float:
    """The statistic gamma: the smallest one-sided binomial tail of the counts."""
    counts, num_obs, z = ecdf_counts(ranks, num_draws), len(ranks), grid(num_draws)
    # P(c >= c_k) is the lower tail of num_obs - c_k at 1 - z_k, which is the reversed grid.
    return min(bdtr(counts, num_obs, z).min(), bdtr(num_obs - counts, num_obs, z[::-1]).min())


def p_of_tail(gamma: float, num_obs: int, num_draws: int) -> float:
    """Exact probability that uniform ranks have a `smallest_tail` of at most gamma: it grows with gamma."""
    low, high = _gamma_bounds(gamma, num_obs, num_draws)
    # Bounds of the union: below 1e-12 the difference from 1 is rounding.
    upper = min(1.0, 2 * num_draws * gamma)
    return float(np.clip(1 - inside_probability(low, high, num_obs), gamma, upper))


@lru_cache(maxsize=64)
def ecdf_band(num_obs: int, num_draws: int, level: float = 0.95) -> Band:
    """Narrowest band of equal tails that uniform ranks leave with probability <= 1 - level."""
    _check_level(level)

    def covers(log_gamma: float) -> bool:
        low, high = _gamma_bounds(np.exp(log_gamma), num_obs, num_draws)
        return inside_probability(low, high, num_obs) >= level

    # The union bound holds the level at the left end; at gamma = 1/2 hardly a path is inside.
    gamma = _largest(covers, np.log((1 - level) / (2 * num_draws)), np.log(0.5))
    low, high = _gamma_bounds(np.exp(gamma), num_obs, num_draws)
    return Band(_frozen(grid(num_draws)), _frozen(low / num_obs), _frozen(high / num_obs))


def ks_distance(ranks: Int[np.ndarray, " obs"], num_draws: int) -> float:
    """Largest distance of the ranks' ECDF from the discrete uniform's."""
    return float(np.abs(ecdf_counts(ranks, num_draws) / len(ranks) - grid(num_draws)).max())


@lru_cache(maxsize=64)
def ks_quantile(num_obs: int, num_draws: int, level: float = 0.95) -> float:
    """Noise floor: uniform ranks have a larger `ks_distance` with probability <= 1 - level."""
    _check_level(level)
    expected = num_obs * grid(num_draws)

    def exceeds(distance: float) -> bool:
        low = np.ceil(expected - num_obs * distance - 1e-9).astype(int)
        high = np.floor(expected + num_obs * distance + 1e-9).astype(int)
        return inside_probability(low, high, num_obs) < level

    return _largest(exceeds, 0.0, 1.0)


@lru_cache(maxsize=64)
def ks_mean_quantile(num_obs: int, num_draws: int, dim: int, level: float = 0.95) -> float:
    """Noise floor of the mean `ks_distance` over `dim` coordinates with independent ranks, by simulation.

    In steps of 1e-4 or so: 20,000 means of distances drawn from as many of uniform ranks.
    """
    _check_level(level)
    rng, num = np.random.default_rng(0), 20_000
    each = np.empty(num)
    for part in np.array_split(np.arange(num), 20):
        shares = np.full(num_draws + 1, 1 / (num_draws + 1))
        counts = np.cumsum(rng.multinomial(num_obs, shares, len(part)), axis=1)[:, :-1]
        each[part] = np.abs(counts / num_obs - grid(num_draws)).max(axis=1)
    if dim == 1:
        return float(np.quantile(each, level))
    total = np.zeros(num)
    for _ in range(dim):
        total += rng.permutation(each)
    return float(np.quantile(total / dim, level))


def _gamma_bounds(gamma: float, num_obs: int, num_draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest counts both of whose tails exceed gamma, by bisection over integers."""
    z = grid(num_draws)
    lo, hi = np.full(num_draws, -1), np.full(num_draws, num_obs)
    while (hi - lo > 1).any():
        middle = (lo + hi) // 2
        above = bdtr(np.maximum(middle, 0), num_obs, z) > gamma
        lo, hi = np.where(above, lo, middle), np.where(above, middle, hi)
    return hi, num_obs - hi[::-1]


def _largest(holds, left: float, right: float) -> float:
    """Right end of where `holds` is true, for one that is true at left and false at right."""
    for _ in range(40):
        middle = (left + right) / 2
        left, right = (middle, right) if holds(middle) else (left, middle)
    return float(left)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"Expected a level between 0 and 1; got {level}.")


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
