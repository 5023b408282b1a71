"""Local C2ST: nominal on exact posteriors, sees a fault where it is and lets pass where it is not."""

import numpy as np
import pytest
from scipy.stats import binom

from inversion.diagnostics.local_c2st import local_c2st, train_local_c2st

HERE, THERE = np.array([1.5, 0.0]), np.array([-1.5, 0.0])


def make(seed, *, fault=0.0, obs=500, draws=20):
    """Truths from N(y, I), draws the same but shifted by `fault` in the first coordinate where y_1 > 0."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((obs, 2))
    theta_true = y + rng.standard_normal((obs, 2))
    theta = y[:, None] + rng.standard_normal((obs, draws, 2))
    theta[..., 0] += fault * (y[:, :1] > 0)
    return theta_true, theta, y


def draws_at(seed, y, fault=0.0):
    theta = y + np.random.default_rng([seed, 1]).standard_normal((300, 2))
    return theta + np.array([fault * (y[0] > 0), 0.0])


def p_at(seed, place, fault, **settings):
    trained = train_local_c2st(*make(seed, fault=fault, **settings), seed=seed, nulls=39)
    return local_c2st(trained, draws_at(seed, place, fault), place)[1]


def test_false_alarms_are_nominal():
    p = np.array([p_at(seed, HERE, 0.0, obs=120, draws=5) for seed in range(300)])
    assert binom.ppf(1e-5, 300, 0.05) <= (p <= 0.05).sum() <= binom.isf(1e-5, 300, 0.05)


def test_a_local_fault_is_seen_where_it_is_alone():
    here = [p_at(seed, HERE, 0.7) <= 0.05 for seed in range(30)]
    there = [p_at(seed, THERE, 0.7) <= 0.05 for seed in range(30)]
    assert sum(here) >= 27
    assert sum(there) <= 6


@pytest.mark.parametrize("change", [lambda theta: 0.6 * theta, lambda theta: 1.6 * theta])
def test_a_wrong_spread_is_seen(change):
    theta_true, theta, y = make(0, obs=1500)
    wrong = y[:, None] + change(theta - y[:, None])
    trained = train_local_c2st(theta_true, wrong, y, nulls=99)
    assert local_c2st(trained, HERE + change(draws_at(0, HERE) - HERE), HERE)[1] == 0.01


def test_a_wrong_correlation_is_seen():
    theta_true, theta, y = make(0, obs=1500)
    mix = np.array([[1.0, 0.0], [0.6, 0.8]])
    trained = train_local_c2st(theta_true, y[:, None] + (theta - y[:, None]) @ mix.T, y, nulls=99)
    assert local_c2st(trained, HERE + (draws_at(0, HERE) - HERE) @ mix.T, HERE)[1] == 0.01


def test_one_training_serves_every_observation_and_units_do_not_matter():
    theta_true, theta, y = make(3, fault=0.5)
    trained = train_local_c2st(theta_true, theta, y, seed=3, nulls=19)
    scaled = train_local_c2st(1e-3 * theta_true + 5, 1e-3 * theta + 5, 1e4 * y, seed=3, nulls=19)
    for place in (HERE, THERE):
        draws = draws_at(3, place, 0.5)
        ours, theirs = (
            local_c2st(trained, draws, place),
            local_c2st(scaled, 1e-3 * draws + 5, 1e4 * place),
        )
        assert ours[1] == theirs[1]
        assert ours[0] == pytest.approx(theirs[0], rel=1e-2)
    assert local_c2st(trained, draws_at(3, HERE), HERE) == local_c2st(
        trained, draws_at(3, HERE), HERE
    )


def test_refuses(raises):
    theta_true, theta, y = make(0, obs=20)
    with raises("Expected y of 20 observations"):
        train_local_c2st(theta_true, theta, y[:5])
    with raises("Expected finite y"):
        train_local_c2st(theta_true, theta, np.full_like(y, np.nan))
    trained = train_local_c2st(theta_true, theta, y, nulls=3)
    with raises("Expected two or more draws"):
        local_c2st(trained, np.zeros((30, 3)), HERE)
    with raises("Expected y of 2 entries"):
        local_c2st(trained, np.zeros((30, 2)), np.zeros(3))
