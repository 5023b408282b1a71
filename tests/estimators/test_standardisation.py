"""The maps between the task's units and what the network sees: inverse of each other, with the right Jacobian."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import inversion
from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.records import Simulations
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.task import AbstractTask


class Ridge(AbstractTask):
    """theta in a box; y sees the sum closely and the difference hardly."""

    def prior(self):
        return dist.Uniform(-jnp.ones(2), jnp.ones(2)).to_event(1)

    def simulate(self, key, theta):
        scale = jnp.array([0.05, 2.0])
        return jnp.array([theta[0] + theta[1], theta[0] - theta[1]]) + scale * jax.random.normal(
            key, (2,)
        )


class Rows(AbstractTask):
    """A y of rows, of which some observations have fewer."""

    def prior(self):
        return dist.Normal(jnp.zeros(1), 1.0).to_event(1)

    def simulate(self, key, theta):
        key_rows, key_count = jax.random.split(key)
        y = theta + jax.random.normal(key_rows, (6, 1))
        return jnp.where(
            jnp.arange(6)[:, None] < jax.random.randint(key_count, (), 2, 7), y, jnp.nan
        )


def pairs(task, num=4000, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


@pytest.mark.parametrize("whiten", [False, True])
def test_inverse_and_jacobian(whiten):
    with jax.enable_x64(True):
        maps = Standardisation.of(Ridge(), pairs(Ridge()), whiten=whiten)
        theta, y = jnp.array([0.3, -0.8]), jnp.array([-0.4, 1.0])
        np.testing.assert_allclose(maps.theta_out(maps.theta_in(theta, y), y), theta, atol=1e-6)
        jacobian = jax.jacfwd(maps.theta_in)(theta, y)
        np.testing.assert_allclose(maps.log_det(theta), jnp.linalg.slogdet(jacobian)[1], rtol=1e-6)


def test_a_theta_rounded_onto_its_bound_is_finite():
    """Of 10^7 pairs of theta in a box, kept as float32, about one lies on the bound."""
    data = pairs(Ridge())
    edge = np.array([1.0, -1.0], np.float32)
    data = Simulations(np.vstack([data.theta[1:], edge]), data.y)
    maps = Standardisation.of(Ridge(), data, whiten=True)
    u = maps.theta_in(jnp.asarray(edge), jnp.zeros(2))
    assert np.isfinite(u).all()
    assert np.isfinite(maps.log_det(jnp.asarray(edge)))
    np.testing.assert_allclose(maps.theta_out(u, jnp.zeros(2)), edge, atol=1e-5)


def test_what_is_whitened_is_round_and_tells_nothing_linear_of_y():
    data = pairs(Ridge())
    maps = Standardisation.of(Ridge(), data, whiten=True)
    u, v = jax.vmap(maps.theta_in)(data.theta, data.y), jax.vmap(maps.y_in)(data.y)
    np.testing.assert_allclose(np.cov(u.T), np.eye(2), atol=2e-3)
    np.testing.assert_allclose(u.T @ v / len(u), 0, atol=2e-3)
    plain = Standardisation.of(Ridge(), data)
    u = jax.vmap(plain.theta_in)(data.theta, data.y)
    assert np.abs(u.T @ v / len(u)).max() > 0.3


def test_whitened_linear_gaussian_residual_is_the_exact_posterior():
    """There theta - B y is N(0, V) given y, with V the posterior's covariance: the root must be that of V."""
    task = GaussianLinear(dim=2, prior_scale=2.0, noise_scale=1.0)
    maps = Standardisation.of(task, pairs(task, 50_000), whiten=True)
    y = jnp.array([1.0, -2.0])
    exact = task.posterior(y)
    np.testing.assert_allclose(maps.theta_out(jnp.zeros(2), y), exact.mean, atol=0.02)
    one = maps.theta_out(jnp.array([1.0, 0.0]), y) - maps.theta_out(jnp.zeros(2), y)
    np.testing.assert_allclose(one, [jnp.sqrt(exact.variance[0]), 0], atol=0.02)


@pytest.mark.parametrize("fresh_noise", [False, True])
def test_a_whitened_model_is_saved_loaded_and_a_density(fresh_noise, tmp_path):
    task = {"kind": "gaussian_linear", "dim": 2, "prior_scale": 2.0, "noise_scale": 1.0}
    model = GaussianLinear(dim=2, prior_scale=2.0, noise_scale=1.0)
    network = {"layers": 2, "knots": 4, "width": 16, "depth": 1}
    estimator = make_estimator(jax.random.key(0), model, "flow", network)
    training = Training(epochs=40, average=0.98, whiten=True, fresh_noise=fresh_noise)
    entry = Entry(Cost("", "", 0, 0, ""))
    found = fit(jax.random.key(1), estimator, model, pairs(model), training, entry=entry).model
    header = {"task": task, "kind": "flow", "network": network, "whiten": True}
    save_model(tmp_path / "m.eqx", found, header)
    loaded = inversion.load(str(tmp_path / "m.eqx"))
    draws = (jax.random.key(2), jnp.array([1.0, -2.0]), 100)
    np.testing.assert_array_equal(found.sample(*draws), loaded.sample(*draws))
    fresh = pairs(model, 5000, seed=1)
    exact = jax.vmap(lambda theta, y: model.posterior(y).log_prob(theta))(fresh.theta, fresh.y)
    excess = exact - jax.vmap(loaded.log_prob)(fresh.theta, fresh.y)
    assert 0 < excess.mean() < 0.1


def test_a_prior_cannot_be_whitened_by_y():
    task = GaussianLinear(dim=2, prior_scale=2.0, noise_scale=1.0)
    estimator = make_estimator(
        jax.random.key(0), task, "flow_prior", {"flow": {"kind": "flow", "layers": 2}}
    )
    entry = Entry(Cost("", "", 0, 0, ""))
    with pytest.raises(ValueError, match="Expected an estimator that reads y"):
        fit(
            jax.random.key(1), estimator, task, pairs(task), Training(epochs=1, whiten=True), entry=entry
        )  # fmt: skip


def test_rows_are_scaled_together_and_what_pads_is_masked():
    data = pairs(Rows())
    maps = Standardisation.of(Rows(), data)
    seen = jax.vmap(maps.y_in)(data.y)
    assert seen.shape == (len(data), 6, 2)
    assert np.isfinite(seen).all()
    np.testing.assert_array_equal(seen[..., 1], np.isfinite(data.y[..., 0]))
    assert (seen[..., 0][seen[..., 1] == 0] == 0).all()
    observed = seen[..., 0][seen[..., 1] == 1]
    assert observed.mean() == pytest.approx(0, abs=1e-3)
    assert observed.std() == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="Expected a vector y to whiten by"):
        Standardisation.of(Rows(), data, whiten=True)


@pytest.mark.parametrize("y_scale", ["log", "asinh"])
def test_a_scale_of_y_is_kept_in_the_file(y_scale, tmp_path):
    """exp(y) for y: what the network sees by its logarithm is what it saw of y, and so the draws are the same."""
    task = GaussianLinear(dim=2, prior_scale=2.0, noise_scale=1.0)
    data = pairs(task, 500)
    warped = {"log": np.exp, "asinh": np.sinh}[y_scale](data.y)
    network = {"layers": 2, "knots": 4, "width": 16, "depth": 1}
    estimator = make_estimator(jax.random.key(0), task, "flow", network)
    plain = trained(estimator, Standardisation.of(task, data, whiten=True))
    model = trained(
        estimator,
        Standardisation.of(task, Simulations(data.theta, warped), whiten=True, y_scale=y_scale),
    )
    entry = {"kind": "gaussian_linear", "dim": 2, "prior_scale": 2.0, "noise_scale": 1.0}
    header = {"task": entry, "kind": "flow", "network": network, "whiten": True}
    save_model(tmp_path / "m.eqx", model, {**header, "y_scale": y_scale})
    loaded = inversion.load(str(tmp_path / "m.eqx"))
    key = jax.random.key(2)
    expected = plain.sample(key, jnp.asarray(data.y[0]), 100)
    np.testing.assert_allclose(loaded.sample(key, jnp.asarray(warped[0]), 100), expected, atol=1e-4)


def test_the_logarithm_of_what_is_not_positive():
    task = GaussianLinear(dim=2, prior_scale=2.0, noise_scale=1.0)
    with pytest.raises(ValueError, match=r"Expected positive y for its logarithm; got -.*asinh"):
        Standardisation.of(task, pairs(task), y_scale="log")
    data = pairs(task)
    maps = Standardisation.of(task, Simulations(data.theta, np.exp(data.y)), y_scale="log")
    assert np.isfinite(maps.y_in(jnp.zeros(2))).all()
