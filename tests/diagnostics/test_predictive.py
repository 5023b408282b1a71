"""Predictive checks: conservative at one observation, exact with a second one, and right about which is which."""

import numpy as np
from scipy.stats import binom

from inversion.diagnostics.predictive import predictive_p, predictive_panel_p


def predictions(seed, *, obs=150, draws=40, spread=1.0, shift=0.0):
    """theta ~ N(0, I), y | theta ~ N(theta, I): the posterior is N(y / 2, I / 2)."""
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal((obs, 2))
    y, y_new = theta + rng.standard_normal((2, obs, 2))
    drawn = y[:, None] / 2 + shift + spread * np.sqrt(0.5) * rng.standard_normal((obs, draws, 2))
    return y, y_new, drawn + rng.standard_normal(drawn.shape)


def test_p_by_hand():
    predicted = np.array([[1.0], [2.0], [3.0], [4.0]])
    assert predictive_p(np.array([0.0]), predicted) == 2 * 1 / 5
    assert predictive_p(np.array([2.5]), predicted) == 1.0
    assert predictive_p(np.array([0.0, 2.5]), predicted.repeat(2, axis=1)) == 4 * 1 / 5


def test_false_alarms_with_a_second_observation_are_nominal_and_with_the_first_fewer():
    alarms = first = 0
    for seed in range(300):
        y, y_new, predicted = predictions(seed)
        alarms += predictive_panel_p(y_new, predicted, seed=seed) <= 0.05
        first += predictive_p(y[0], predicted[0]) <= 0.05
    assert binom.ppf(1e-5, 300, 0.03) <= alarms <= binom.isf(1e-5, 300, 0.05)
    assert first <= alarms


def test_wrong_predictions_are_rejected():
    for fault in ({"spread": 3.0}, {"shift": 0.7}):
        _, y_new, predicted = predictions(0, **fault)
        assert predictive_panel_p(y_new, predicted) < 1e-3
    y, _, predicted = predictions(0, shift=8.0)
    assert predictive_p(y[0], predicted[0]) <= 4 / 41


def test_refuses(raises):
    with raises("Expected predictions of shape"):
        predictive_p(np.zeros(2), np.zeros((5, 3)))
    with raises("Expected a finite y"):
        predictive_p(np.zeros(2), np.full((5, 2), np.inf))
    with raises("Expected predictions of shape"):
        predictive_panel_p(np.zeros((3, 2)), np.zeros((4, 5, 2)))
