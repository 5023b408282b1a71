"""Distances from what was simulated, on clouds of known shape."""

import numpy as np
import pytest

from inversion.trust.conformal import p_value, quantile
from inversion.trust.off_map import NEIGHBOURS, Map

RNG = np.random.default_rng(0)


def ring(num, radius=1.0, seed=0):
    """A circle in the plane, thin."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, num)
    r = radius + 0.01 * rng.normal(size=num)
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1)


def test_false_alarms_are_as_many_as_asked_for():
    rng = np.random.default_rng(1)
    simulated, held, fresh = (
        rng.normal(size=(2000, 10)),
        rng.normal(size=(5000, 10)),
        rng.normal(size=(5000, 10)),
    )
    known = Map(simulated)
    alarm = quantile(known.distance(held), 0.95)
    assert np.mean(known.distance(fresh) > alarm) == pytest.approx(0.05, abs=0.01)
    assert np.mean(known.distance(2.5 * fresh) > alarm) > 0.95


def test_the_middle_of_a_ring_is_off_the_map():
    """Where a Mahalanobis distance would find it the most likely place of all."""
    known = Map(ring(2000))
    alarm = quantile(known.distance(ring(2000, seed=1)), 0.95)
    assert known.distance(np.zeros((1, 2)))[0] > 5 * alarm


def test_a_direction_in_which_simulations_hardly_differ_counts_as_much_as_any():
    rng = np.random.default_rng(2)
    scales = np.array([100.0, 0.5])
    known = Map(rng.normal(size=(2000, 2)) * scales)
    alarm = quantile(known.distance(rng.normal(size=(2000, 2)) * scales), 0.95)
    assert known.distance(np.array([[0.0, 5.0]]))[0] > alarm
    assert known.distance(np.array([[5.0, 0.0]]))[0] < alarm


def test_what_is_not_finite_is_as_far_off_as_can_be():
    known = Map(RNG.normal(size=(100, 2)))
    assert known.distance(np.array([[np.nan, 0.0], [0.0, 0.0]])).tolist()[0] == np.inf
    assert p_value(np.arange(99.0), np.inf) == 0.01


def test_a_map_of_too_few_is_refused():
    with pytest.raises(ValueError, match=f"Expected more than {NEIGHBOURS} simulated"):
        Map(np.zeros((NEIGHBOURS, 2)))
