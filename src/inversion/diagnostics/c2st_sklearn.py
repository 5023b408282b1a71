"""C2ST with scikit-learn's own classifier: what `c2st` is held against, in tests and benchmarks.

The classifier and its settings are sbibm's (max_iter = 10000 included). No study runs this one.

Lueckmann, Boelts, Greenberg, Gonçalves, Macke (2021), arXiv:2101.04653.
"""

import warnings

import numpy as np
from jaxtyping import Real

from inversion.diagnostics.c2st import scaled


def c2st_sklearn(
    draws: Real[np.ndarray, "n dim"],
    reference: Real[np.ndarray, "m dim"],
    *,
    seed: int,
    folds: int = 5,
) -> float:
    """Mean cross-validated accuracy; NaN if a draw is not finite."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.neural_network import MLPClassifier

    data, target = scaled(draws, reference)
    if not np.isfinite(data).all():
        return float("nan")
    width = 10 * data.shape[1]
    classifier = MLPClassifier(
        activation="relu",
        hidden_layer_sizes=(width, width),
        max_iter=10000,
        solver="adam",
        random_state=seed,
    )
    split = KFold(n_splits=folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        accuracy = cross_val_score(classifier, data, target, cv=split, scoring="accuracy")
    return float(accuracy.mean())
