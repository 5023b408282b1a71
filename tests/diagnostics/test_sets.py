"""Levels of central, highest-density and elliptic sets: uniform where they should be, and where they see a fault."""

import numpy as np
import pytest

from inversion.diagnostics.coverage import (
    central_levels,
    ellipsoid_levels,
    hpd_coverage,
    interval_levels,
    levels_p,
)
from inversion.diagnostics.ranks import sbc_band, sbc_ranks
from inversion.diagnostics.uniformity import ecdf_counts


@pytest.mark.parametrize("draws", [6, 7])
def test_central_levels_order_the_ranks_by_their_distance_from_the_middle(draws):
    ranks = np.arange(draws + 1)[:, None]
    levels = np.stack([central_levels(ranks, draws, seed=seed)[:, 0] for seed in range(400)])
    places = np.rint(levels * draws).astype(int)
    shares = np.bincount(places.ravel()) / places.size
    np.testing.assert_allclose(shares, 1 / (draws + 1), atol=0.02)
    farther = np.argsort(np.abs(2 * ranks[:, 0] - draws), kind="stable")
    assert (np.diff(places.max(axis=0)[farther]) >= 0).all()


def levels_of(some, seed=0):
    draws = some.theta.shape[1]
    ranks = sbc_ranks(some.theta_true, some.theta, seed=seed)
    return {
        "central": central_levels(ranks, draws, seed=seed),
        "interval": interval_levels(some.theta_true, some.theta, seed=seed),
        "ellipsoid": ellipsoid_levels(some.theta_true, some.theta, seed=seed)[:, None],
    }


def test_levels_of_an_exact_posterior_are_uniform(panel):
    runs = [levels_of(panel(seed, obs=100, draws=19), seed) for seed in range(200)]
    for name in runs[0]:
        alarms = sum(levels_p(run[name], 19) <= 0.05 for run in runs)
        assert 1 <= alarms <= 25, name


@pytest.mark.parametrize(("spread", "sign"), [(0.7, -1), (1.4, 1)])
def test_spread_is_seen_with_its_sign(panel, spread, sign):
    for name, levels in levels_of(panel(0, spread=spread)).items():
        assert levels_p(levels, 100) < 1e-6, name
        covered = [hpd_coverage(column, 100, 0.9) for column in levels.T]
        assert all(sign * (share - 0.9) > 0.02 for share in covered), name


def test_intervals_find_the_gap_between_two_modes():
    """Truths in the gap are as improbable as any whose neighbours lie on both sides of it: 22 points of 101."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(200, 100, 1)) * 0.1 + rng.choice([-1, 1], (200, 100, 1))
    gap = np.zeros((200, 1))
    assert interval_levels(gap, theta).min() > 1 - 23 / 101
    assert central_levels(sbc_ranks(gap, theta), 100).max() < 0.5


def test_ellipsoids_see_a_wrong_correlation_and_no_units(panel):
    some = panel(0)
    turned = some.theta * [1, -1] + some.y[:, None] * [0, 2]
    assert levels_p(ellipsoid_levels(some.theta_true, turned)[:, None], 100) < 1e-6
    scale, offset = np.array([1e-5, 1e5]), np.array([3.0, -7.0])
    levels = ellipsoid_levels(some.theta_true, some.theta)
    again = ellipsoid_levels(some.theta_true * scale + offset, some.theta * scale + offset)
    np.testing.assert_allclose(levels, again, atol=0.011)


def test_a_coordinate_that_never_varies_is_harmless(panel):
    some = panel(0, obs=200)
    some.theta_true[:, 1] = some.theta[:, :, 1] = 2.0
    for levels in levels_of(some).values():
        assert levels_p(levels, 100) > 1e-4


def test_the_band_holds_all_coordinates_at_once(panel):
    band, outside = sbc_band(150, 40, 2, 0.9), 0
    for seed in range(300):
        some = panel(seed, obs=150, draws=40)
        ranks = sbc_ranks(some.theta_true, some.theta)
        lines = [ecdf_counts(column, 40) / 150 for column in ranks.T]
        outside += any(((line < band.low) | (line > band.high)).any() for line in lines)
    assert 10 <= outside <= 50
