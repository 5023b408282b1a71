"""Split conformal prediction: levels of credible regions, repaired on held-out pairs.

A true parameter has a level, the smallest credible region of the model that holds it. The region at the level that a
share of the held-out truths stays below holds the next one with at least that probability, whatever the model and
whatever the simulator, if only the pairs are exchangeable (Vovk, Gammerman and Shafer, 2005); on average over
observations, not at each. The same order statistic sets the threshold of an alarm.
"""

import numpy as np
from jaxtyping import Float


def quantile(scores: Float[np.ndarray, " n"], share: float) -> float:
    """The smallest held-out score that the next one stays at or below with probability `share`; inf if none is."""
    rank = int(np.ceil((len(scores) + 1) * share))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else float("inf")


def p_value(scores: Float[np.ndarray, " n"], score: float) -> float:
    """The share of held-out scores as high as this one, itself counted."""
    return float((1 + np.sum(scores >= score)) / (len(scores) + 1))


def central_levels(
    theta: Float[np.ndarray, "obs draw dim"], truth: Float[np.ndarray, "obs dim"], seed: int
) -> Float[np.ndarray, "obs dim"]:
    """The level of the central interval that ends at the truth, coordinate by coordinate."""
    below = _share(theta < truth[:, None], theta == truth[:, None], seed)
    return np.abs(2 * below - 1)


def highest_levels(
    log_prob: Float[np.ndarray, "obs draw"], log_prob_true: Float[np.ndarray, " obs"], seed: int
) -> Float[np.ndarray, " obs"]:
    """The level of the highest-density region whose edge is the truth."""
    truth = log_prob_true[:, None]
    return _share(log_prob > truth, log_prob == truth, seed)


def _share(inside: np.ndarray, tied: np.ndarray, seed: int) -> np.ndarray:
    """Of the draws along axis 1; the truth's own place among them, and among equals, is drawn at random."""
    counts, ties = inside.sum(axis=1), tied.sum(axis=1)
    u = np.random.default_rng(seed).uniform(size=counts.shape)
    return (counts + u * (ties + 1)) / (inside.shape[1] + 1)
