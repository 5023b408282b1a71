"""Mean and quantiles: exact ones are best, others are told from them."""

import numpy as np
import pytest
from scipy.stats import norm

from inversion.diagnostics.points import point_errors, point_scores, summed_up

LEVELS = np.array([0.1, 0.5, 0.9])


def test_errors_are_distances_in_deviations_of_the_reference():
    draws = np.random.default_rng(0).normal([1.0, -2.0], [0.5, 3.0], (200_000, 2))
    mean, scale = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    quantiles = mean + scale * norm.ppf(LEVELS)[:, None]
    exact = point_errors(mean, quantiles, draws, LEVELS)
    assert list(exact) == [
        "mean_error",
        "quantile_10_error",
        "quantile_50_error",
        "quantile_90_error",
    ]
    assert max(exact.values()) < 0.01
    moved = point_errors(mean + scale * np.array([0.3, 0.4]), quantiles, draws, LEVELS)
    assert moved["mean_error"] == pytest.approx(0.125**0.5, abs=0.01)
    own = summed_up(draws, LEVELS)
    assert max(point_errors(*own, draws, LEVELS).values()) == 0.0


def test_scores_are_those_of_a_normal_and_least_for_the_exact_points():
    """y = theta + noise of the same variance: half of the variance is left."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(100_000, 1))
    y = theta + rng.normal(size=theta.shape)
    at = lambda shift, scale: point_scores(  # noqa: E731
        theta,
        y / 2 + shift,
        (y / 2 + shift)[:, None] + scale * 0.5**0.5 * norm.ppf(LEVELS)[:, None],
        LEVELS,
    )
    exact = at(0.0, 1.0)
    assert exact["mean_square"] == pytest.approx(0.5, abs=0.01)
    assert exact["pinball_90"] == pytest.approx(0.5**0.5 * norm.pdf(norm.ppf(0.9)), abs=0.005)
    assert [exact[f"below_{level}"] for level in (10, 50, 90)] == pytest.approx(LEVELS, abs=0.01)
    assert at(0.2, 1.0)["mean_square"] > exact["mean_square"] + 0.03
    for wrong in (at(0.0, 0.6), at(0.0, 1.5)):
        assert wrong["pinball_10"] > exact["pinball_10"] + 0.005
    assert at(0.0, 0.6)["below_10"] > 0.2


def test_a_panel_of_another_length_is_refused():
    with pytest.raises(ValueError, match="each of 3 truths; got 2"):
        point_scores(np.zeros((3, 1)), np.zeros((2, 1)), np.zeros((2, 3, 1)), LEVELS)
