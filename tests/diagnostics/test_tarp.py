import numpy as np
import pytest

from inversion.diagnostics.ranks import sbc_p, sbc_ranks
from inversion.diagnostics.tarp import references_from, tarp_coverages, tarp_curve, tarp_p


def test_coverage_counts_the_draws_closer_to_the_reference():
    theta_true, theta = np.array([[1.0]]), np.array([[[0.5], [2.0], [-3.0], [-0.2]]])
    points = np.concatenate([theta_true[0], theta[0, :, 0]])
    reference = (np.zeros((1, 1)) - points.mean()) / points.std()  # 0 in the units of theta
    assert tarp_coverages(0, theta_true, theta, references=reference).tolist() == [0.5]


def test_units_of_theta_do_not_matter(panel):
    some = panel(0, obs=50)
    scale, offset = np.array([1e-3, 1e4]), np.array([5.0, -7.0])
    again = tarp_coverages(3, some.theta_true * scale + offset, some.theta * scale + offset)
    np.testing.assert_allclose(again, tarp_coverages(3, some.theta_true, some.theta), atol=0.011)


def test_a_coordinate_that_never_varies_is_harmless(panel):
    some = panel(0, obs=300)
    some.theta_true[:, 1] = some.theta[:, :, 1] = 0.0
    assert tarp_p(tarp_coverages(0, some.theta_true, some.theta), 100) > 1e-4
    some.theta_true[:, 0] = some.theta[:, :, 0] = 0.0  # all distances tie
    assert tarp_p(tarp_coverages(0, some.theta_true, some.theta), 100) > 1e-4


def test_sees_a_wrong_correlation_that_ranks_cannot(panel):
    some = panel(0)
    theta = some.theta * [1, -1] + some.y[:, None] * [0, 2]  # right margins, turned correlation
    assert sbc_p(sbc_ranks(some.theta_true, theta), 100) > 1e-3
    assert tarp_p(tarp_coverages(0, some.theta_true, theta), 100) < 1e-3


def test_spread_has_a_sign(panel):
    """Balls around the posterior's own centre: narrow draws lie closer than the truth."""
    for spread, sign in ((0.8, 1), (1.25, -1)):
        some = panel(0, spread=spread)
        points = np.concatenate([some.theta_true[:, None], some.theta], axis=1)
        centre = (some.y - points.mean(axis=(0, 1))) / points.std(axis=(0, 1))
        coverages = tarp_coverages(0, some.theta_true, some.theta, references=centre)
        assert sign * (coverages.mean() - 0.5) > 0.04


def test_references_from_y_follow_y_and_the_seed():
    y = np.random.default_rng(0).normal(3.0, 10.0, (400, 5, 2)).astype(np.float32)
    references = references_from(7, y, 3)
    np.testing.assert_allclose(references.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(references.std(axis=0), 1)
    assert (references == references_from(7, y, 3)).all()
    assert (references_from(7, np.ones((4, 2)), 3) == 0).all()


def test_curve_of_an_exact_posterior_stays_in_its_band(panel):
    for spread, inside in ((1.0, True), (0.8, False)):
        some = panel(0, spread=spread)
        coverages = tarp_coverages(0, some.theta_true, some.theta)
        curve, band = tarp_curve(coverages, 100, 0.999)
        assert curve.shape == band.z.shape == (100,)
        assert bool(((band.low <= curve) & (curve <= band.high)).all()) is inside


def test_refuses(raises):
    with raises("Expected theta of shape"):
        tarp_coverages(0, np.zeros((3, 2)), np.zeros((5, 3, 2)))
    with raises("Expected references of shape"):
        tarp_coverages(0, np.zeros((3, 2)), np.zeros((3, 5, 2)), references=np.zeros((2, 2)))
    with pytest.raises(TypeError):
        tarp_coverages(0, np.zeros((3, 2)), np.zeros((3, 5, 2)), reference=None)
