"""The exact test against enumeration and simulation."""

from itertools import product

import numpy as np
import pytest

from inversion.diagnostics.uniformity import (
    ecdf_band,
    ecdf_counts,
    grid,
    inside_probability,
    ks_distance,
    ks_mean_quantile,
    ks_quantile,
    uniform_p,
)

ALL_RANKS = [np.array(ranks) for ranks in product(range(4), repeat=5)]


def simulate_counts(num, num_obs, num_draws, seed=0):
    cells = np.full(num_draws + 1, 1 / (num_draws + 1))
    multinomial = np.random.default_rng(seed).multinomial(num_obs, cells, size=num)
    return np.cumsum(multinomial, axis=1)[:, :-1]


def test_p_is_the_exact_probability_of_a_statistic_at_least_as_extreme():
    p = np.array([uniform_p(ranks, 3) for ranks in ALL_RANKS])
    at_most = (p[None, :] <= p[:, None] + 1e-9).mean(axis=1)
    np.testing.assert_allclose(p, at_most, atol=1e-9)


def test_inside_probability_counts_the_paths():
    low, high = np.array([0, 1, 3]), np.array([3, 4, 5])
    counts = np.array([ecdf_counts(ranks, 3) for ranks in ALL_RANKS])
    inside = ((counts >= low) & (counts <= high)).all(axis=1).mean()
    assert inside_probability(low, high, 5) == pytest.approx(inside, abs=1e-12)
    assert inside_probability(np.zeros(3, int), np.full(3, 5), 5) == pytest.approx(1)
    assert inside_probability(np.array([2, 2, 2]), np.array([3, 1, 3]), 5) == 0


@pytest.mark.parametrize(("num_obs", "num_draws"), [(200, 50), (1000, 100), (30, 9)])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_band_holds_its_simultaneous_level(num_obs, num_draws, level):
    z, low, high = ecdf_band(num_obs, num_draws, level)
    ecdf = simulate_counts(4000, num_obs, num_draws) / num_obs
    inside = ((ecdf >= low) & (ecdf <= high)).all(axis=1).mean()
    error = 4.5 * np.sqrt(level * (1 - level) / 4000)
    few = 0.06 if num_obs == 30 else 0.01  # paths of few observations come in coarse steps
    assert level - error < inside < level + error + few
    assert ((low < z) & (z < high)).all()


def test_p_and_band_agree():
    _, low, high = ecdf_band(100, 20, 0.9)
    for ranks in np.random.default_rng(0).integers(0, 21, (300, 100)):
        ecdf = ecdf_counts(ranks, 20) / 100
        assert (uniform_p(ranks, 20) > 0.1) == ((low <= ecdf) & (ecdf <= high)).all()


def test_ks_quantile_is_the_noise_floor_of_a_perfect_posterior():
    distance = np.array([ks_distance(ranks, 3) for ranks in ALL_RANKS])
    for level in (0.3, 0.8, 0.95):
        floor = ks_quantile(5, 3, level)
        assert (distance > floor + 1e-6).mean() <= 1 - level
        assert (distance > floor - 1e-6).mean() >= 1 - level
    assert ks_quantile(1000, 100) == pytest.approx(0.041, abs=0.001)
    simulated = np.abs(simulate_counts(4000, 1000, 100) / 1000 - grid(100)).max(axis=1)
    assert ks_quantile(1000, 100) == pytest.approx(np.quantile(simulated, 0.95), abs=0.0015)


def test_the_mean_over_coordinates_has_a_lower_noise_floor():
    """Of one coordinate it is that coordinate's own; of many it falls towards the expected distance."""
    assert ks_mean_quantile(1000, 100, 1) == pytest.approx(ks_quantile(1000, 100), abs=5e-4)
    simulated = np.abs(simulate_counts(12_000, 1000, 100) / 1000 - grid(100)).max(axis=1)
    for dim in (2, 6):
        means = simulated.reshape(-1, dim).mean(axis=1)
        expected = np.quantile(means, 0.95)
        assert ks_mean_quantile(1000, 100, dim) == pytest.approx(expected, abs=1e-3)
    floors = [ks_mean_quantile(1000, 100, dim) for dim in (1, 5, 14, 102)]
    assert floors == sorted(floors, reverse=True)
    assert floors[-1] == pytest.approx(simulated.mean(), abs=2e-3)


def test_extreme_ranks_give_tiny_p_and_no_warning():
    assert uniform_p(np.zeros(5000, int), 100) < 1e-300
    assert uniform_p(np.array([0]), 1) == pytest.approx(1)
    assert uniform_p(np.arange(101), 100) == pytest.approx(1, abs=1e-6)


def test_same_bits_again():
    ranks = np.random.default_rng(3).integers(0, 101, 1000)
    assert uniform_p(ranks, 100) == uniform_p(ranks, 100)
    first = ecdf_band(123, 45, 0.9)
    ecdf_band.cache_clear()
    assert all((a == b).all() for a, b in zip(first, ecdf_band(123, 45, 0.9)))
    with pytest.raises(ValueError, match="read-only"):
        first.low[0] = 0.0


def test_refuses(raises):
    with raises("Expected ranks of shape"):
        uniform_p(np.zeros((3, 2), int), 4)
    with raises("Expected ranks from 0 to 4"):
        uniform_p(np.array([0, 5]), 4)
    with raises("Expected whole ranks"):
        uniform_p(np.array([0.0, 1.0]), 4)
    with raises("Expected a level"):
        ecdf_band(10, 4, 1.0)
    with raises("Expected a level"):
        ks_quantile(10, 4, 0.0)
