"""The calibration scores of a panel under one signature, with the arrays that the figures draw.

Every function takes what a Draws record holds and uses what it needs of it.
"""

import numpy as np
from jaxtyping import Float, Real

from inversion.diagnostics.averaged import averaged_p
from inversion.diagnostics.checks import check_panel
from inversion.diagnostics.coverage import (
    central_coverage,
    ellipsoid_levels,
    hpd_coverage,
    hpd_levels,
    hpd_p,
    interval_levels,
    levels_p,
)
from inversion.diagnostics.ranks import sbc_ks_each, sbc_ks_floor, sbc_p, sbc_ranks
from inversion.diagnostics.tarp import references_from, tarp_coverages, tarp_p

Result = tuple[dict[str, float], dict[str, np.ndarray]]
RANKS = (
    "sbc_p", "sbc_ks", "sbc_ks_95", "sbc_ks_mean", "sbc_ks_mean_95", "coverage_50", "coverage_90",
)  # fmt: skip


def sbc(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    y: Real[np.ndarray, "obs ..."] | None = None,
    log_prob_true: Float[np.ndarray, " obs"] | None = None,
    log_prob: Float[np.ndarray, "obs draw"] | None = None,
    seed: int = 0,
) -> Result:
    """Ranks: p-value over all coordinates, largest and mean KS distance, mean central coverage.

    The published KS tables average over coordinates; the largest has the higher noise floor. `sbc_ks_95` and
    `sbc_ks_mean_95` are these floors, the 95 % points of a perfect posterior.
    """
    del y, log_prob_true, log_prob
    check_panel(theta_true, theta)
    if not _finite(theta_true, theta):
        return _nan(*RANKS)
    ranks, num_draws = sbc_ranks(theta_true, theta, seed=seed), theta.shape[1]
    distances = sbc_ks_each(ranks, num_draws)
    largest, mean = sbc_ks_floor(len(ranks), num_draws, ranks.shape[1])
    scores = {
        "sbc_p": sbc_p(ranks, num_draws),
        "sbc_ks": float(distances.max()),
        "sbc_ks_95": largest,
        "sbc_ks_mean": float(distances.mean()),
        "sbc_ks_mean_95": mean,
        "coverage_50": float(central_coverage(ranks, num_draws, 0.5).mean()),
        "coverage_90": float(central_coverage(ranks, num_draws, 0.9).mean()),
    }
    return scores, {"ranks": ranks}


def tarp(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    y: Real[np.ndarray, "obs ..."] | None = None,
    log_prob_true: Float[np.ndarray, " obs"] | None = None,
    log_prob: Float[np.ndarray, "obs draw"] | None = None,
    seed: int = 0,
) -> Result:
    """Balls around random references, and (tarp_y_p) around references that look at y."""
    del log_prob_true, log_prob
    check_panel(theta_true, theta)
    look_at_y = y is not None and _finite(y)
    if not _finite(theta_true, theta):
        return _nan("tarp_p", *(["tarp_y_p"] if look_at_y else []))
    num_draws = theta.shape[1]
    coverages = tarp_coverages(seed, theta_true, theta)
    scores, curves = {"tarp_p": tarp_p(coverages, num_draws)}, {"tarp": coverages}
    if look_at_y:
        references = references_from(seed, y, theta_true.shape[1])
        coverages = tarp_coverages(seed, theta_true, theta, references=references)
        scores["tarp_y_p"] = tarp_p(coverages, num_draws)
        curves["tarp_y"] = coverages
    return scores, curves


def hpd(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    y: Real[np.ndarray, "obs ..."] | None = None,
    log_prob_true: Float[np.ndarray, " obs"] | None = None,
    log_prob: Float[np.ndarray, "obs draw"] | None = None,
    seed: int = 0,
) -> Result:
    """Highest-density regions: p-value and coverage; nothing where the method has no density."""
    del theta_true, theta, y
    if log_prob_true is None or log_prob is None:
        return {}, {}
    # A truth of density zero is the worst level, not a failure; NaN is one.
    if np.isnan(log_prob_true).any() or np.isnan(log_prob).any():
        return _nan("hpd_p", "hpd_50", "hpd_90")
    levels, num_draws = hpd_levels(log_prob_true, log_prob, seed=seed), log_prob.shape[1]
    scores = {
        "hpd_p": hpd_p(levels, num_draws),
        "hpd_50": hpd_coverage(levels, num_draws, 0.5),
        "hpd_90": hpd_coverage(levels, num_draws, 0.9),
    }
    return scores, {"hpd": levels}


def sets(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    y: Real[np.ndarray, "obs ..."] | None = None,
    log_prob_true: Float[np.ndarray, " obs"] | None = None,
    log_prob: Float[np.ndarray, "obs draw"] | None = None,
    seed: int = 0,
) -> Result:
    """What needs no density: ellipsoids, highest-density sets of each coordinate, and the data-averaged posterior."""
    del y, log_prob_true, log_prob
    check_panel(theta_true, theta)
    if not _finite(theta_true, theta):
        return _nan("ellipsoid_p", "ellipsoid_90", "interval_p", "averaged_p")
    num_draws = theta.shape[1]
    ellipsoids = ellipsoid_levels(theta_true, theta, seed=seed)
    scores = {
        "ellipsoid_p": levels_p(ellipsoids[:, None], num_draws),
        "ellipsoid_90": hpd_coverage(ellipsoids, num_draws, 0.9),
        "interval_p": levels_p(interval_levels(theta_true, theta, seed=seed), num_draws),
        "averaged_p": averaged_p(theta_true, theta, seed=seed),
    }
    return scores, {"ellipsoid": ellipsoids}


def _finite(*arrays: np.ndarray) -> bool:
    return all(np.isfinite(array).all() for array in arrays)


def _nan(*names: str) -> Result:
    return dict.fromkeys(names, float("nan")), {}
