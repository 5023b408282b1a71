"""Estimators with a backbone of images: the contract of `test_contract` on theta and y of an image's shape."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import inversion
from inversion.cost import Cost, Entry
from inversion.diagnostics.spectrum import band_power
from inversion.estimators.fit import Training, fit
from inversion.estimators.standardisation import Standardisation
from inversion.estimators.trained import make_estimator, save_model, trained
from inversion.estimators.whitening import SpectralWhitening
from inversion.records import Simulations
from inversion.tasks import make_task
from inversion.tasks.image import ImageTask
from inversion.tasks.random_field import RandomField

UNET = {"kind": "unet", "channels": [4, 6], "features": 4, "groups": 2}
TOKENS = {"channels": [4, 6], "width": 8, "depth": 1, "heads": 2, "features": 4, "groups": 2}
STABLE = {"weight_width": 8, "p_mean": -0.5, "p_std": 1.2}
# A small network of each kind that takes a backbone, and of each backbone.
SMALL = {
    "diffusion": {"backbone": UNET, "steps": 4},
    "diffusion_uvit": {"backbone": {"kind": "uvit", **TOKENS}, "steps": 4},
    "diffusion_residual_uvit": {"backbone": {"kind": "residual_uvit", **TOKENS}, "steps": 4},
    "diffusion_mlp": {"backbone": {"kind": "mlp", "width": 16, "depth": 1}, "steps": 4},
    "diffusion_dropped": {"backbone": UNET, "drop": 0.3, "steps": 4},
    "flow_matching": {"backbone": UNET, "solver": "euler", "steps": 3},
    "consistency": {"backbone": UNET, "steps": 2},
    "consistency_stable": {"backbone": UNET, "steps": 2, **STABLE},
}
KINDS = {name: "diffusion" if name.startswith("diffusion") else name for name in SMALL}
HERE = f"{__name__}:Grey"


class Grey(ImageTask):
    """theta ~ N(mean, scale^2) of each channel, y = theta + noise, or where half the pixels are seen, with a mask."""

    height: int = eqx.field(static=True, default=5)
    width: int = eqx.field(static=True, default=4)
    channels: int = eqx.field(static=True, default=1)
    masked: bool = eqx.field(static=True, default=False)

    @property
    def image_shape(self):
        return (self.height, self.width, self.channels)

    def prior(self):
        each = jnp.arange(1.0, 1.0 + self.channels)
        pixels = self.height * self.width
        return dist.Normal(jnp.tile(each, pixels), jnp.tile(2 * each, pixels)).to_event(1)

    def simulate(self, key, theta):
        key_noise, key_mask = jax.random.split(key)
        image = theta.reshape(self.image_shape)
        y = image + 0.5 * jax.random.normal(key_noise, image.shape)
        if not self.masked:
            return y
        mask = 1.0 * jax.random.bernoulli(key_mask, 0.5, (self.height, self.width, 1))
        return jnp.concatenate([mask * y, mask], axis=-1)


def simulated(task, num, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


@pytest.fixture(params=SMALL)
def name(request):
    return request.param


def shaken(name, task):
    """Away from the start, where the network is zero."""
    estimator = make_estimator(jax.random.key(0), task, KINDS[name], SMALL[name])
    leaves, treedef = jax.tree.flatten(estimator)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    move = lambda leaf, k: leaf + 0.1 * jax.random.normal(k, leaf.shape)  # noqa: E731
    moved = [move(x, k) if eqx.is_inexact_array(x) else x for x, k in zip(leaves, keys)]
    return jax.tree.unflatten(treedef, moved)


def test_gradient_reaches_every_parameter(name):
    task = Grey(channels=3, masked=True)
    data, estimator = simulated(task, 64), shaken(name, task)

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(estimator):
        theta, y = jnp.asarray(data.theta), jnp.asarray(data.y)
        return estimator.batch_loss(theta, y, key=jax.random.key(2), progress=jnp.zeros(()))

    for leaf in jax.tree.leaves(gradient(estimator)):
        assert jnp.isfinite(leaf).all()
        assert (jnp.abs(leaf) > 0).any()


def test_save_and_load_give_the_same_bits_and_y_matters(name, tmp_path):
    entry = {"kind": HERE, "height": 5, "width": 3, "masked": True}
    task = make_task(entry)
    model = trained(shaken(name, task), Standardisation.of(task, simulated(task, 50)))
    header = {"task": entry, "kind": KINDS[name], "network": SMALL[name]}
    save_model(tmp_path / "m.eqx", model, header)
    loaded = inversion.load(str(tmp_path / "m.eqx"))
    sample = eqx.filter_jit(lambda model, y: model.sample(jax.random.key(2), y, 3))
    y = jnp.asarray(simulated(task, 1, seed=4).y[0])
    draws = sample(model, y)
    assert draws.shape == (3, 15)
    assert jnp.isfinite(draws).all()
    np.testing.assert_array_equal(draws, sample(loaded, y))
    assert (draws != sample(model, y + 1.0)).all()


def test_theta_is_standardised_by_channel_and_a_mask_is_left_alone():
    task = Grey(channels=2, masked=True)
    data = simulated(task, 500)
    maps = Standardisation.of(task, data)
    assert maps.theta_std.shape == maps.theta_mean.shape == (40,)
    std, mean = (a.reshape(20, 2) for a in (maps.theta_std, maps.theta_mean))
    assert (std == std[0]).all()
    assert (mean == mean[0]).all()
    np.testing.assert_allclose(mean[0], [1.0, 2.0], rtol=0.1)
    np.testing.assert_allclose(std[0], [2.0, 4.0], rtol=0.05)
    v = maps.y_in(jnp.asarray(data.y[0]))
    np.testing.assert_array_equal(v[..., -1], data.y[0, ..., -1])
    seen = np.asarray(jax.vmap(maps.y_in)(data.y))[..., :-1]
    np.testing.assert_allclose(seen.std((0, 1, 2)), 1.0, rtol=1e-3)
    theta = jnp.asarray(data.theta[0])
    np.testing.assert_allclose(maps.theta_out(maps.theta_in(theta)), theta, atol=1e-5)
    like = Standardisation.identity(task)
    shapes = lambda maps: [leaf.shape for leaf in jax.tree.leaves(maps)]  # noqa: E731
    assert shapes(like) == shapes(maps)


def test_what_is_left_of_a_stationary_field_by_its_regression_is_white():
    task = RandomField(side=8, exponent=3.0, noise_scale=0.3, blur=1.0)
    data = simulated(task, 5000)
    maps = Standardisation.of(task, data, whiten=True)
    fresh = simulated(task, 2000, seed=1)
    exact = jax.vmap(lambda y: task.posterior(y).mean)(fresh.y)
    zero = jax.vmap(lambda y: maps.theta_out(jnp.zeros(task.dim), y))(fresh.y)
    assert np.sqrt(np.mean((zero - exact) ** 2)) < 0.02
    power = lambda u: band_power(np.reshape(u, (-1, 8, 8, 1)))  # noqa: E731
    np.testing.assert_allclose(power(jax.vmap(maps.theta_in)(fresh.theta, fresh.y)), 1.0, rtol=0.05)
    plain = Standardisation.of(task, data)
    assert np.ptp(np.log(power(jax.vmap(plain.theta_in)(fresh.theta)))) > 3
    like = Standardisation.identity(task, whiten=True)
    assert jax.tree.map(jnp.shape, like) == jax.tree.map(jnp.shape, maps)


def test_whitening_of_coloured_images_is_inverted_and_has_its_jacobian():
    """Correlated channels, one of them of the measurement dead, and a y with more channels than theta."""
    mix = np.array([[1.0, 0.8], [0.0, 0.3]])
    rng = np.random.default_rng(0)
    u = rng.normal(size=(500, 3, 4, 2)) @ mix
    seen = np.concatenate([u + 0.5 * rng.normal(size=u.shape), np.zeros((500, 3, 4, 1))], axis=-1)
    with jax.enable_x64(True):
        maps = SpectralWhitening.of(u.reshape(500, -1), seen)
        one, v = jnp.asarray(u[0].ravel()), jnp.asarray(seen[0])
        x = maps.white(one, v)
        np.testing.assert_allclose(maps.coloured(x, v), one, atol=1e-5)
        jacobian = jax.jacfwd(lambda x: maps.coloured(x, v))(x)
        np.testing.assert_allclose(maps.log_det, jnp.linalg.slogdet(jacobian)[1], rtol=1e-5)
        whole = jax.vmap(maps.white)(jnp.asarray(u.reshape(500, -1)), jnp.asarray(seen))
    cov = np.einsum("nhwi,nhwj->ij", *(whole.reshape(500, 3, 4, 2),) * 2) / (500 * 12)
    np.testing.assert_allclose(cov, np.eye(2), atol=1e-3)


def test_an_image_of_other_sides_is_not_whitened_by():
    task = Grey()
    with pytest.raises(ValueError, match=r"vector y to whiten by, or an image .* \(2, 2, 1\)"):
        Standardisation.of(
            task, Simulations(np.zeros((9, task.dim)), np.zeros((9, 2, 2, 1))), whiten=True
        )


def test_backbones_that_there_are_not_are_refused():
    make = lambda task, backbone: make_estimator(  # noqa: E731
        jax.random.key(0), task, "diffusion", {"backbone": backbone}
    )
    with pytest.raises(ValueError, match=r"a kind among mlp, .*; got 'unett', did you mean 'unet'"):
        make(Grey(), {"kind": "unett"})
    with pytest.raises(ValueError, match=r"Expected a task whose theta is an image for .* 'unet'"):
        make(make_task({"kind": "gaussian_linear", "dim": 4}), {"kind": "unet"})


def test_the_mlp_by_name_is_the_mlp_by_default():
    task, settings = Grey(), {"width": 16, "depth": 2, "activation": "silu"}
    plain = make_estimator(jax.random.key(0), task, "diffusion", settings)
    named = {"backbone": {"kind": "mlp", **settings}}
    named = make_estimator(jax.random.key(0), task, "diffusion", named)
    for one, other in zip(jax.tree.leaves(plain), jax.tree.leaves(named), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_short_fit_finds_the_closed_form():
    """The mean and the spread of every pixel; the path that depends on the time alone is all that it takes."""
    task = Grey()
    network = {"backbone": {**UNET, "features": 16}, "steps": 20}
    estimator = make_estimator(jax.random.key(0), task, "diffusion", network)
    training = Training(
        epochs=10, max_steps=600, batch=64, learning_rate=5e-3, average=0.98, fresh_noise=True
    )
    entry = Entry(Cost("", "", 0, 0, ""))
    data = simulated(task, 4000)
    model = fit(jax.random.key(1), estimator, task, data, training, entry=entry).model
    y = jnp.asarray(simulated(task, 1, seed=5).y[0])
    draws = eqx.filter_jit(lambda model: model.sample(jax.random.key(2), y, 4000))(model)
    precision = 1 / 4 + 1 / 0.25
    mean, scale = (1 / 4 + y.ravel() / 0.25) / precision, precision**-0.5
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.25 * scale)
    np.testing.assert_allclose(draws.std(0), scale, rtol=0.15)
