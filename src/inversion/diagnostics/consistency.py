"""Observation consistency and mode masses: do the draws reproduce y, and find every mode?

The caller pushes draws through the forward operator or labels them by mode; here are arrays only.
"""

import numpy as np
from jaxtyping import Float, Int, Real


def consistency(
    pushed: Real[np.ndarray, "draw *event"],
) -> tuple[Float[np.ndarray, "*event"], Float[np.ndarray, "*event"]]:
    """Mean and (population) standard deviation over the draws of the operator's output."""
    if pushed.ndim < 1 or len(pushed) < 1:
        raise ValueError(f"Expected pushed draws of shape (draw, ...); got {pushed.shape}.")
    pushed = pushed.astype(np.float64)
    return np.asarray(pushed.mean(axis=0)), np.asarray(pushed.std(axis=0))


def segment_labels(
    x: Real[np.ndarray, " draw"], cuts: Real[np.ndarray, " cut"]
) -> Int[np.ndarray, " draw"]:
    """Number of the segment of the line, cut at ascending `cuts`, that holds each x.

    Segment 0 lies below the first cut; a value on a cut belongs to the segment above it.
    """
    cuts = np.asarray(cuts)
    if x.ndim != 1:
        raise ValueError(f"Expected x of shape (draw,); got {x.shape}.")
    if cuts.ndim != 1 or (np.diff(cuts) <= 0).any():
        raise ValueError(f"Expected cuts that ascend; got {cuts.tolist()}.")
    return np.searchsorted(cuts, x, side="right")


def masses(labels: Int[np.ndarray, " draw"], num_labels: int) -> Float[np.ndarray, " label"]:
    """Share of the draws that carries each label 0, ..., num_labels - 1."""
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"Expected labels of shape (draw,); got {labels.shape}.")
    if labels.min() < 0 or labels.max() >= num_labels:
        raise ValueError(
            f"Expected labels from 0 to {num_labels - 1}; got {labels.min()} to {labels.max()}."
        )
    return np.bincount(labels, minlength=num_labels) / len(labels)


def total_variation(p: Float[np.ndarray, " label"], q: Float[np.ndarray, " label"]) -> float:
    """Half the summed difference of two mass functions: 0 for equal, 1 for disjoint.

    The masses of n exact draws lie up to about 0.4 sqrt((labels - 1) / n) from the exact ones.
    """
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    if p.shape != q.shape or p.ndim != 1:
        raise ValueError(f"Expected two mass functions of one shape; got {p.shape} and {q.shape}.")
    for mass in (p, q):
        if (mass < 0).any() or abs(mass.sum() - 1) > 1e-3:
            raise ValueError(f"Expected masses that sum to 1; got {mass.tolist()}.")
    return float(np.abs(p - q).sum() / 2)
