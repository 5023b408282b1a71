"""C2ST: accuracy of a classifier told to separate the draws from the reference.

One half is the best, 1 the worst. Chance takes a perfect sample below 1/2, and that is reported.
The classifier and its settings are sbibm's (ddof = 1, float32 and max_iter = 10000 included), so
that the values stand beside published ones; `mlp` trains it, in JAX and for all folds at once,
and with scikit-learn's random numbers, so that a seed means the same in `c2st_sklearn`.

Lueckmann, Boelts, Greenberg, Gonçalves, Macke (2021), arXiv:2101.04653.
"""

import numpy as np
from jaxtyping import Float32, Int32, Int64, Real

from inversion.diagnostics.checks import check_samples


def c2st(
    draws: Real[np.ndarray, "n dim"],
    reference: Real[np.ndarray, "m dim"],
    *,
    seed: int,
    folds: int = 5,
) -> float:
    """Mean cross-validated accuracy; NaN if a draw, or the training on it, is not finite.

    With as many draws as references; otherwise chance is the larger share, not 1/2.
    """
    from inversion.diagnostics.mlp import accuracies

    data, target = scaled(draws, reference)
    if not np.isfinite(data).all():
        return float("nan")
    width = 10 * data.shape[1]
    values = [
        accuracies(data, target.astype(np.float32), train, test, width=width, seed=seed)
        for train, test in k_folds(len(data), folds, seed)
    ]
    return float(np.concatenate(values).mean())


def scaled(
    draws: Real[np.ndarray, "n dim"], reference: Real[np.ndarray, "m dim"]
) -> tuple[Float32[np.ndarray, "m+n dim"], Int64[np.ndarray, "m+n"]]:
    """Both samples in units of the reference, and 1 for a draw, 0 for a reference."""
    check_samples(draws, reference)
    mean, scale = reference.mean(axis=0), reference.std(axis=0, ddof=1)
    if not (scale > 0).all():
        raise ValueError(f"Expected a reference that varies; got deviations {scale.tolist()}.")
    with np.errstate(over="ignore", invalid="ignore"):
        data = ((np.concatenate([reference, draws]) - mean) / scale).astype(np.float32)
    return data, np.repeat([0, 1], [len(reference), len(draws)])


def k_folds(
    num: int, folds: int, seed: int
) -> list[tuple[Int32[np.ndarray, "fold train"], Int32[np.ndarray, "fold test"]]]:
    """Rows of scikit-learn's shuffled KFold, folds of one size stacked: two sizes at most."""
    if not 2 <= folds <= num:
        raise ValueError(f"Expected from 2 to {num} folds; got {folds}.")
    rows = np.arange(num, dtype=np.int32)
    np.random.RandomState(seed).shuffle(rows)
    tests = [np.sort(test) for test in np.array_split(rows, folds)]
    trains = [np.setdiff1d(rows, test) for test in tests]
    first = num % folds
    return [
        (np.stack(trains[part]), np.stack(tests[part]))
        for part in (slice(first), slice(first, None))
        if tests[part]
    ]
