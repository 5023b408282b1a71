"""Draws summed up for a terminal: mean, spread, median and credible intervals of each coordinate."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from inversion.trust.certificate import LEVEL

MOST = 16  # coordinates that have a line


def interval(draws: Float[np.ndarray, " draw"], level: float) -> tuple[float, float]:
    """The central interval of a level."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def summary(
    names: Sequence[str],
    theta: Float[np.ndarray, "draw dim"],
    repaired: Float[np.ndarray, " dim"] | None = None,
) -> str:
    """A line for each of the first coordinates; at levels `repaired` intervals hold what LEVEL promises."""
    share = f"{LEVEL:.0%}"
    header = ["", "mean", "sd", "median", f"{share} from", "to"]
    header += [] if repaired is None else ["repaired from", "to"]
    rows = [header]
    for at, (name, draws) in enumerate(zip(names[:MOST], theta.T[:MOST], strict=True)):
        numbers = [draws.mean(), draws.std(), np.median(draws), *interval(draws, LEVEL)]
        if repaired is not None:
            numbers += interval(draws, float(repaired[at]))
        rows.append([name, *(f"{number:.4g}" for number in numbers)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [[cell.rjust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    more = [f"and {len(names) - MOST} more coordinates"] if len(names) > MOST else []
    return "\n".join([*("  ".join(line) for line in lines), *more])
