import numpy as np
import pytest

from inversion.diagnostics.ranks import sbc_ks, sbc_ks_each, sbc_p, sbc_p_each, sbc_ranks


def test_rank_counts_the_draws_below():
    theta = np.array([[[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]]])
    assert sbc_ranks(np.array([[1.5, 4.0]]), theta).tolist() == [[2, 0]]
    assert sbc_ranks(np.array([[9.0, 6.5]]), theta).tolist() == [[3, 2]]


def test_ties_stay_uniform():
    rng = np.random.default_rng(0)
    theta_true, theta = rng.poisson(2.0, (2000, 1)), rng.poisson(2.0, (2000, 20, 1))
    ranks = sbc_ranks(theta_true, theta, seed=1)
    assert sbc_p(ranks, 20) > 1e-4
    below = (theta < theta_true[:, None]).sum(axis=1)
    assert sbc_p(below, 20) < 1e-10
    assert (ranks == sbc_ranks(theta_true, theta, seed=1)).all()
    assert (ranks != sbc_ranks(theta_true, theta, seed=2)).any()


def test_shift_has_a_sign(panel):
    for shift in (0.3, -0.3):
        some = panel(0, shift=shift)
        middle = sbc_ranks(some.theta_true, some.theta).mean() / 100 - 0.5
        assert middle * shift < -0.01


def test_joint_p_is_bonferroni_and_finds_one_bad_coordinate(panel):
    some = panel(0)
    ranks = sbc_ranks(some.theta_true, some.theta)
    bad = ranks.copy()
    bad[:, 1] = bad[:, 1] // 2
    each = sbc_p_each(bad, 100)
    assert each[0] == sbc_p_each(ranks, 100)[0] > 1e-4
    assert each[1] < 1e-10
    assert sbc_p(bad, 100) == pytest.approx(2 * each[1])
    assert sbc_ks(bad, 100) == sbc_ks_each(bad, 100)[1] > 0.4


def test_refuses(raises):
    with raises("Expected theta of shape"):
        sbc_ranks(np.zeros((3, 2)), np.zeros((2, 5, 2)))
    with raises("Expected theta of shape"):
        sbc_ranks(np.zeros((3, 2)), np.zeros((3, 0, 2)))
    with raises("Expected theta_true of shape"):
        sbc_ranks(np.zeros(3), np.zeros((3, 5, 1)))
    with raises("Expected ranks of shape"):
        sbc_p(np.zeros(3, int), 5)
