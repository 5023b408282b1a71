"""C2ST: accuracy of a classifier told to separate the draws from the reference.

One half is the best, 1 the worst. Chance takes a perfect sample below 1/2, and that is reported.
The classifier and its settings are sbibm's (ddof = 1, float32 and max_iter = 10000 included), so
that the values stand beside published ones.

Lueckmann, Boelts, Greenberg, Gonçalves, Macke (2021), arXiv:2101.04653.
"""

import warnings

import numpy as np
from jaxtyping import Real

from inversion.diagnostics.checks import check_samples


def c2st(
    draws: Real[np.ndarray, "n dim"],
    reference: Real[np.ndarray, "m dim"],
    *,
    seed: int,
    folds: int = 5,
) -> float:
    """Mean cross-validated accuracy; NaN if a draw is not finite.

    With as many draws as references; otherwise chance is the larger share, not 1/2.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.neural_network import MLPClassifier

    check_samples(draws, reference)
    if not np.isfinite(draws).all():
        return float("nan")
    mean, scale = reference.mean(axis=0), reference.std(axis=0, ddof=1)
    if not (scale > 0).all():
        raise ValueError(f"Expected a reference that varies; got deviations {scale.tolist()}.")
    data = ((np.concatenate([reference, draws]) - mean) / scale).astype(np.float32)
    target = np.repeat([0, 1], [len(reference), len(draws)])
    width = 10 * reference.shape[1]
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
