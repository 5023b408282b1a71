"""The repair holds its promise for posteriors that are too narrow, too wide and shifted."""

import numpy as np
import pytest

from inversion.trust.certificate import Certificate, beside
from inversion.trust.conformal import central_levels, highest_levels, p_value, quantile

NUM, DRAWS = 10_000, 200


def pairs(spread, shift, seed=0):
    """Truths N(0, 1), and draws and densities of N(shift, spread^2)."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(NUM, 1))
    theta = shift + spread * rng.normal(size=(NUM, DRAWS, 1))
    log_prob = -0.5 * ((theta[..., 0] - shift) / spread) ** 2
    return truth, theta, log_prob, -0.5 * ((truth[:, 0] - shift) / spread) ** 2


@pytest.mark.parametrize(("spread", "shift"), [(1.0, 0.0), (0.6, 0.0), (1.5, 0.0), (0.8, 0.7)])
def test_repaired_regions_hold_what_they_promise(spread, shift):
    """Calibrated on the first half, tested on the other: 5,000 each."""
    truth, theta, log_prob, log_prob_true = pairs(spread, shift)
    for levels in (
        central_levels(theta, truth, 0)[:, 0],
        highest_levels(log_prob, log_prob_true, 0),
    ):
        held, fresh = levels[: NUM // 2], levels[NUM // 2 :]
        assert np.mean(fresh <= quantile(held, 0.9)) == pytest.approx(0.9, abs=0.015)
        if (spread, shift) == (1.0, 0.0):
            assert np.mean(fresh <= 0.9) == pytest.approx(0.9, abs=0.015)
        else:
            assert abs(np.mean(fresh <= 0.9) - 0.9) > 0.04, "the fault must show before the repair"


def test_levels_of_an_exact_posterior_are_uniform():
    truth, theta, log_prob, log_prob_true = pairs(1.0, 0.0, seed=3)
    for levels in (
        central_levels(theta, truth, 0)[:, 0],
        highest_levels(log_prob, log_prob_true, 0),
    ):
        shares = np.histogram(levels, bins=10, range=(0, 1))[0] / NUM
        np.testing.assert_allclose(shares, 0.1, atol=0.015)


def test_equal_draws_do_not_make_a_level():
    """A coordinate that only takes two values: its levels are spread over the ties."""
    rng = np.random.default_rng(4)
    truth, theta = rng.integers(2, size=(2000, 1)), rng.integers(2, size=(2000, 50, 1))
    shares = np.histogram(central_levels(theta, truth, 0), bins=4, range=(0, 1))[0] / 2000
    np.testing.assert_allclose(shares, 0.25, atol=0.05)


def test_the_threshold_counts_the_next_one():
    scores = np.arange(1.0, 100.0)
    assert quantile(scores, 0.9) == 90
    assert quantile(scores[:5], 0.9) == np.inf, "five held-out scores cannot promise 90 %"
    assert p_value(scores, 90.0) == pytest.approx(0.11)


def test_a_certificate_comes_back_as_it_was_kept(tmp_path):
    rng = np.random.default_rng(5)
    kept = Certificate(
        rng.normal(size=(100, 3)), rng.uniform(size=200), rng.uniform(size=(200, 2)) * 1.1
    )
    path = beside(tmp_path / "0.eqx")
    assert path.name == "0.trust.npz"
    kept.save(path)
    found = Certificate.load(path)
    assert found.highest is None
    np.testing.assert_array_equal(found.repaired(), kept.repaired())
    assert (found.repaired() <= 1).all()
    assert found.off_map(np.full(3, 50.0)) == pytest.approx(1 / 201)
    assert found.coverage().shape == (2,)
