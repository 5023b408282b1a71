"""The autoencoder's bound: exact where its parts are, below where they are not, and never on the wrong side."""

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import Normal

from inversion.estimators.standardisation import Standardisation
from inversion.estimators.trained import trained
from inversion.estimators.vae import LEAST_SD, VAE
from inversion.posterior import AbstractDensity, AbstractGenerator
from inversion.records import Simulations
from inversion.tasks.gaussian_linear import GaussianLinear

C, S = 1.5, 0.5  # theta = C z + S noise, z ~ N(0, I)
THETA = jnp.array([0.7, -1.1])
SMALL = {"width": 16, "decoder_width": 16, "depth": 1}


def vae(**settings) -> VAE:
    return VAE(key=jax.random.key(0), theta_dim=2, y_shape=(1,), **settings)


def linear(spread: float = 1.0, reads=(1.0, 1.0)) -> VAE:
    """Gaussian all over, its posterior the exact one but for `spread` and the coordinates that are not read."""
    made = vae(prior_layers=0, posterior_layers=0, depth=0, noise_scale=S)
    gain, sd = C / (C**2 + S**2), S / (C**2 + S**2) ** 0.5
    raw = jnp.log(jnp.expm1(spread * sd - LEAST_SD))
    read = jnp.diag(jnp.asarray(reads))
    weights = jnp.concatenate([gain * read, jnp.zeros((2, 2))], axis=1)
    where = lambda m: (m.encoder.weights, m.encoder.biases, m.decoder.weights, m.decoder.biases)  # noqa: E731
    parts = ([weights], [jnp.array([0.0, 0.0, raw, raw])], [C * jnp.eye(2)], [jnp.zeros(2)])
    return eqx.tree_at(where, made, parts)


def bounds(model: VAE, num: int, repeats: int = 2000):
    keys = jax.random.split(jax.random.key(1), repeats)
    return jax.jit(jax.vmap(lambda key: model.bound(key, THETA, num)))(keys)


EXACT = float(Normal(0, (C**2 + S**2) ** 0.5).log_prob(THETA).sum())


def test_with_the_exact_posterior_every_draw_gives_the_density() -> None:
    np.testing.assert_allclose(bounds(linear(), 1), EXACT, atol=2e-5)


@pytest.mark.parametrize("spread", [0.8, 1.5])
def test_with_another_it_lies_below_and_rises_with_the_draws(spread) -> None:
    one, ten, many = (bounds(linear(spread), num) for num in (1, 10, 500))
    # KL of N(m, (k sd)^2) from N(m, sd^2), in two dimensions.
    gap = 2 * (-np.log(spread) + (spread**2 - 1) / 2)
    error = float(one.std()) / len(one) ** 0.5
    assert EXACT - float(one.mean()) == pytest.approx(gap, abs=4 * error)
    assert one.mean() + gap / 2 < ten.mean() < many.mean() + 0.01
    assert float(many.mean()) == pytest.approx(EXACT, abs=0.01)


def test_a_unit_that_reads_nothing_is_not_active() -> None:
    theta = (C**2 + S**2) ** 0.5 * jax.random.normal(jax.random.key(2), (500, 2))
    share = lambda model: model.active_units(jax.random.key(3), theta, 20)  # noqa: E731
    assert share(linear()) == 1
    assert share(linear(reads=(1.0, 0.0))) == 0.5
    assert share(linear(reads=(0.0, 0.0))) == 0


@pytest.mark.parametrize("transform", ["affine", "spline"])
def test_with_flows_at_both_ends_the_bound_reaches_the_integral_over_z(transform) -> None:
    """log of the integral of p(theta | z) p(z), by a sum over a grid of z."""
    model = vae(transform=transform, prior_layers=2, posterior_layers=2, noise_scale=0.8, **SMALL)
    # Weights have a variance only where q(z | theta) is no narrower than what it stands for.
    wider = model.encoder.biases[-1] + jnp.array([0.0, 0.0, 1.0, 1.0])
    model = eqx.tree_at(lambda m: m.encoder.biases[-1], model, wider)
    axis = jnp.linspace(-9, 9, 301)
    z = jnp.stack(jnp.meshgrid(axis, axis), -1).reshape(-1, 2)
    eps, log_det = model.prior.forward(z.T, jnp.zeros(0))
    log_prior = Normal().log_prob(eps).sum(0) + log_det
    area = (axis[1] - axis[0]) ** 2
    assert jnp.exp(log_prior).sum() * area == pytest.approx(1, abs=1e-3)
    assert jnp.abs(log_prior - Normal().log_prob(z).sum(1)).max() > 0.1  # the flow does something
    likelihood = Normal(jax.vmap(model.decoder)(z), 0.8).log_prob(THETA).sum(1)
    exact = jax.nn.logsumexp(likelihood + log_prior) + jnp.log(area)
    found = bounds(model, 2000, repeats=20)
    assert float(found.mean()) == pytest.approx(float(exact), abs=0.02)


def test_draws_are_those_of_the_model() -> None:
    draws = linear().sample(jax.random.key(4), jnp.zeros(1), 50_000)
    np.testing.assert_allclose(jnp.cov(draws.T), (C**2 + S**2) * jnp.eye(2), atol=0.06)


def test_trained_it_generates_in_the_task_s_units() -> None:
    task = GaussianLinear(dim=2, prior_scale=3.0, noise_scale=1.0)
    theta = np.asarray(task.prior().sample(jax.random.key(0), (1000,))) + 5.0
    model = trained(vae(), Standardisation.of(task, Simulations(theta, theta)))
    assert isinstance(model, AbstractGenerator)
    assert not isinstance(model, AbstractDensity)
    draws = (jax.random.key(1), jnp.zeros(2), 1000)
    z = model.latents(*draws)
    assert z.shape == (1000, 4)  # two latent numbers, and the decoder's noise
    np.testing.assert_array_equal(jax.vmap(model.from_latent)(z), model.sample(*draws))
    np.testing.assert_allclose(model.sample(*draws).mean(0), theta.mean(0), atol=2.0)


def test_a_noise_scale_that_is_learned_has_a_gradient_and_one_that_is_set_has_none() -> None:
    loss = eqx.filter_grad(lambda m: m.loss(THETA, None, key=jax.random.key(5), progress=None))
    assert jnp.all(loss(vae(**SMALL)).log_noise != 0)
    assert loss(vae(noise_scale=0.1, **SMALL)).log_noise is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transform": "cubic"}, "Expected a transform among spline, affine; got 'cubic'."),
        ({"noise_scale": 0}, "Expected a noise_scale above 0 or none; got 0."),
        ({"latent": 1}, "Expected latent of at least 2 for couplings; got 1."),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        vae(**settings)
