"""The base distributions against scipy, and their draws against their densities."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from inversion.networks.base import BASES, Mixture, Normal, StudentT, base_of


def test_normal_and_student_t_against_scipy():
    with jax.enable_x64(True):
        z = 3 * np.random.default_rng(0).normal(size=(3, 20))
        expected = stats.multivariate_normal(np.zeros(3)).logpdf(z.T)
        np.testing.assert_allclose(Normal(3).log_prob(jnp.asarray(z)), expected, atol=1e-10)
        for df in (1.0, 4.5, 25.0):
            expected = stats.multivariate_t(np.zeros(3), df=df).logpdf(z.T)
            np.testing.assert_allclose(StudentT(3, df).log_prob(z), expected, atol=1e-10)


def test_mixture_against_scipy(shaken):
    with jax.enable_x64(True):
        mixture = shaken(Mixture(2, 3, key=jax.random.key(0)))
        z = 3 * np.random.default_rng(0).normal(size=(2, 20))
        weights = np.exp(mixture.logits) / np.exp(mixture.logits).sum()
        density = sum(
            weight * stats.multivariate_normal(mean, np.diag(np.exp(2 * log_scale))).pdf(z.T)
            for weight, mean, log_scale in zip(
                weights, np.asarray(mixture.means), np.asarray(mixture.log_scales), strict=True
            )
        )
        np.testing.assert_allclose(mixture.log_prob(z), np.log(density), atol=1e-10)


@pytest.mark.parametrize("name", BASES)
def test_draws_follow_the_density(name, shaken):
    """Along a line through the origin, by Kolmogorov and Smirnov against a density integrated over the plane."""
    base = base_of(name, 2, df=4.0, components=3, key=jax.random.key(0))
    base = shaken(base) if name == "mixture" else base
    draws = np.asarray(base.sample(jax.random.key(1), 20_000, jnp.float32))
    axis = np.tan(np.linspace(-np.pi / 2, np.pi / 2, 803)[1:-1])
    widths = np.gradient(axis)
    grid = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"))
    density = np.exp(eqx.filter_jit(base.log_prob)(grid))
    assert density @ widths @ widths == pytest.approx(1, abs=2e-3)
    cdf = np.cumsum((density @ widths) * widths)
    result = stats.kstest(draws[:, 0], lambda x: np.interp(x, axis + widths / 2, cdf / cdf[-1]))
    assert result.pvalue > 1e-3


def test_a_wrong_base_is_refused():
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="Expected df above 0"):
        base_of("student_t", 2, df=0.0, components=4, key=key)
    with pytest.raises(ValueError, match="at least 1 of components"):
        base_of("mixture", 2, df=5.0, components=0, key=key)
