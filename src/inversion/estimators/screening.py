"""Which numbers of y say anything of theta, each on its own: the others are not shown to the network.

Sure independence screening (Fan and Lv, 2008, J. R. Stat. Soc. B 70, 849) by ranks (Li, Peng, Zhang and Zhu, 2012,
Ann. Stat. 40, 1846). A number that matters only together with another may be lost: the validation loss says whether
screening is worth it.
"""

import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.stats import norm, rankdata


def informative_columns(
    theta: Float[Array | np.ndarray, "n dim"], y: Float[Array | np.ndarray, "n event"], level: float
) -> Bool[np.ndarray, " event"]:
    """Columns of y that depend on some coordinate of theta by one of four tests, location and spread against both.

    A test is the correlation of ranks, or of their distances from the middle one, over n pairs, normal with variance
    1 / n where there is no dependence. All tests together let in a column that says nothing with probability `level`
    at most (Bonferroni).
    """
    seen, unknown = _location_and_spread(y), _location_and_spread(theta)
    correlation = np.einsum("anp,bnd->abpd", seen, unknown) / len(theta)
    bound = norm.isf(level / 2 / correlation.size) / np.sqrt(len(theta))
    return (np.abs(correlation) > bound).any(axis=(0, 1, 3))


def _location_and_spread(x: Float[Array | np.ndarray, "n p"]) -> Float[np.ndarray, "2 n p"]:
    """Ranks and their distances from the middle one, of mean 0 and variance 1; 0 throughout where x is constant."""
    ranks = rankdata(np.asarray(x), axis=0)
    features = np.stack([ranks, np.abs(ranks - ranks.mean(axis=0))])
    features = features - features.mean(axis=1, keepdims=True)
    std = features.std(axis=1, keepdims=True)
    return features / np.where(std > 0, std, 1.0)
