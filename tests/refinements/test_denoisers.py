"""Samplers on a diffusion prior, under the known denoiser of a Gaussian: what is exact, biased or wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.estimators.known_prior import known_prior
from inversion.refinements import REFINEMENTS
from inversion.registry import build
from inversion.tasks import make_task
from inversion.tasks.gaussian_linear import GaussianLinear

TASK, Y = GaussianLinear(dim=3, prior_scale=1.5, noise_scale=0.5), jnp.array([1.0, -2.0, 0.5])
NUM = 4000
SAMPLERS = {
    "annealed_langevin": {"levels": 60, "steps": 30, "rate": 0.3},
    "diffpir": {"steps": 60},
    "dps": {"steps": 300, "strength": 0.05},
    "pigdm": {"steps": 60},
}
EXACT = ("annealed_langevin", "pigdm")
PASSES = {"annealed_langevin": 1801, "diffpir": 60, "dps": 300, "pigdm": 60}


def drawn(name, task=TASK, y=Y, num=NUM, **settings):
    method = build(REFINEMENTS, {"kind": name} | SAMPLERS[name] | settings)
    prior = known_prior(task)
    found = jax.jit(lambda key: method.invert(key, task, prior, y, num))(jax.random.key(1))
    return jax.tree.map(np.asarray, found)


def apart(found, task=TASK, y=Y):
    """How far mean and spread are off, in units of the exact spread."""
    exact = task.posterior(y)
    std = np.sqrt(np.asarray(exact.variance))
    theta = found.theta
    return np.abs((theta.mean(0) - exact.mean) / std).max(), np.abs(theta.std(0) / std - 1).max()


class Half(GaussianLinear):
    """The first two of three coordinates are seen, the second twice as large: an operator that has a null space."""

    def operator(self, theta):
        return jnp.array([1.0, 2.0]) * theta[:2]

    def posterior(self, y):
        gain = np.array([1.0, 2.0, 0.0])
        precision = 1 / self.prior_scale**2 + gain**2 / self.noise_scale**2
        pull = gain * np.append(np.asarray(y), 0.0) / self.noise_scale**2

        class Exact:
            mean, variance = pull / precision, 1 / precision

        return Exact


@pytest.mark.parametrize("name", EXACT)
def test_draws_are_those_of_the_closed_form(name):
    bias, spread = apart(drawn(name))
    assert bias < 0.08
    assert spread < 0.05


@pytest.mark.parametrize("name", EXACT)
def test_so_they_are_where_the_operator_has_a_null_space(name):
    task, y = Half(dim=3, prior_scale=1.5, noise_scale=0.5), jnp.array([1.0, -2.0])
    bias, spread = apart(drawn(name, task, y), task, y)
    assert bias < 0.08
    assert spread < 0.06


def test_dps_is_biased_though_all_is_gaussian():
    """By a strength of none it draws the prior; by one that is stable its spread is not the posterior's."""
    free = drawn("dps", strength=0.0).theta
    np.testing.assert_allclose(free.mean(0), 0.0, atol=0.1)
    np.testing.assert_allclose(free.std(0), TASK.prior_scale, rtol=0.06)
    bias, spread = apart(drawn("dps"))
    assert max(bias, spread) > 0.15


def test_a_wrong_noise_is_seen():
    """Told of a tenth of the noise, the samplers that are exact follow the data too closely."""
    sure = GaussianLinear(dim=3, prior_scale=1.5, noise_scale=0.05)
    _, spread = apart(drawn("pigdm", sure))
    assert spread > 0.5


@pytest.mark.parametrize("name", SAMPLERS)
def test_draws_predict_the_data(name):
    """Of two moons seen along a line, within a few standard deviations of the noise for most draws."""
    task, y = make_task({"kind": "two_moons_line"}), jnp.array([0.0])
    found = drawn(name, task, y, num=500)
    assert np.isfinite(found.theta).all()
    off = np.abs(found.theta.sum(1)) / task.noise_scale
    assert np.median(off) < 3


@pytest.mark.parametrize("name", SAMPLERS)
def test_passes_of_the_network_are_counted(name):
    assert drawn(name, num=10).calls.network == 10 * PASSES[name]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("annealed_langevin", {"rate": 2.0}, "Expected levels and steps of annealed_langevin"),
        ("diffpir", {"fresh": 1.5}, "Expected at least 2 steps of diffpir"),
        ("dps", {"strength": -1.0}, "Expected at least 2 steps of dps"),
        ("pigdm", {"steps": 2}, "Expected at least 3 steps of pigdm"),
    ],
)
def test_settings_are_checked(name, settings, message):
    with pytest.raises(ValueError, match=message):
        build(REFINEMENTS, {"kind": name} | settings)
