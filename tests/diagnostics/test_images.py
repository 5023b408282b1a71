"""Calibration, diversity and spectrum of images on exact draws, and on draws that are wrong on purpose."""

import numpy as np
import pytest

from inversion.diagnostics.images import (
    against_moments,
    calibration_of_images,
    low_frequencies,
    projection_ranks,
)
from inversion.diagnostics.spectrum import band_errors, band_power, bands, residual_power

SHAPE, OBS, DRAWS = (8, 8, 1), 300, 64
RNG = np.random.default_rng(0)
SD, SHRINK = 0.09**0.5 / 1.09**0.5, 1 / 1.09
TRUTH = RNG.normal(size=(OBS, 64))
MEAN = SHRINK * (TRUTH + 0.3 * RNG.normal(size=TRUTH.shape))
STD = np.full_like(MEAN, SD)
NOISE = RNG.normal(size=(OBS, DRAWS, 64))


def draws(spread: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Of the exact posterior, made too narrow or too wide, or moved, in units of its standard deviation."""
    return MEAN[:, None] + SD * (shift + spread * NOISE)


def scores(theta) -> dict[str, float]:
    return calibration_of_images(TRUTH, theta, SHAPE) | dict(
        against_moments(TRUTH, theta, MEAN, STD)
    )


def test_exact_draws_keep_what_they_promise() -> None:
    found = scores(draws())
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.01)
    assert found["coverage_90_low"] == pytest.approx(0.9, abs=0.02)
    assert found["projection_ks"] < 0.06
    assert found["spread"] == pytest.approx(SD, rel=0.005)
    assert found["spread_error"] == pytest.approx(0, abs=0.005)
    assert found["mean_error"] < 0.03
    assert found["rmse_error"] == pytest.approx(0, abs=0.005)
    assert found["mean_rmse"] == pytest.approx(SD, rel=0.03)


@pytest.mark.parametrize(("spread", "coverage"), [(0.5, 0.59), (2.0, 0.999)])
def test_a_wrong_spread_shows_with_its_sign(spread, coverage) -> None:
    found = scores(draws(spread=spread))
    assert found["coverage_90"] == pytest.approx(coverage, abs=0.01)
    assert found["spread_error"] == pytest.approx(spread - 1, abs=0.01)
    assert found["projection_ks"] > 0.08
    assert found["mean_error"] < 0.05


def test_a_shift_shows_in_the_mean_and_not_in_the_spread() -> None:
    found = scores(draws(shift=0.5))
    assert found["mean_error"] == pytest.approx(0.5, abs=0.01)
    assert found["rmse_error"] > 0.05
    assert found["spread_error"] == pytest.approx(0, abs=0.005)
    assert found["coverage_90_low"] < 0.9


def test_pixels_that_move_together_show_in_low_frequencies_alone() -> None:
    """Each pixel's spread is right; all have one noise."""
    theta = MEAN[:, None] + SD * NOISE[..., :1]
    found = calibration_of_images(TRUTH, theta, SHAPE)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.01)
    assert found["coverage_90_low"] < 0.3
    assert found["projection_ks"] > 0.1


def test_draws_that_are_all_the_same_have_no_diversity() -> None:
    theta = np.repeat(MEAN[:, None], 8, axis=1)
    assert calibration_of_images(TRUTH, theta, SHAPE)["spread"] == pytest.approx(0)
    assert against_moments(TRUTH, theta, MEAN, STD)["spread_error"] == pytest.approx(-1)


def test_areas_weigh_the_coverage() -> None:
    theta = draws()
    theta[..., :32] += 10.0
    areas = np.r_[np.zeros(32), np.full(32, 2.0)]
    found = calibration_of_images(TRUTH, theta, SHAPE, areas)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.01)


def test_low_frequencies_are_the_coarsest_cosines() -> None:
    even = np.ones((1, 64))
    found = low_frequencies(even, SHAPE)
    assert found.shape == (1, 16)
    np.testing.assert_allclose(found, [[8.0, *[0.0] * 15]], atol=1e-12)
    checks = np.indices((8, 8)).sum(0) % 2 * 2.0 - 1
    assert np.abs(low_frequencies(checks.reshape(1, 64), SHAPE)).max() < 2


def test_ranks_along_directions_are_those_of_the_truth() -> None:
    ranks = projection_ranks(TRUTH, draws())
    assert ranks.shape == (OBS, 20)
    assert ranks.mean() == pytest.approx(DRAWS / 2, rel=0.05)


def test_white_noise_has_the_same_power_in_all_bands() -> None:
    power = band_power(RNG.normal(size=(4000, 8, 8, 2)))
    np.testing.assert_allclose(power, 1.0, rtol=0.05)


def test_a_wave_lies_in_the_band_of_its_frequency() -> None:
    wave = np.cos(2 * np.pi * 3 * np.arange(8) / 8)[:, None, None] * np.ones((1, 8, 1))
    power = band_power(wave)
    assert power.argmax() == 3
    assert power.sum() == pytest.approx(power[3])
    np.testing.assert_array_equal(bands(8, 8)[0], [0, 1, 2, 3, 4, 3, 2, 1])
    assert bands(5, 12).max() == 2


def test_the_bands_show_what_the_draws_leave_out() -> None:
    exact = residual_power(draws(), MEAN, SHAPE)
    np.testing.assert_allclose(exact, SD**2, rtol=0.03)
    wide = band_errors(residual_power(draws(spread=1.2), MEAN, SHAPE), exact)
    assert wide["band_error_2"] == pytest.approx(0.44, abs=1e-6)
    assert wide["band_error"] == pytest.approx(0.44, abs=1e-6)
    shifted = band_errors(residual_power(draws(shift=0.5), MEAN, SHAPE), exact)
    assert shifted["band_error"] == shifted["band_error_0"] > 10
    assert abs(shifted["band_error_3"]) < 0.01
