"""Tests by exchange: given y, the truth and its draws of a right posterior may change places.

So a statistic of who is the truth has the same law for the real truths as for one of each observation's points
picked at random, whatever the statistic and however its parts depend on each other. The share of such picks
that are at least as extreme is an exact p-value, as long as all else that the statistic uses treats the points alike.

Besag, Clifford (1989), "Generalized Monte Carlo significance tests"; Lehmann, Romano (2005), section 15.2.
"""

import numpy as np
from jaxtyping import Float, Int


def picks(rng: np.random.Generator, obs: int, points: int, num: int) -> Int[np.ndarray, "row obs"]:
    """Which point of each observation counts as its truth: point 0 in the first row, any of them in the others."""
    if min(obs, num) < 1 or points < 2:
        raise ValueError(
            f"Expected observations, picks and draws of each; got {obs}, {num} and {points - 1}."
        )
    chosen = rng.integers(0, points, (num + 1, obs))
    chosen[0] = 0
    return chosen


def exchange_p(statistics: Float[np.ndarray, "row *test"]) -> Float[np.ndarray, "*test"]:
    """p-value of the first row's statistics among all rows, large ones extreme; no less than 1 / (num + 1)."""
    return np.asarray(np.mean(statistics >= statistics[0], axis=0))
