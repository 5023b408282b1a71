import numpy as np
import pytest

from inversion.diagnostics.coverage import central_coverage, hpd_coverage, hpd_levels, hpd_p


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("num_draws", [1, 10, 100])
def test_uniform_ranks_are_covered_exactly_at_the_nominal_level(level, num_draws):
    ranks = np.arange(num_draws + 1)
    assert central_coverage(ranks[:, None], num_draws, level)[0] == pytest.approx(level)
    assert hpd_coverage(ranks / num_draws, num_draws, level) == pytest.approx(level)


def test_central_coverage_is_per_coordinate():
    ranks = np.stack([np.full(7, 50), np.zeros(7, int)], axis=1)
    assert central_coverage(ranks, 100, 0.5).tolist() == [pytest.approx(1), 0]


def test_hpd_level_is_the_share_of_more_probable_draws():
    levels = hpd_levels(np.array([0.0, -9.0]), np.array([[1.0, -1, -2, -3], [-1.0, -2, -3, -4]]))
    assert levels.tolist() == [0.25, 1.0]


def test_narrow_density_piles_up_at_one(panel):
    narrow, exact = panel(0, spread=0.8), panel(0)
    narrow = hpd_levels(narrow.log_prob_true, narrow.log_prob)
    exact = hpd_levels(exact.log_prob_true, exact.log_prob)
    assert narrow.mean() > 0.55
    assert hpd_p(narrow, 100) < 1e-6
    assert hpd_p(exact, 100) > 1e-4


def test_flat_density_and_truth_of_density_zero():
    rng = np.random.default_rng(0)
    flat = hpd_levels(np.zeros(500), np.zeros((500, 20)))
    assert hpd_p(flat, 20) > 1e-4
    outside = hpd_levels(np.full(3, -np.inf), rng.standard_normal((3, 20)))
    assert outside.tolist() == [1, 1, 1]


def test_refuses(raises):
    with raises("Expected log_prob of shape"):
        hpd_levels(np.zeros(3), np.zeros((2, 5)))
    with raises("Expected log_prob_true of shape"):
        hpd_levels(np.zeros((3, 1)), np.zeros((3, 5)))
    with raises("Expected multiples of 1/5"):
        hpd_p(np.array([0.5, 0.2]), 5)
    with raises("Expected ranks from 0 to 5"):
        hpd_p(np.array([1.2, 0.2]), 5)
