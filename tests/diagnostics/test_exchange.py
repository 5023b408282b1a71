"""Tests by exchange: exact on what is exchangeable, and with power on what is not."""

import numpy as np
from scipy.stats import binom

from inversion.diagnostics.averaged import averaged_p
from inversion.diagnostics.exchange import exchange_p, picks
from inversion.diagnostics.multiplicity import holm


def test_the_first_pick_is_the_truth_and_the_others_are_any_point():
    chosen = picks(np.random.default_rng(0), 500, 4, 99)
    assert chosen.shape == (100, 500)
    assert (chosen[0] == 0).all()
    np.testing.assert_allclose(np.bincount(chosen[1:].ravel()) / chosen[1:].size, 0.25, atol=0.01)


def test_p_counts_the_statistics_at_least_as_large():
    statistics = np.array([[3.0, 0.0], [1.0, 0.0], [4.0, 1.0], [3.0, 2.0]])
    assert exchange_p(statistics).tolist() == [0.75, 1.0]


def test_the_average_posterior_is_rejected_as_often_as_it_should(panel):
    runs = [panel(seed, obs=100, draws=10) for seed in range(400)]
    p = [averaged_p(run.theta_true, run.theta, seed=seed, num=39) for seed, run in enumerate(runs)]
    alarms = np.sum(np.array(p) <= 0.05)
    assert binom.ppf(1e-5, 400, 0.05) <= alarms <= binom.isf(1e-5, 400, 0.05)


def test_the_average_posterior_tells_wide_and_shifted_draws_but_not_the_prior(panel):
    for fault in ({"spread": 2.0}, {"shift": 0.5}):
        some = panel(0, **fault)
        assert averaged_p(some.theta_true, some.theta) == 1 / 200
    right, other = panel(0, obs=300), panel(1, obs=300 * 20)
    prior = other.theta_true.reshape(300, 20, 2)
    assert averaged_p(right.theta_true, prior) > 0.01


def test_a_coordinate_that_never_varies_is_harmless(panel):
    some = panel(0, obs=50)
    some.theta_true[:, 1] = some.theta[:, :, 1] = 3.0
    assert 0.01 < averaged_p(some.theta_true, some.theta) <= 1


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03])), [0.06, 0.03, 0.06])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), 1.0)


def test_holm_holds_its_error_rate_whatever_is_wrong_besides():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=(4000, 3))
    wrong = rng.uniform(size=(4000, 2)) * 1e-6
    adjusted = np.array([holm(row) for row in np.hstack([true, wrong])])
    alarms = (adjusted[:, :3] <= 0.05).any(axis=1).mean()
    assert 0.035 < alarms < 0.062
    assert (adjusted[:, 3:] <= 0.05).all()


def test_refuses(raises):
    with raises("Expected observations, picks and draws"):
        picks(np.random.default_rng(0), 5, 1, 10)
    with raises("Expected one or more p-values"):
        holm(np.array([0.1, np.nan]))
    with raises("Expected theta of shape"):
        averaged_p(np.zeros((3, 2)), np.zeros((2, 5, 2)))
