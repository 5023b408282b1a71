import numpy as np
import pytest

from inversion.diagnostics import excess_nll, nll


def log_normal(z, mean=0.0, scale=1.0):
    return -0.5 * np.square((z - mean) / scale) - np.log(scale) - 0.5 * np.log(2 * np.pi)


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.8), (0.3, 1.5)])
def test_excess_nll_is_the_divergence(mean, scale):
    z = np.random.default_rng(0).standard_normal(20000)
    divergence = np.log(scale) + (1 + mean**2) / (2 * scale**2) - 0.5
    estimate = excess_nll(log_normal(z), log_normal(z, mean, scale))
    assert estimate.mean == pytest.approx(divergence, abs=4.5 * estimate.standard_error + 1e-12)
    if not divergence:
        assert estimate == (0.0, 0.0)


def test_pairing_takes_the_noise_of_the_panel_away():
    z = np.random.default_rng(0).standard_normal(20000)
    near = log_normal(z, 0.05, 1.02)
    assert excess_nll(log_normal(z), near).standard_error < 0.1 * nll(near).standard_error


def test_standard_error_is_that_of_repeats():
    z = np.random.default_rng(1).standard_normal((400, 500))
    runs = [excess_nll(log_normal(row), log_normal(row, 0.4)) for row in z]
    means, errors = np.array(runs).T
    assert means.std() == pytest.approx(errors.mean(), rel=0.16)


def test_density_zero_is_infinite_and_a_failure_is_nan():
    exact = np.zeros(4)
    assert excess_nll(exact, np.array([0, 0, 0, -np.inf])).mean == np.inf
    assert np.isnan(excess_nll(exact, np.array([0, 0, 0, -np.inf])).standard_error)
    assert np.isnan(excess_nll(exact, np.array([0, 0, np.nan, -np.inf])).mean)
    assert np.isnan(excess_nll(exact, np.array([0, 0, np.inf, -np.inf])).mean)


def test_refuses(raises):
    with raises("Expected log_prob_true of shape"):
        excess_nll(np.zeros(3), np.zeros(4))
    with raises("Expected log_prob_true of shape"):
        nll(np.zeros((3, 2)))
    with raises("Expected finite exact log densities"):
        excess_nll(np.array([0.0, -np.inf]), np.zeros(2))
