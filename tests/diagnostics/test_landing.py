"""Ends that are at modes, between them, and nowhere."""

import numpy as np
import pytest

from inversion.diagnostics import landing

EXACT = np.random.default_rng(0).normal(size=(4000, 1)) * 0.1
SIDES = np.where(np.arange(4000) < 1000, -1.0, 1.0)[:, None]


def log_density(x):
    with np.errstate(invalid="ignore"):
        return np.logaddexp(*(-0.5 * ((x[:, 0] - side) / 0.1) ** 2 for side in (-1.0, 1.0)))


def landed(x):
    return landing(
        log_density(x), (x[:, 0] > 0).astype(int), log_density(EXACT + SIDES), (SIDES[:, 0] > 0).astype(int), 2
    )  # fmt: skip


def test_exact_draws_land_where_they_belong():
    found = landed(EXACT + SIDES)
    np.testing.assert_allclose(found.on, [0.25, 0.75], atol=0.02)
    assert found.off == pytest.approx(0.01, abs=0.005)
    assert (found.found, found.there) == (2, 2)


def test_ends_in_one_mode_find_one():
    found = landed(np.full((100, 1), 1.0))
    assert (found.found, found.there, found.off) == (1, 2, 0.0)


def test_what_lies_between_the_modes_or_is_not_finite_is_off():
    assert landed(np.zeros((10, 1))).off == 1.0
    x = np.full((10, 1), 1.0)
    x[0] = np.nan
    assert landed(x).off == pytest.approx(0.1)


def test_a_part_that_the_posterior_hardly_has_is_not_looked_for():
    labels = np.zeros(1000, int)
    labels[:3] = 1
    found = landing(np.zeros(5), np.zeros(5, int), np.linspace(-1, 1, 1000), labels, 2)
    assert found.there == 1


def test_labels_belong_to_densities():
    with pytest.raises(ValueError, match="Expected a label for each log density; got 2 for 3"):
        landing(np.zeros(3), np.zeros(2, int), np.zeros(4), np.zeros(4, int), 1)
