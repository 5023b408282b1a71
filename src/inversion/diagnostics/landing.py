"""Where the ends of an iteration lie: in a part of the exact posterior, on its mass, or off it.

Ends are points, not draws, so that no distance to exact draws judges them: at a mode is where they should be, all of
them in one place if need be. An end is on a part where it lies within it and its exact log density exceeds a low
quantile of the exact draws there; otherwise it is off, however well it fits the data.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real

QUANTILE = 0.01
FOUND = 0.01  # the share of the ends that finds a part, and of the exact draws that makes one


class Landing(NamedTuple):
    """Shares of the ends, and counts of the parts."""

    on: Float[np.ndarray, " part"]
    off: float
    found: int
    there: int


def landing(
    log_density: Real[np.ndarray, " end"],
    labels: Int[np.ndarray, " end"],
    exact_log_density: Real[np.ndarray, " draw"],
    exact_labels: Int[np.ndarray, " draw"],
    parts: int,
) -> Landing:
    """How many ends lie on each part. An end that is not finite, NaN in its log density, lies on none."""
    if len(log_density) != len(labels) or len(exact_log_density) != len(exact_labels):
        raise ValueError(
            f"Expected a label for each log density; got {len(labels)} for {len(log_density)} "
            f"and {len(exact_labels)} for {len(exact_log_density)}."
        )
    on, there = np.zeros(parts), np.zeros(parts, bool)
    for part in range(parts):
        exact = exact_log_density[exact_labels == part]
        there[part] = len(exact) >= FOUND * len(exact_labels)
        if len(exact):
            lowest = np.quantile(exact, QUANTILE)
            on[part] = np.mean((labels == part) & (log_density > lowest))
    found = int(np.sum(there & (on >= FOUND)))
    return Landing(on, float(1 - on.sum()), found, int(there.sum()))
