import numpy as np
import pytest

from inversion.diagnostics import consistency, masses, segment_labels, total_variation


def test_consistency_is_mean_and_deviation():
    mean, std = consistency(np.array([0.0, 2.0, 4.0, 6.0], dtype=np.float32))
    assert (float(mean), float(std)) == (3.0, pytest.approx(np.sqrt(5)))
    mean, std = consistency(np.array([[0.0, 1.0], [2.0, 1.0]]))
    assert (mean.tolist(), std.tolist()) == ([1, 1], [1, 0])


def test_segments_and_masses():
    labels = segment_labels(np.array([-2.0, -0.83, -0.1, 0.5, 3.0]), np.array([-0.83, 0.0, 0.83]))
    assert labels.tolist() == [0, 1, 1, 2, 3]
    assert masses(labels, 5).tolist() == [0.2, 0.4, 0.2, 0.2, 0.0]
    assert segment_labels(np.array([1.0]), np.array([])).tolist() == [0]


def test_total_variation():
    half = np.array([0.5, 0.5])
    assert total_variation(half, half) == 0
    assert total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1
    assert total_variation(half, np.array([0.2, 0.8])) == pytest.approx(0.3)


def test_total_variation_of_exact_draws_is_near_its_noise():
    exact = np.array([0.37, 0.13, 0.13, 0.37])
    labels = np.random.default_rng(0).choice(4, p=exact, size=(200, 1000))
    mean = np.mean([total_variation(masses(row, 4), exact) for row in labels])
    assert 0.7 < mean / (0.4 * np.sqrt(3 / 1000)) < 1.05


def test_refuses(raises):
    with raises("Expected cuts that ascend"):
        segment_labels(np.zeros(3), np.array([1.0, 0.0]))
    with raises("Expected x of shape"):
        segment_labels(np.zeros((3, 1)), np.array([1.0]))
    with raises("Expected labels from 0 to 1"):
        masses(np.array([0, 2]), 2)
    with raises("Expected labels of shape"):
        masses(np.zeros((2, 2), int), 2)
    with raises("Expected two mass functions"):
        total_variation(np.array([0.5, 0.5]), np.array([1.0]))
    with raises("Expected masses that sum to 1"):
        total_variation(np.array([0.5, 0.6]), np.array([0.5, 0.5]))
    with raises("Expected pushed draws"):
        consistency(np.zeros(0))
