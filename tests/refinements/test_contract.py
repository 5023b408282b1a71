"""Refinements that sample, under a prior whose map is known in closed form: draws of the posterior that it leaves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from inversion.posterior import AbstractGenerator
from inversion.refinements import REFINEMENTS
from inversion.refinements.warm import Warm
from inversion.registry import build
from inversion.tasks.gaussian_linear import GaussianLinear

# The task's own prior is not asked.
TASK, Y = GaussianLinear(dim=2, prior_scale=9.0, noise_scale=0.5), jnp.array([1.0, 1.0])
MEAN, ROOT = [0.5, -1.0], [[1.0, 0.0], [0.2, 0.3]]
SAMPLERS = {
    "latent_nuts": {"kind": "latent_nuts", "chains": 4, "warmup": 300},
    "jumping": {"kind": "latent_nuts", "chains": 8, "warmup": 100, "jumps": 10},
    "latent_smc": {"kind": "latent_smc", "particles": 2000, "moves": 60},
    "mala": {"kind": "langevin", "chains": 20, "warmup": 300, "step": 0.1, "adjusted": True},
    "mala_latent": {
        "kind": "langevin", "chains": 20, "warmup": 300, "step": 0.1, "adjusted": True, "latent": True,
    },
    "langevin": {"kind": "langevin", "chains": 2000, "warmup": 500, "step": 0.1},
    "langevin_latent": {"kind": "langevin", "chains": 2000, "warmup": 500, "step": 0.1, "latent": True},
}  # fmt: skip


def drawn(name, task=TASK, prior=None, y=Y, num=8000, **more):
    method = build(REFINEMENTS, SAMPLERS[name] | more)
    found = jax.jit(lambda key: method.invert(key, task, prior, y, num))(jax.random.key(1))
    found = jax.tree.map(lambda leaf: np.asarray(leaf)[None], found)
    return found, method.verdict(task, found)


@pytest.mark.parametrize("name", SAMPLERS)
def test_draws_are_those_of_the_closed_form(name, linear_prior):
    prior = linear_prior(MEAN, ROOT)
    found, verdict = drawn(name, prior=prior)
    mean, covariance = prior.given(TASK, Y)
    std = np.sqrt(np.diag(covariance))
    theta = found.theta[0]
    assert theta.shape == (8000, 2)
    np.testing.assert_allclose(theta.mean(0), mean, atol=0.12 * std.min())
    np.testing.assert_allclose(theta.std(0), std, rtol=0.06)
    np.testing.assert_allclose(np.corrcoef(theta.T)[0, 1], covariance[0, 1] / std.prod(), atol=0.05)
    if not name.startswith("langevin"):
        assert verdict.accepted, verdict.reasons


def test_an_unadjusted_chain_is_off_by_what_its_step_makes(linear_prior):
    """For N(0, s^2) its own stationary variance is s^2 / (1 - eps^2 / (4 s^2))."""
    prior = linear_prior(MEAN, np.eye(2))
    variance = 1 / (1 + 1 / 0.25)
    found, _ = drawn("langevin", prior=prior, step=0.5, num=20_000)
    expected = variance / (1 - 0.25 / (4 * variance))
    np.testing.assert_allclose(found.theta[0].var(0), expected, rtol=0.05)
    found, _ = drawn("mala", prior=prior, step=0.5, num=20_000)
    np.testing.assert_allclose(found.theta[0].var(0), variance, rtol=0.05)


class Absolute(GaussianLinear):
    """y = |theta_1| + noise: two modes, as heavy as each other."""

    def operator(self, theta):
        return jnp.abs(theta[:1])

    def log_likelihood(self, theta, y):
        return -0.5 * jnp.sum((y - self.operator(theta)) ** 2) / self.noise_scale**2


@pytest.mark.parametrize("name", ["jumping", "latent_smc"])
def test_both_modes_hold_what_they_deserve(name, linear_prior):
    task, y = Absolute(dim=2, noise_scale=0.1), jnp.array([1.5])
    found, verdict = drawn(name, task, linear_prior([0.0, 0.0], np.eye(2)), y)
    assert verdict.accepted, verdict.reasons
    assert np.mean(found.theta[0][:, 0] > 0) == pytest.approx(0.5, abs=0.03)
    mean = 1.5 / 1.01
    assert np.abs(found.theta[0][:, 0]).mean() == pytest.approx(mean, abs=0.01)


class Wide(AbstractGenerator):
    """theta = A z with more latent numbers than theta has: N(0, A A')."""

    root: Array

    def from_latent(self, z):
        return self.root @ z

    def latents(self, key, y, num):
        return jax.random.normal(key, (num, self.root.shape[1]))

    def sample(self, key, y, num):
        return self.latents(key, y, num) @ self.root.T


@pytest.mark.parametrize("name", ["latent_nuts", "jumping"])
def test_a_latent_space_of_more_dimensions_gives_the_posterior_too(name, linear_prior):
    root = jnp.asarray([[1.0, 0.3, -0.5, 0.2], [0.2, 0.3, 0.4, -0.1]])
    found, verdict = drawn(name, prior=Wide(root))
    mean, covariance = linear_prior([0.0, 0.0], jnp.linalg.cholesky(root @ root.T)).given(TASK, Y)
    np.testing.assert_allclose(found.theta[0].mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(found.theta[0].T), covariance, atol=0.02)
    assert verdict.accepted


def test_without_jumps_the_verdict_says_that_the_modes_do_not_mix(linear_prior):
    task, y = Absolute(dim=2, noise_scale=0.1), jnp.array([1.5])
    _, verdict = drawn("latent_nuts", task, linear_prior([0.0, 0.0], np.eye(2)), y, chains=8)
    assert not verdict.accepted


class Counted(GaussianLinear):
    """Counts its likelihoods from inside, those of gradients among them."""

    seen = np.zeros(1, int)

    def log_likelihood(self, theta, y):
        value = super().log_likelihood(theta, y)
        jax.debug.callback(lambda v: np.add.at(Counted.seen, 0, np.size(v)), value)
        return value


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mala", {"chains": 3, "warmup": 4, "steps": 5}),
        ("langevin_latent", {"chains": 3, "warmup": 4, "steps": 5}),
        ("latent_smc", {"runs": 2, "particles": 20, "bridge": 2, "moves": 3}),
    ],
)
def test_calls_are_those_that_the_task_saw(name, settings, linear_prior):
    Counted.seen[:] = 0
    task = Counted(dim=2, noise_scale=0.5)
    found, _ = drawn(name, task, linear_prior(MEAN, ROOT), num=10, **settings)
    jax.effects_barrier()
    assert float(found.calls.likelihood[0] + found.calls.gradient[0]) == Counted.seen[0]


def test_a_warm_start_is_another_posteriors_draws_under_the_same_prior(linear_prior):
    prior, other = linear_prior(MEAN, ROOT), linear_prior([7.0, 7.0], 0.01 * np.eye(2))
    warm = Warm(prior, other)
    assert float(warm.sample(jax.random.key(0), Y, 50).min()) > 6.9
    theta = jnp.array([0.3, 0.1])
    np.testing.assert_allclose(warm.from_latent(warm.to_latent(theta)), theta)
    assert warm.log_prob(theta, Y) == prior.log_prob(theta, Y)
    found, _ = drawn("mala", prior=warm, warmup=0, steps=1, chains=10, num=10, step=1e-6)
    assert found.theta[0].min() > 6.9
    found, verdict = drawn("mala", prior=warm)
    assert verdict.accepted, verdict.reasons
    np.testing.assert_allclose(found.theta[0].mean(0), prior.given(TASK, Y)[0], atol=0.05)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("mala", {"step": 0.0}, "Expected chains and step of langevin above 0"),
        ("latent_smc", {"share": 1.0}, "Expected share of latent_smc between 0 and 1"),
        ("ascent", {"rate": 0.0}, "Expected steps and rate of ascent above 0"),
    ],
)
def test_settings_are_checked(name, settings, message):
    with pytest.raises(ValueError, match=message):
        build(REFINEMENTS, SAMPLERS.get(name, {"kind": name}) | settings)
