"""TARP: coverage of balls around random points, which sees all coordinates at once.

For a reference point r_i the coverage is the share of the draws theta[i] that lie closer to r_i
than theta_true[i] does: uniform on {0, ..., draws} / draws for draws of the posterior, whatever
the r_i. The coverages themselves are tested: a KS test of the binned curve has no power. Truth i
goes with draws i.

References that do not look at y cannot tell the posterior from the prior; `references_from` makes
some that can.

Lemos, Coogan, Hezaveh, Perreault-Levasseur (2023), arXiv:2302.03026.
"""

import numpy as np
from jaxtyping import Float, Real

from inversion.diagnostics.checks import check_panel, stream
from inversion.diagnostics.coverage import level_ranks
from inversion.diagnostics.ranks import randomised_rank
from inversion.diagnostics.uniformity import Band, ecdf_band, ecdf_counts, uniform_p


def tarp_coverages(
    seed: int,
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    *,
    references: Float[np.ndarray, "obs dim"] | None = None,
) -> Float[np.ndarray, " obs"]:
    """Share of draws closer to the reference than the truth; references in standardised units.

    Without `references` they are standard normal. Truths and draws are standardised together: the
    truth then stays exchangeable with its draws, and the test exact.
    """
    check_panel(theta_true, theta)
    rng = stream(seed, "tarp")
    random = rng.standard_normal(theta_true.shape)
    references = random if references is None else references
    if references.shape != theta_true.shape:
        raise ValueError(
            f"Expected references of shape {theta_true.shape}; got {references.shape}."
        )
    points = np.concatenate([theta_true[:, None], theta], axis=1, dtype=np.float64)
    flat = points.reshape(-1, points.shape[-1])
    flat -= flat.mean(axis=0)
    scale = np.sqrt(np.einsum("pd,pd->d", flat, flat) / len(flat))
    flat /= np.where(scale > 0, scale, 1.0)
    points -= references[:, None]
    distance = np.einsum("old,old->ol", points, points)
    return randomised_rank(rng, distance[:, 0], distance[:, 1:]) / theta.shape[1]


def references_from(seed: int, y: Real[np.ndarray, "obs ..."], dim: int) -> np.ndarray:
    """References that depend on the observation: standardised random projections of y."""
    features = y.reshape(len(y), -1).astype(np.float64)
    features = features - features.mean(axis=0)
    weights = stream(seed, "references").standard_normal((features.shape[1], dim))
    scale = features.std(axis=0)
    projected = (features / np.where(scale > 0, scale, 1.0)) @ weights
    spread = projected.std(axis=0)
    return projected / np.where(spread > 0, spread, 1.0)


def tarp_p(coverages: Float[np.ndarray, " obs"], num_draws: int) -> float:
    """Exact p-value of uniformity of the coverages on {0, ..., num_draws} / num_draws."""
    return uniform_p(level_ranks(coverages, num_draws), num_draws)


def tarp_curve(
    coverages: Float[np.ndarray, " obs"], num_draws: int, level: float = 0.95
) -> tuple[Float[np.ndarray, " draw"], Band]:
    """Expected coverage at the credibility levels `band.z`, and its simultaneous band."""
    counts = ecdf_counts(level_ranks(coverages, num_draws), num_draws)
    return counts / len(coverages), ecdf_band(len(coverages), num_draws, level)
