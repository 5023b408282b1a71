"""What the diagnostics share: checks of the arrays at the door, and streams of random numbers."""

import numpy as np
from jaxtyping import Real


def check_panel(theta_true: Real[np.ndarray, "..."], theta: Real[np.ndarray, "..."]) -> None:
    """Refuse a panel whose truths (obs, dim) and draws (obs, draw, dim) do not belong together."""
    if theta_true.ndim != 2:
        raise ValueError(f"Expected theta_true of shape (obs, dim); got {theta_true.shape}.")
    obs, dim = theta_true.shape
    if theta.ndim != 3 or (theta.shape[0], theta.shape[2]) != (obs, dim) or theta.shape[1] < 1:
        raise ValueError(f"Expected theta of shape ({obs}, draw, {dim}); got {theta.shape}.")


def check_ranks(ranks: Real[np.ndarray, "..."], num_draws: int, ndim: int) -> None:
    """Refuse ranks that are not whole numbers in {0, ..., num_draws}."""
    if ranks.ndim != ndim or ranks.size == 0:
        shape = "(obs, dim)" if ndim == 2 else "(obs,)"
        raise ValueError(f"Expected ranks of shape {shape}; got {ranks.shape}.")
    if not np.issubdtype(ranks.dtype, np.integer):
        raise ValueError(f"Expected whole ranks; got {ranks.dtype}.")
    if ranks.min() < 0 or ranks.max() > num_draws:
        raise ValueError(
            f"Expected ranks from 0 to {num_draws}; got {ranks.min()} to {ranks.max()}."
        )


def check_samples(draws: Real[np.ndarray, "..."], reference: Real[np.ndarray, "..."]) -> None:
    """Refuse two samples (n, dim), (m, dim) that cannot be compared, or a broken reference."""
    if reference.ndim != 2 or len(reference) < 2:
        raise ValueError(f"Expected reference of shape (2 or more, dim); got {reference.shape}.")
    if draws.ndim != 2 or draws.shape[1] != reference.shape[1] or len(draws) < 2:
        raise ValueError(
            f"Expected draws of shape (2 or more, {reference.shape[1]}); got {draws.shape}."
        )
    if not np.isfinite(reference).all():
        raise ValueError("Expected a finite reference; got NaN or infinity.")


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one diagnostic: with no other stream of the same seed in common.

    References of TARP that share their numbers with the data are references that look at them.
    """
    return np.random.default_rng([seed, *name.encode()])
