"""The headline task against figures found independently of this code: quadrature, and scikit-learn's moons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_moons

from inversion.tasks.two_moons_line import TwoMoonsLine


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def task():
    with jax.enable_x64(True):
        return TwoMoonsLine()


def test_moments(task):
    mean, std = task.moments
    np.testing.assert_allclose(mean, [0.5, 0.25])
    np.testing.assert_allclose(std, [0.86810, 0.49779], atol=1e-5)


def test_prior_is_that_of_scikit_learn(task):
    moons = make_moons(40_000, noise=0.06, random_state=0)[0]
    mean, std = task.moments
    ours = np.asarray(task.prior().sample(jax.random.key(0), (40_000,))) * std + mean
    for column in range(2):
        assert stats.ks_2samp(moons[:, column], ours[:, column]).pvalue > 1e-3
    assert stats.ks_2samp(moons.sum(1), ours.sum(1)).pvalue > 1e-3


def test_prior_entropy(task):
    draws = task.prior().sample(jax.random.key(1), (200_000,))
    assert -task.prior().log_prob(draws).mean() == pytest.approx(1.3161, abs=0.006)


@pytest.mark.parametrize(
    ("y", "mean", "std", "upper"),
    [(-1.0, -1.0106, 0.0970, 0.167), (0.0, 0.0, 0.1024, 0.5005), (1.0, 1.0106, 0.0970, 0.833)],
)
def test_posterior_by_quadrature(task, y, mean, std, upper):
    """Moments of A theta and the mass of the upper crescent, by a rule on a fine grid."""
    axis = jnp.linspace(-3, 3, 601)
    grid = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    log_density = jax.lax.map(
        lambda t: task.prior().log_prob(t) + task.log_likelihood(t, jnp.array([y])),
        grid,
        batch_size=5000,
    )
    weight = jnp.exp(log_density - log_density.max())
    weight /= weight.sum()
    along = grid.sum(1)
    first = weight @ along
    assert first == pytest.approx(mean, abs=2e-4)
    assert jnp.sqrt(weight @ along**2 - first**2) == pytest.approx(std, abs=2e-4)
    crescent = jax.vmap(task.labels)(grid)["crescent"]
    assert weight @ (crescent == 0) == pytest.approx(upper, abs=2e-3)
    density = jnp.exp(task.posterior(jnp.array([y])).log_prob(grid))
    np.testing.assert_allclose(density * (axis[1] - axis[0]) ** 2, weight, atol=1e-7)


def test_arc_segments_at_zero(task):
    draws = task.posterior(jnp.zeros(1)).sample(jax.random.key(2), (200_000,))
    segment = jax.vmap(task.labels)(draws)["segment"]
    masses = np.bincount(segment, minlength=4) / len(draws)
    np.testing.assert_allclose(masses, [0.370, 0.130, 0.130, 0.370], atol=0.004)


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"Expected noise of two_moons_line above 0; got -1"):
        TwoMoonsLine(noise=-1)
