"""The comparison registry: one contract for all, then each score against a known truth."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm

from inversion.diagnostics import COMPARISON
from inversion.diagnostics import mmd as mmd_function
from inversion.diagnostics.c2st import c2st
from inversion.diagnostics.mmd import mmd
from inversion.diagnostics.sliced_wasserstein import sliced_wasserstein, wasserstein_squared


def normal(seed, num, dim, mean=0.0, scale=1.0):
    return mean + scale * np.random.default_rng(seed).standard_normal((num, dim))


@pytest.mark.parametrize("name", COMPARISON)
def test_contract(name, raises):
    score, draws, reference = COMPARISON[name], normal(0, 100, 1), normal(1, 100, 1)
    signature = inspect.signature(score).parameters
    assert list(signature)[:3] == ["draws", "reference", "seed"]
    assert all(signature[key].kind is inspect.Parameter.KEYWORD_ONLY for key in list(signature)[2:])
    value = score(draws, reference, seed=3)
    assert isinstance(value, float)
    assert value == score(draws, reference, seed=3)
    assert value < score(draws + 3.0, reference, seed=3)
    assert value == pytest.approx(
        score(draws.astype(np.float32), reference.astype(np.float32), seed=3), abs=0.1
    )
    assert np.isnan(score(np.where(draws > 2, np.nan, draws), reference, seed=3))
    with raises("Expected draws of shape"):
        score(np.hstack([draws, draws]), reference, seed=3)
    with raises("Expected draws of shape"):
        score(draws[:, 0], reference, seed=3)
    with raises("Expected reference of shape"):
        score(draws, reference[:, 0], seed=3)
    with raises("Expected a finite reference"):
        score(draws, np.where(reference > 1, np.inf, reference), seed=3)


def test_importing_is_light():
    code = (
        "import inversion.diagnostics, sys; print({'jax', 'sklearn', 'torch'} & set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "set()"


@pytest.mark.parametrize("gap", [0.0, 1.0, 2.0, 8.0])
def test_c2st_finds_the_bayes_accuracy_of_two_gaussians(gap):
    accuracy = c2st(normal(0, 2000, 1, mean=gap), normal(1, 2000, 1), seed=1)
    assert accuracy == pytest.approx(norm.cdf(gap / 2), abs=0.03)


def test_c2st_is_scaled_by_the_reference():
    draws, reference = normal(0, 300, 2, 0.5), normal(1, 300, 2)
    scale, offset = np.array([1e-3, 1e3]), np.array([4.0, -2.0])
    again = c2st(draws * scale + offset, reference * scale + offset, seed=1)
    assert again == pytest.approx(c2st(draws, reference, seed=1), abs=0.02)


def test_c2st_below_one_half_is_reported_and_a_constant_reference_refused(raises):
    values = [c2st(normal(2 * i, 100, 1), normal(2 * i + 1, 100, 1), seed=1) for i in range(8)]
    assert 0.4 < min(values) < 0.5
    with raises("Expected a reference that varies"):
        c2st(normal(0, 100, 1), np.ones((100, 1)), seed=1)


def mmd_of_gaussians(gap, dim, h):
    """MMD^2 of N(0, I) and N(m, I), |m| = gap."""
    c = (h**2 / (h**2 + 2)) ** (dim / 2)
    return 2 * c * (1 - np.exp(-(gap**2) / (2 * (h**2 + 2))))


@pytest.mark.parametrize(("gap", "dim", "h"), [(0.0, 2, 1.0), (1.0, 2, 1.0), (1.0, 5, 2.0)])
def test_mmd_is_unbiased(gap, dim, h):
    mean = np.full(dim, gap / np.sqrt(dim))
    values = [
        mmd(normal(2 * i, 150, dim, mean), normal(2 * i + 1, 200, dim), bandwidth=h)
        for i in range(100)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert np.mean(values) == pytest.approx(mmd_of_gaussians(gap, dim, h), abs=4.5 * error)
    assert (min(values) < 0) == (gap == 0)


def test_mmd_bandwidth_is_the_median_distance_of_the_reference(raises):
    reference = normal(0, 101, 3)
    distances = np.linalg.norm(reference[:, None] - reference[None], axis=-1)
    median = np.median(distances[np.triu_indices(101, 1)])
    draws = normal(1, 50, 3)
    assert mmd(draws, reference) == pytest.approx(mmd(draws, reference, bandwidth=median))
    with raises("Expected a positive bandwidth"):
        mmd(draws, np.ones((50, 3)))


def test_mmd_does_not_depend_on_the_size_of_its_blocks(monkeypatch):
    draws, reference = normal(0, 50, 2), normal(1, 60, 2)
    whole = mmd(draws, reference)
    monkeypatch.setattr(sys.modules[mmd_function.__module__], "ROWS", 7)
    assert mmd(draws, reference) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_sliced_wasserstein_of_two_gaussians(dim):
    gap = np.linspace(0.5, 2, dim)
    value = sliced_wasserstein(
        normal(0, 20000, dim, gap, 1.5), normal(1, 15000, dim), seed=0, projections=400
    )
    # Mean over the sphere of <w, gap>^2 + (1.5 - 1)^2.
    assert value == pytest.approx(np.sqrt(gap @ gap / dim + 0.25), rel=0.05)


@pytest.mark.parametrize(("n", "m"), [(6, 6), (6, 4), (3, 7)])
def test_wasserstein_is_the_cheapest_transport(n, m):
    x, z = normal(0, n, 1), normal(1, m, 1)
    cost = np.square(np.repeat(x, m, axis=0) - np.repeat(z, n, axis=0).T)
    assert wasserstein_squared(x, z)[0] == pytest.approx(cost[linear_sum_assignment(cost)].mean())


def test_sliced_wasserstein_of_a_sample_with_itself_is_zero():
    x = normal(0, 30, 4)
    assert sliced_wasserstein(x[::-1], np.repeat(x, 3, axis=0), seed=0) < 1e-12
