"""The contract of every registered estimator; a new member is tested by its line in the registry."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inversion
from inversion.cost import Cost, Entry
from inversion.estimators import ESTIMATORS
from inversion.estimators.bounded import AbstractBoundedEstimator
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.posterior import AbstractDenoiser, AbstractDensity, AbstractPoints, AbstractTransport
from inversion.records import Simulations
from inversion.tasks import make_task

FLOW = {"layers": 3, "knots": 5, "width": 16, "depth": 1}
TIME_MLP = {"width": 64, "depth": 3, "features": 8, "activation": "silu"}
# A small network of each kind: a new kind needs a line here.
SMALL = {
    "autoregressive": FLOW,
    "composed": {"single": {"kind": "diffusion", **TIME_MLP, "drop": 0.2}},
    "cnf": {"layers": 4, "width": 8, "bound": 0.5},
    "consistency": {**TIME_MLP, "s0": 40, "s1": 640},
    "consistency_stable": {**TIME_MLP, "weight_width": 16, "p_mean": -0.5, "p_std": 1.2},
    "diffusion": {**TIME_MLP, "solver": "tsit5", "rtol": 1e-5},
    "diffusion_prior": {**TIME_MLP, "solver": "tsit5", "rtol": 1e-5},
    "distilled": {
        "flow": {"kind": "gated", "members": 2, "width": 16, "flow": {"kind": "flow", **FLOW}}
    },
    "ensemble": {"members": 2, "member": {"kind": "flow", **FLOW}},
    "flow": FLOW,
    "flow_matching": {**TIME_MLP, "rtol": 1e-5},
    "gated": {"members": 3, "width": 16, "flow": {"kind": "flow", **FLOW}},
    "gaussian_head": {"width": 32},
    "gaussianization": {"layers": 3, "knots": 6},
    "iterative_gaussianization": {"layers": 3, "knots": 6},
    "mixture_head": {"components": 3, "width": 32},
    "quantiles": {"width": 32},
    "vae": {
        "latent": 3,
        "prior_layers": 2,
        "posterior_layers": 2,
        "width": 16,
        "decoder_width": 16,
        "depth": 1,
    },
    "flow_prior": {"flow": {"kind": "flow", **FLOW}},
}
ROWS = {"composed"}  # kinds that read observations of many rows: here of one
UNBOUNDED = {"diffusion_prior"}  # kinds that know noise, which no bijection keeps white
MOONS = {"kind": "two_moons_line"}
BOX = {"kind": "two_moons"}
GRID = {
    "diffusion": 121,
    "diffusion_prior": 121,
    "flow_matching": 121,
}  # points along each axis where the density is smooth; 721 elsewhere
GAUSSIAN = {"kind": "gaussian_linear", "dim": 3, "prior_scale": 1.5, "noise_scale": 0.8}
SET = {**GAUSSIAN, "kind": "gaussian_set", "min_rows": 1, "max_rows": 1}


def gaussian(kind):
    """A task of three dimensions and theirs of y, with the same posterior for every kind."""
    return SET if kind in ROWS else GAUSSIAN


def moons(kind):
    """A task of two dimensions, and one of y where the kind reads a vector."""
    return {**SET, "dim": 2} if kind in ROWS else MOONS


def box(kind):
    """A task whose prior has bounds."""
    return BOX


def observed(kind, y):
    """A vector as the kind's tasks have it."""
    y = jnp.asarray(y, float)
    return y[None] if kind in ROWS else y


def seen(kind, y):
    """A vector as the estimator sees it: rows have a mask."""
    y = jnp.asarray(y, float)
    return jnp.append(y, 1.0)[None] if kind in ROWS else y


def of_moons(kind, value):
    return [value, value] if kind in ROWS else [value]


def simulated(task, num, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


@pytest.fixture(params=ESTIMATORS)
def kind(request):
    return request.param


@functools.cache
def shaken(kind, of, seed=0):
    """An estimator of the task `of(kind)` away from its start, where a map is the identity whatever its code."""
    task = make_task(of(kind))
    estimator = make_estimator(jax.random.key(seed), task, kind, SMALL[kind])
    leaves, treedef = jax.tree.flatten(estimator)
    keys = jax.random.split(jax.random.key(seed + 1), len(leaves))
    leaves = [
        leaf + 0.1 * jax.random.normal(k, leaf.shape) if eqx.is_inexact_array(leaf) else leaf
        for leaf, k in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(treedef, leaves)


@eqx.filter_jit
def answer(model, key, y, num):
    """Draws, or what a kind without draws gives: the mean and the quantiles at .1, .5, .9."""
    return (
        jnp.vstack(model.points(y))
        if isinstance(model, AbstractPoints)
        else model.sample(key, y, num)
    )


def in_parts(function, points):
    """The function at each point, a hundred or so at a time, which is fastest for an ODE."""
    return jax.jit(lambda points: jax.lax.map(function, points, batch_size=128))(points)


def box_of(draws, kind):
    """A grid over 9 standard deviations to each side of draws, and the area that goes with each point."""
    mean, std = draws.mean(0), draws.std(0)
    axis = jnp.linspace(-9, 9, GRID.get(kind, 721))
    grid = mean + std * jnp.stack(jnp.meshgrid(axis, axis), -1).reshape(-1, 2)
    return grid, std.prod() * (axis[1] - axis[0]) ** 2


def test_shapes(kind):
    estimator, y = shaken(kind, gaussian), seen(kind, jnp.zeros(3))
    draws = answer(estimator, jax.random.key(0), y, 7)
    assert draws.shape == (4 if isinstance(estimator, AbstractPoints) else 7, 3)
    assert jnp.isfinite(draws).all()
    loss = eqx.filter_jit(estimator.loss)
    loss = loss(draws[0], y, key=jax.random.key(0), progress=jnp.zeros(()))
    assert loss.shape == ()


def test_gradient_reaches_every_parameter(kind):
    estimator, task = shaken(kind, gaussian), make_task(gaussian(kind))
    data = simulated(task, 500)
    y = jax.vmap(Standardisation.identity(task).y_in)(data.y)

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(estimator):
        keys = jax.random.split(jax.random.key(1), len(data))
        loss = lambda t, y, k: estimator.loss(t, y, key=k, progress=jnp.zeros(()))  # noqa: E731
        return jax.vmap(loss)(data.theta, y, keys).mean()

    for leaf in jax.tree.leaves(gradient(estimator)):
        # A stacked leaf has one slice a layer, and each must be reached.
        if not leaf.size:
            continue  # the condition of what reads none
        slices = leaf.reshape(leaf.shape[0], -1) if leaf.ndim > 1 else leaf[None]
        assert (jnp.abs(slices).max(axis=1) > 0).all()


def test_save_and_load_give_the_same_bits(kind, tmp_path):
    task, header = make_task(moons(kind)), {"kind": kind, "network": SMALL[kind]}
    model = trained(shaken(kind, moons), Standardisation.of(task, simulated(task, 100)))
    save_model(tmp_path / "m.eqx", model, {"task": moons(kind), **header})
    loaded = inversion.load(str(tmp_path / "m.eqx"))
    for y in (-1.0, 0.3):
        args = (jax.random.key(2), observed(kind, of_moons(kind, y)), 50)
        np.testing.assert_array_equal(answer(model, *args), answer(loaded, *args))
    save_model(tmp_path / "again.eqx", loaded, {"task": moons(kind), **header})
    assert (tmp_path / "m.eqx").read_bytes() == (tmp_path / "again.eqx").read_bytes()
    with jax.enable_x64(True):
        loaded = inversion.load(str(tmp_path / "m.eqx"))
        assert {
            leaf.dtype.name for leaf in jax.tree.leaves(eqx.filter(loaded, eqx.is_inexact_array))
        } == {"float32"}


def test_the_second_call_compiles_nothing(kind):
    traces = []
    estimator = shaken(kind, moons)

    @eqx.filter_jit
    def sample(estimator, key, y):
        traces.append(1)
        return answer(estimator, key, y, 10)

    sample(estimator, jax.random.key(0), seen(kind, of_moons(kind, 0.1)))
    other = shaken(kind, moons, seed=5)
    sample(other, jax.random.key(1), seen(kind, of_moons(kind, 0.2)))
    assert len(traces) == 1


def test_density_integrates_to_one(kind):
    estimator = shaken(kind, moons)
    if not isinstance(estimator, AbstractDensity):
        pytest.skip("no density")
    with jax.enable_x64(True):
        model = jax.tree.map(lambda x: x.astype(float) if eqx.is_inexact_array(x) else x, estimator)
        y = jnp.array([0.4])
        grid, area = box_of(model.sample(jax.random.key(3), y, 2000), kind)
        log_prob = in_parts(lambda t: model.log_prob(t, y), grid)
        assert jnp.exp(log_prob).sum() * area == pytest.approx(1, abs=2e-3)


def test_density_is_that_of_its_draws(kind):
    """Expectations by draws and by quadrature against the density agree."""
    estimator = shaken(kind, moons)
    if not isinstance(estimator, AbstractDensity):
        pytest.skip("no density")
    y = jnp.array([0.4])
    draws = jax.jit(lambda key: estimator.sample(key, y, 40_000))(jax.random.key(3))
    grid, _ = box_of(draws, kind)
    density = jnp.exp(in_parts(lambda t: estimator.log_prob(t, y), grid))
    density /= density.sum()
    for statistic in (
        lambda t: t,
        lambda t: t**2,
        lambda t: jnp.sin(3 * t),
        lambda t: t[:, :1] * t[:, 1:],
    ):
        by_draws, exact = statistic(draws), density @ statistic(grid)
        error = by_draws.std(0) / np.sqrt(len(draws))
        assert (jnp.abs(by_draws.mean(0) - exact) < 5 * error + 2e-3).all()


def test_transport_is_the_map_behind_the_density(kind):
    estimator = shaken(kind, moons)
    if not isinstance(estimator, AbstractTransport):
        pytest.skip("no map")
    theta = jnp.array([0.3, -0.8])
    np.testing.assert_allclose(estimator.from_latent(estimator.to_latent(theta)), theta, atol=1e-4)
    rows = jnp.stack([theta, theta[::-1]])
    for one, many in (
        (estimator.to_latent, estimator.to_latents),
        (estimator.from_latent, estimator.from_latents),
    ):
        np.testing.assert_allclose(many(rows), jax.vmap(one)(rows), atol=1e-4)
    jacobian = jax.jacfwd(estimator.to_latent)(theta)
    z = estimator.to_latent(theta)
    expected = jnp.linalg.slogdet(jacobian)[1] - 0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi))
    np.testing.assert_allclose(estimator.log_prob(theta, jnp.zeros(1)), expected, atol=1e-4)


def test_draws_lie_inside_the_prior_s_support(kind):
    """However far the map throws them: theta is made unconstrained by the support's own bijection."""
    if kind in ROWS:
        pytest.skip("no task of rows with a bounded prior is as small")
    task = make_task(BOX)
    if kind in UNBOUNDED:
        with pytest.raises(ValueError, match="Expected theta without bounds"):
            trained(shaken(kind, box), Standardisation.of(task, simulated(task, 100)))
        return
    model = trained(shaken(kind, box), Standardisation.of(task, simulated(task, 100)))
    draws = answer(model, jax.random.key(0), jnp.array([0.1, 5.0]), 500)
    if isinstance(model, AbstractPoints):
        assert jnp.isnan(draws[0]).all()  # no bijection keeps the mean
        draws = draws[1:]
    assert task.prior().support(draws).all()


def test_a_short_fit_finds_the_closed_form(kind):
    task = make_task(gaussian(kind))
    estimator = make_estimator(jax.random.key(0), task, kind, SMALL[kind])
    training = Training(epochs=30, learning_rate=5e-3, average=0.98, fresh_noise=True)
    result = fit(
        jax.random.key(1),
        estimator,
        task,
        simulated(task, 8000),
        training,
        entry=Entry(Cost("", "", 0, 0, "")),
    )
    assert result.stopped == "finished"
    priors = (AbstractTransport, AbstractBoundedEstimator, AbstractDenoiser)
    prior_only = isinstance(result.model.estimator, priors)
    for y in (observed(kind, [1.0, -2.0, 0.5]), observed(kind, jnp.zeros(3))):
        exact = task.prior() if prior_only else task.posterior(y)
        draws = answer(result.model, jax.random.key(2), y, 20_000)
        scale = float(jnp.sqrt(exact.variance)[0])
        if isinstance(result.model, AbstractPoints):
            expected = exact.mean + scale * jnp.array([[0.0], [-1.2816], [0.0], [1.2816]])
            np.testing.assert_allclose(draws, expected, atol=0.12 * scale)
            continue
        np.testing.assert_allclose(draws.mean(0), exact.mean, atol=0.12 * scale)
        np.testing.assert_allclose(np.cov(draws.T) / scale**2, np.eye(3), atol=0.15)
