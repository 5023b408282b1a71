"""What the tests of single tasks share."""

import jax
import numpy as np
import pytest
from scipy import stats


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def same_law():
    """Whether two samples agree in each coordinate and along random directions, by Kolmogorov and Smirnov."""

    def agree(a, b, directions=4) -> bool:
        a, b = np.asarray(a), np.asarray(b)
        lines = np.random.default_rng(0).normal(size=(a.shape[1], directions))
        a, b = (np.concatenate([x, x @ lines], axis=1) for x in (a, b))
        p = [stats.ks_2samp(a[:, i], b[:, i]).pvalue for i in range(a.shape[1])]
        return min(p) > 1e-3 / len(p)

    return agree
