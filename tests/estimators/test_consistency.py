"""Consistency models against their formulas, finite differences and the exact map of a normal."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from inversion.estimators.consistency import Consistency
from inversion.estimators.consistency_model import energy_score, karras
from inversion.estimators.consistency_stable import StableConsistency

SMALL = {"theta_dim": 3, "y_shape": (2,), "width": 16, "depth": 2, "features": 4}
Y = jnp.array([0.3, -1.0])
MEAN, STD = 0.7, 0.5


def shaken(kind, **settings):
    """Away from its start, where the network puts out zero."""
    model = kind(key=jax.random.key(0), **SMALL, **settings)
    leaves, treedef = jax.tree.flatten(model)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    pairs = zip(leaves, keys, strict=True)
    return jax.tree.unflatten(treedef, [a + 0.3 * jax.random.normal(k, a.shape) for a, k in pairs])


def test_the_grid_is_doubled_from_s0_to_s1():
    model = Consistency(key=jax.random.key(0), **SMALL)
    steps = 1000
    expected = []
    for k in range(steps):
        stage = steps / (np.log2(150 // 10) + 1)  # K' of the paper, unrounded
        expected.append(min(10 * 2 ** np.floor(k / stage), 150))
    found = jax.jit(jax.vmap(model.intervals))(jnp.arange(steps) / steps)
    np.testing.assert_array_equal(found, expected)
    assert set(expected) == {10, 20, 40, 80, 150}


def test_levels_follow_the_law_of_the_paper():
    model = Consistency(key=jax.random.key(0), **SMALL)
    num, intervals = 20_000, 40
    shares = (jnp.arange(num) + 0.5) / num
    levels = jax.vmap(lambda share: model.levels(share, jnp.asarray(1.0 * intervals)))
    below, above = jax.jit(levels)(shares)
    grid = (1e-3 ** (1 / 7) + np.arange(41) / 40 * (80 ** (1 / 7) - 1e-3 ** (1 / 7))) ** 7
    law = np.diff(erf((np.log(grid) + 1.1) / (2**0.5 * 2.0)))
    counts = [np.isclose(below, t, rtol=1e-3).mean() for t in grid[:-1]]
    np.testing.assert_allclose(counts, law / law.sum(), atol=2e-4)
    index = np.abs(np.asarray(below)[:, None] / grid - 1).argmin(axis=1)
    np.testing.assert_allclose(above, grid[index + 1], rtol=1e-3)


@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_the_loss_is_the_pseudo_huber_of_the_vector(progress):
    model = shaken(Consistency)
    theta, key, share = jnp.array([0.5, -1.0, 2.0]), jax.random.key(4), jnp.asarray(0.6)
    found = eqx.filter_jit(model.loss_at)(theta, Y, share, key=key, progress=jnp.asarray(progress))
    below, above = model.levels(share, jnp.asarray(10.0 if progress == 0 else 150.0))
    noise = jax.random.normal(key, (3,))
    f = eqx.filter_jit(lambda t: model.denoised(theta + t * noise, t, Y))
    gap, c = np.linalg.norm(f(above) - f(below)), 0.00054 * 3**0.5
    assert float(found) == pytest.approx((np.hypot(gap, c) - c) / float(above - below), rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "least"), [(Consistency, 1e-3), (StableConsistency, 0.0)], ids=["grid", "stable"]
)
def test_without_noise_the_map_is_the_identity(kind, least):
    x = jnp.array([0.5, -1.0, 2.0])
    found = eqx.filter_jit(shaken(kind).denoised)(x, jnp.asarray(least), Y)
    np.testing.assert_allclose(found, x, atol=1e-6)


class ExactGrid(Consistency):
    """The map of theta ~ N(MEAN, STD^2) along the probability flow."""

    def denoised(self, x, t, y):
        del y
        return MEAN + (x - MEAN) * jnp.sqrt((STD**2 + self.eps**2) / (STD**2 + t**2))


class ExactStable(StableConsistency):
    """The same on the circle, at `lag` times the level of the noise."""

    lag: float = eqx.field(static=True, default=1.0)

    def denoised(self, x, t, y):
        del y
        t = jnp.minimum(self.lag * t, jnp.pi / 2)
        width = jnp.hypot(jnp.cos(t) * STD, jnp.sin(t) * self.sigma)
        return MEAN + STD * (x - jnp.cos(t) * MEAN) / width


@pytest.mark.parametrize("kind", [ExactGrid, ExactStable])
@pytest.mark.parametrize("steps", [1, 2, 6])
def test_draws_by_the_exact_map_are_exact_in_any_number_of_steps(kind, steps):
    settings = {"sigma": 1.5} if kind is ExactStable else {}
    model = kind(key=jax.random.key(0), **SMALL, steps=steps, **settings)
    draws = jax.jit(lambda key: model.sample(key, Y, 20_000))(jax.random.key(1))
    np.testing.assert_allclose(draws.mean(0), MEAN, atol=0.02)
    np.testing.assert_allclose(jnp.cov(draws.T), STD**2 * jnp.eye(3), atol=0.012)
    assert not np.isclose(draws[0], draws[-1]).any()


def test_a_map_read_at_another_level_is_seen():
    model = ExactStable(key=jax.random.key(0), **SMALL, steps=6)
    object.__setattr__(model, "lag", 0.5)
    draws = jax.jit(lambda key: model.sample(key, Y, 20_000))(jax.random.key(1))
    assert np.abs(np.var(draws, axis=0) / STD**2 - 1).min() > 0.2


@pytest.mark.parametrize("sigma", [1.0, 0.5])
def test_the_tangent_is_the_derivative_of_the_map_along_the_circle(sigma):
    with jax.enable_x64(True):
        model = jax.tree.map(lambda a: a.astype(float), shaken(StableConsistency, sigma=sigma))
        theta, noise, y = jnp.array([0.5, -1.0, 2.0]), jnp.array([0.2, 0.4, -1.1]), jnp.asarray(Y)
        y = y.astype(float)
        at = lambda t: jnp.cos(t) * theta + jnp.sin(t) * noise  # noqa: E731
        path = eqx.filter_jit(lambda t: model.denoised(at(t), jnp.asarray(t), y))
        tangent = eqx.filter_jit(model.tangent)
        for t in (0.1, 0.7, 1.4):
            expected = np.cos(t) * (path(t + 1e-5) - path(t - 1e-5)) / 2e-5
            args = (theta, noise, jnp.asarray(t), y)
            _, found = tangent(*args, jnp.ones(()))
            np.testing.assert_allclose(found, expected, atol=1e-7)
            raw, start = tangent(*args, jnp.zeros(()))
            velocity = np.cos(t) * noise - np.sin(t) * theta
            np.testing.assert_allclose(start, np.cos(t) ** 2 * (velocity - sigma * raw), atol=1e-9)


def test_the_tangent_vanishes_on_average_for_the_exact_map():
    """E[g | x_t] = 0 there, and not for a map that is a little off."""
    size = 200_000
    key_theta, key_noise = jax.random.split(jax.random.key(2))
    theta = MEAN + STD * jax.random.normal(key_theta, (size, 1))
    noise, t = jax.random.normal(key_noise, (size, 1)), jnp.asarray(0.6)

    class Exact(eqx.Module):
        """F of the exact map, whose error is `off`."""

        off: float

        def __call__(self, x, t, context):
            del context
            width = jnp.hypot(jnp.cos(t) * STD, jnp.sin(t))
            f = MEAN + STD * (x - jnp.cos(t) * MEAN) / width
            return (jnp.cos(t) * x - f) / jnp.sin(t) + self.off * x * t

    def moments(off):
        model = StableConsistency(
            key=jax.random.key(0), **{**SMALL, "theta_dim": 1}, **{"weight_width": 4}
        )
        model = eqx.tree_at(lambda m: m.network, model, Exact(off))
        each = jax.vmap(lambda a, z: model.tangent(a, z, t, Y, jnp.ones(()))[1])
        tangent, x = jax.jit(each)(theta, noise), jnp.cos(t) * theta + jnp.sin(t) * noise
        return np.array([jnp.mean(tangent), jnp.mean(tangent * x)])

    np.testing.assert_allclose(moments(0.0), 0.0, atol=5e-3)
    assert np.abs(moments(0.1)).max() > 0.03


def test_the_weight_balances_the_tangent():
    """The slope of the loss in w is e^w |g|^2 / dim - 1."""
    model = shaken(StableConsistency)
    theta, key = jnp.array([0.5, -1.0, 2.0]), jax.random.key(4)
    loss = lambda m: m.loss_at(theta, Y, jnp.asarray(0.4), key=key, progress=jnp.ones(()))  # noqa: E731
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(loss))(model)
    t = jnp.arctan(jnp.exp(-1.0 + 1.6 * jax.scipy.special.ndtri(0.4)))
    weight = model.weight(t[None])[0]
    assert float(gradient.weight.biases[-1][0]) == pytest.approx(float(value + weight - 1), 1e-4)
    _, tangent = eqx.filter_jit(model.tangent)(
        theta, jax.random.normal(key, (3,)), t, Y, jnp.ones(())
    )
    size = jnp.sum((tangent / (jnp.linalg.norm(tangent) + 0.1)) ** 2) / 3
    assert float(value) == pytest.approx(float(jnp.exp(weight) * size - weight), rel=1e-4)


def test_the_energy_score_is_unbiased_and_proper():
    key_draws, key_theta = jax.random.split(jax.random.key(0))
    draws = jax.random.normal(key_draws, (40_000, 8, 1))
    theta = jax.random.normal(key_theta, (40_000, 1))
    score = lambda scale, shift: float(  # noqa: E731
        jax.vmap(energy_score)(scale * draws + shift, theta).mean()
    )
    assert score(1.0, 0.0) == pytest.approx(np.pi**-0.5, abs=5e-3)
    assert min(score(0.6, 0.0), score(1.6, 0.0), score(1.0, 0.5)) > score(1.0, 0.0) + 0.02


def test_karras_levels_end_where_they_should():
    np.testing.assert_allclose(karras(jnp.array([0.0, 1.0]), 1e-3, 80.0, 7.0), [1e-3, 80], 1e-4)


@pytest.mark.parametrize(
    ("kind", "setting", "message"),
    [
        (Consistency, {"steps": 0}, "at least 1 step"),
        (Consistency, {"s0": 20, "s1": 10}, "s0 <= s1"),
        (Consistency, {"eps": 0.0}, "0 < eps < max_time"),
        (StableConsistency, {"warmup": 1.5}, r"warmup in \[0, 1\]"),
        (StableConsistency, {"steps": 0}, "at least 1 step"),
    ],
)
def test_bad_settings_are_named(kind, setting, message):
    with pytest.raises(ValueError, match=message):
        kind(key=jax.random.key(0), **SMALL, **setting)
