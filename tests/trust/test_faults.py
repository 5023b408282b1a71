"""Planted faults keep shape and padding, and are as large as they say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.gaussian_set import GaussianSet
from inversion.trust.faults import FAULTS, ROW_FAULTS, faults_of
from inversion.trust.noise import noise_between_neighbours, noise_scale

Y = jnp.zeros((50, 2)).at[30:].set(jnp.nan)


@pytest.mark.parametrize("name", [*FAULTS, "drift"])
def test_a_fault_changes_what_was_observed_and_nothing_else(name):
    y = np.asarray(faults_of((50, 2))[name](jax.random.key(0), Y, jnp.array([1.0, 0.1])))
    assert np.isnan(y[30:]).all()
    assert np.isfinite(y[:30]).all()
    assert np.abs(y[:30]).max() > 2
    assert np.abs(y[:30, 1]).max() < 0.5 * np.abs(y[:30, 0]).max()


def test_one_entry_at_least_is_an_outlier():
    plant = jax.vmap(lambda key: FAULTS["outliers"](key, jnp.zeros(2), jnp.ones(2)))
    assert (np.abs(plant(jax.random.split(jax.random.key(1), 100))).max(axis=1) == 10).all()


def test_what_is_stuck_repeats_a_row_of_the_first_half():
    rows = jax.random.normal(jax.random.key(0), (50, 2)) + Y
    keys = jax.random.split(jax.random.key(1), 200)
    stuck = jax.vmap(lambda key: ROW_FAULTS["stuck"](key, rows, jnp.ones(2)))(keys)
    starts = []
    for y in np.asarray(stuck):
        start = int((y[:30] == y[29]).all(axis=1).argmax())
        starts.append(start)
        np.testing.assert_array_equal(y[: start + 1], rows[: start + 1])
        assert (y[start:30] == y[start]).all()
        assert np.isnan(y[30:]).all()
    assert (min(starts), max(starts)) == (3, 14)


def test_a_drift_ends_ten_standard_deviations_off():
    y = np.asarray(ROW_FAULTS["drift"](jax.random.key(0), Y, jnp.array([1.0, 0.1])))
    np.testing.assert_allclose(np.abs(y[29]), [10.0, 1.0], rtol=1e-6)
    assert (np.diff(np.abs(y[:30, 0])) > 0).all()


def test_rows_alone_have_the_faults_of_rows():
    assert set(faults_of((5,))) == set(FAULTS)
    assert set(faults_of((50, 2))) == {*FAULTS, *ROW_FAULTS}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (GaussianLinear(dim=3, noise_scale=0.4), np.full(3, 0.4)),
        (
            GaussianSet(dim=2, prior_scale=2.0, noise_scale=0.5, min_rows=5, max_rows=20),
            np.full(2, 0.5),
        ),
    ],
)
def test_the_noise_is_told_from_the_prior(task, expected):
    np.testing.assert_allclose(noise_scale(jax.random.key(0), task), expected, rtol=0.05)


def test_the_noise_is_told_from_pairs():
    rng = np.random.default_rng(0)
    theta = rng.uniform(size=(5000, 2))
    scale = np.array([0.5, 2.0, 0.1])
    y = np.stack([theta[:, 0], theta.sum(axis=1), theta[:, 1]], axis=1)
    found = noise_between_neighbours(theta, y + scale * rng.normal(size=(5000, 3)))
    np.testing.assert_allclose(found, scale, rtol=0.05)
    rows = theta[:, None, :] + rng.normal(size=(5000, 4, 2))
    rows[::2, 3] = np.nan
    np.testing.assert_allclose(noise_between_neighbours(theta, rows), [1.0, 1.0], rtol=0.05)
