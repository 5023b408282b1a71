"""Many tests, one error rate: p-values adjusted so that the smallest may be read as if it were the only one.

Holm (1979), "A simple sequentially rejective multiple test procedure": valid however the tests depend on each other.
"""

import numpy as np
from jaxtyping import Float


def holm(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    """Adjusted p-values: rejecting those at most alpha errs anywhere with probability at most alpha."""
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1 or p.size == 0 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"Expected one or more p-values in [0, 1]; got {p.tolist()}.")
    order = np.argsort(p)
    adjusted = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    return np.minimum(adjusted, 1.0)[np.argsort(order)]
