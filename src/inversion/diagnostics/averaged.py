"""The data-averaged posterior: draws pooled over all observations have the law of the prior.

    integral p(theta | y) p(y) dy = p(theta)

The statistic is the largest standardised gap, over coordinates and cuts, between the shares of truths and of draws
below a cut at a quantile of both together; its p-value is by exchange, since truths and draws share their y.
Blind spot: draws from the prior pass.

Talts, Betancourt, Simpson, Vehtari, Gelman (2018), arXiv:1804.06788, eq. 1.
"""

import numpy as np
from jaxtyping import Float, Real

from inversion.diagnostics.checks import check_panel, stream
from inversion.diagnostics.exchange import exchange_p, picks

CUTS = 19  # at every twentieth of the points
POINTS = 11  # of each observation: its truth and at most ten draws


def averaged_p(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    seed: int = 0,
    num: int = 199,
) -> float:
    """p-value that truths and draws have one law on average over the observations; no less than 1 / (num + 1)."""
    check_panel(theta_true, theta)
    points = np.concatenate([theta_true[:, None], theta[:, : POINTS - 1]], axis=1)
    obs, size, dim = points.shape
    flat = points.reshape(-1, dim)
    cuts = np.sort(flat, axis=0)[len(flat) * np.arange(1, CUTS + 1) // (CUTS + 1)]
    cells = np.stack([np.searchsorted(cuts[:, k], flat[:, k]) for k in range(dim)], axis=1)
    cells = cells.reshape(obs, size, dim) + (CUTS + 1) * np.arange(dim)
    mean = _below(cells.reshape(1, -1), dim)[0] / size
    truths = picks(stream(seed, "averaged"), obs, size, num)
    below = _below(cells[np.arange(obs), truths].reshape(num + 1, -1), dim)
    share = np.clip(mean / obs, 1e-12, 1 - 1e-12)
    gaps = np.abs(below - mean) / np.sqrt(obs * share * (1 - share))
    return float(exchange_p(gaps.max(axis=(1, 2))))


def _below(cells: np.ndarray, dim: int) -> Float[np.ndarray, "row dim cut"]:
    """How many of each row's points lie below each cut, coordinate by coordinate."""
    width = dim * (CUTS + 1)
    offset = width * np.arange(len(cells))[:, None]
    counts = np.bincount((cells + offset).ravel(), minlength=width * len(cells))
    return np.cumsum(counts.reshape(len(cells), dim, CUTS + 1), axis=-1)[..., :-1].astype(float)
