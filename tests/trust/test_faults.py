"""Planted faults keep shape and padding, and are as large as they say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.cli.certify import noise_scale
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.gaussian_set import GaussianSet
from inversion.trust.faults import FAULTS

Y = jnp.zeros((50, 2)).at[30:].set(jnp.nan)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_what_was_observed_and_nothing_else(name):
    y = np.asarray(FAULTS[name](jax.random.key(0), Y, jnp.array([1.0, 0.1])))
    assert np.isnan(y[30:]).all()
    assert np.isfinite(y[:30]).all()
    assert np.abs(y[:30]).max() > 2
    assert np.abs(y[:30, 1]).max() < 0.5 * np.abs(y[:30, 0]).max()


def test_one_entry_at_least_is_an_outlier():
    plant = jax.vmap(lambda key: FAULTS["outliers"](key, jnp.zeros(2), jnp.ones(2)))
    assert (np.abs(plant(jax.random.split(jax.random.key(1), 100))).max(axis=1) == 10).all()


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
