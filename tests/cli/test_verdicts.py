"""The verdict has power: it is "use it" for an exact posterior, and something else for one that is wrong."""

from types import SimpleNamespace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from inversion.cli.verdicts import verdict_rates
from inversion.posterior import AbstractDensity, AbstractPosterior
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.trust.certificate import Certificate
from inversion.trust.verdict import CORRECTED, NOT, USE

TASK = GaussianLinear(dim=2, prior_scale=1.0, noise_scale=0.5)


class Stretched(AbstractDensity):
    """The exact posterior, with its spread times `spread` where y_1 is above 0."""

    spread: float = eqx.field(static=True)

    @property
    def standardisation(self):
        return SimpleNamespace(task=TASK)

    def _law(self, y):
        exact = TASK.posterior(y).base_dist
        return dist.Normal(exact.loc, exact.scale * jnp.where(y[0] > 0, self.spread, 1.0))

    def sample(self, key, y, num):
        return self._law(y).sample(key, (num,))

    def log_prob(self, theta, y):
        return self._law(y).log_prob(theta).sum()


class Drawn(AbstractPosterior):
    """Without a density: no weights, only the certificate."""

    @property
    def standardisation(self):
        return SimpleNamespace(task=TASK)

    def sample(self, key, y, num):
        return TASK.posterior(y).sample(key, (num,))


def observed(num=200, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(num, 2)) * 1.25**0.5).astype(np.float32)


def certificate(y, spread):
    """Levels as a posterior with this spread has them where y_1 is above 0."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=y.shape) / np.where(y[:, :1] > 0, spread, 1.0)
    highest = 1 - np.exp(-0.5 * (z**2).sum(axis=1))
    return Certificate(y, rng.uniform(size=len(y)), rng.uniform(size=y.shape), highest)


def rates(model, spread=1.0):
    y = observed()
    kept, tested = certificate(y, spread), certificate(y, spread)
    return verdict_rates(jax.random.key(0), model, y, kept, tested)


def test_an_exact_posterior_is_to_be_used():
    found = rates(Stretched(1.0))
    assert found[USE]["share"] > 0.9
    assert found[USE]["kl"] == pytest.approx(0.0, abs=1e-5)
    assert found[USE]["region"] == pytest.approx(0.9, abs=0.07)
    assert set(found) <= {USE, NOT}, "what is left are false alarms off the map"


def test_a_posterior_that_is_wrong_here_and_there_is_told_there():
    found = rates(Stretched(0.35), spread=0.35)
    assert found[USE]["kl"] == pytest.approx(0.0, abs=1e-5)
    assert found[USE]["share"] == pytest.approx(0.5, abs=0.12)
    told = [found[word] for word in (CORRECTED, NOT) if word in found]
    assert sum(one["share"] for one in told) == pytest.approx(0.5, abs=0.12)
    assert max(one["kl"] for one in told) > 1.0
    assert min(one["region"] for one in told) < 0.7


def test_without_a_likelihood_the_certificate_decides():
    found = rates(Drawn())
    assert sum(one["share"] for one in found.values()) == pytest.approx(1.0)
    assert not any("kl" in one for one in found.values())
