"""C2ST: scikit-learn's own value, the Bayes accuracy where it is known, and the same bits again."""

import jax
import numpy as np
import pytest

from inversion.diagnostics.c2st import c2st, k_folds
from inversion.diagnostics.c2st_sklearn import c2st_sklearn


def student(seed, num, dim, freedom=np.inf):
    rng = np.random.default_rng(seed)
    if np.isinf(freedom):
        return rng.standard_normal((num, dim))
    return rng.standard_t(freedom, (num, dim))


CELLS = {
    "plane": (1.5 * student(0, 300, 2), student(1, 300, 2)),
    "ten dimensions": (student(0, 100, 10) + 0.5, student(1, 100, 10)),
    "heavy tails, uneven folds and batches": (student(0, 273, 2, 1), student(1, 250, 2)),
}


@pytest.mark.parametrize("name", CELLS)
def test_agrees_with_scikit_learn(name):
    assert c2st(*CELLS[name], seed=3) == pytest.approx(c2st_sklearn(*CELLS[name], seed=3), abs=0.01)


@pytest.mark.parametrize(("num", "folds"), [(20, 5), (23, 5), (7, 7)])
def test_folds_are_those_of_scikit_learn(num, folds, raises):
    from sklearn.model_selection import KFold

    expected = KFold(folds, shuffle=True, random_state=4).split(np.zeros(num))
    found = [pair for trains, tests in k_folds(num, folds, 4) for pair in zip(trains, tests)]
    for pair, (train, test) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(pair[0], train)
        np.testing.assert_array_equal(pair[1], test)
    with raises("Expected from 2 to"):
        k_folds(num, num + 1, 4)


@pytest.mark.parametrize("scale", [1.0, 1.5, 3.0])
def test_finds_the_bayes_accuracy_of_a_scaled_gaussian(scale):
    bayes = 0.5
    if scale > 1:
        level = 2 * np.log(scale) / (1 - scale**-2)  # half the squared radius of equal densities
        bayes += 0.5 * (np.exp(-level / scale**2) - np.exp(-level))
    accuracy = c2st(scale * student(0, 2000, 2), student(1, 2000, 2), seed=1)
    assert accuracy == pytest.approx(bayes, abs=0.025)


def test_same_bits_again_and_in_double_precision():
    pair = CELLS["plane"]
    value = c2st(*pair, seed=3)
    assert value == c2st(*pair, seed=3)
    assert value != c2st(*pair, seed=4)
    with jax.enable_x64(True):
        assert value == c2st(*pair, seed=3)


@pytest.mark.parametrize("far", [np.nan, 1e39, 3e38])
def test_draws_that_cannot_be_trained_on_have_no_score(far):
    draws, reference = CELLS["plane"]
    draws = np.where(abs(draws) > 1, np.sign(draws) * far, draws)
    assert np.isnan(c2st(draws, reference, seed=3))
