"""Draws of a method and of the exact posterior, for the same observations."""

from pathlib import Path

import numpy as np

from inversion.records import Draws


def paired(draws: Path, exact: Path) -> tuple[Draws, Draws]:
    """Both files; rows that an observation lacks are NaN in both, and count as the same."""
    pair = Draws.load(draws), Draws.load(exact)
    if not np.array_equal(pair[0].y, pair[1].y, equal_nan=True):
        raise ValueError(f"Expected {exact} to hold the same observations; got others.")
    return pair
