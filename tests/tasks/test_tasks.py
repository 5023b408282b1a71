"""Every registered task: its simulator, likelihood, operator and posterior are those of one joint distribution."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions.transforms import biject_to
from scipy import stats

from inversion.tasks import TASKS, make_task
from inversion.tasks.image import ImageTask
from inversion.tasks.measured import MeasuredTask
from inversion.tasks.outside import FILES, KINDS
from inversion.tasks.symmetric import SymmetricTask
from inversion.tasks.task import (
    BoundedTask,
    ExactTask,
    LabelledTask,
    LinearTask,
    SmoothTask,
    TractableTask,
)

N = 20_000
SMALL = {
    "normal_gamma": {"min_rows": 4, "max_rows": 9},
    "random_field": {"side": 6, "blur": 0.7},
    "sphere_field": {"height": 5, "width": 8},
    "gaussian_set": {"max_rows": 5},
    "stochastic_volatility": {"min_rows": 5, "max_rows": 20},
    "dirichlet_laplace": {"size": 5},
    "normal_wishart": {"size": 2, "min_rows": 4, "max_rows": 9},
    "g_and_k": {"min_rows": 2, "max_rows": 5},
    "lotka_volterra_series": {"duration": 1.0, "min_rows": 5, "max_rows": 9},
    "markov_switching": {"min_rows": 5, "max_rows": 20},
    "fractional_brownian": {"min_rows": 3, "max_rows": 6},
    "minnesota_var": {"size": 2, "lags": 2, "min_rows": 5, "max_rows": 9},
}


@pytest.fixture(params=[name for name in TASKS if name not in (*KINDS, *FILES)], autouse=True)
def task(request):
    with jax.enable_x64(True):
        yield make_task({"kind": request.param, **SMALL.get(request.param, {})})


def joint(task, num, seed=0):
    return compiled_joint(task, num, jax.random.key(seed))


@eqx.filter_jit
def compiled_joint(task, num, key):
    key_theta, key_y = jax.random.split(key)
    theta = task.prior().sample(key_theta, (num,))
    return theta, jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)


@eqx.filter_jit
def repeated(task, num, key):
    """One theta, and many y of it."""
    key_theta, key_y = jax.random.split(key)
    theta = task.prior().sample(key_theta)
    return theta, jax.vmap(task.simulate, (0, None))(jax.random.split(key_y, num), theta)


def noiseless(task, theta, y):
    """The observation without noise, by the operator of y."""
    mean = task.given(y).operator(theta)
    return task.measure.told_by(y).written(mean) if isinstance(task, MeasuredTask) else mean


def measured(task, y):
    """How many numbers of each y are measured: not the mask, nor what it hides."""
    if not isinstance(task, MeasuredTask):
        return y[0].size
    return np.asarray(jax.vmap(task.measure.weights)(y)).reshape(len(y), -1).sum(1)


def test_shapes_and_support(task):
    theta, y = joint(task, 1000)
    assert theta.shape == (1000, task.dim)
    assert y.shape == (1000, *task.event_shape)
    assert jax.vmap(task.prior().support)(theta).all()
    if isinstance(task, ImageTask):
        assert np.prod(task.image_shape) == task.dim
    bijection = biject_to(task.prior().support)
    np.testing.assert_allclose(bijection(bijection.inv(theta)), theta, atol=1e-9)


def test_score_of_the_likelihood_has_mean_zero(task):
    if not isinstance(task, SmoothTask):
        pytest.skip("no gradient")
    theta, y = repeated(task, N, jax.random.key(1))
    score = jax.jit(jax.vmap(jax.grad(task.log_likelihood), (None, 0)))(theta, y)
    standard_error = score.std(0) / np.sqrt(N)
    assert score.any()  # of a coordinate that y does not see it is nothing, and of no task of all
    assert (jnp.abs(score.mean(0)) <= 4.5 * standard_error).all()


def test_likelihood_lies_below_its_bound_and_reaches_it(task):
    if not isinstance(task, BoundedTask):
        pytest.skip("no bound")
    theta, y = joint(task, 1000)
    log_likelihood = jax.jit(jax.vmap(task.log_likelihood))(theta, y)
    bound = jax.jit(jax.vmap(task.log_likelihood_bound))(y)
    assert (log_likelihood <= bound + 1e-9).all()
    if isinstance(task, LinearTask):
        at_mean = task.log_likelihood(theta[0], noiseless(task, theta[0], y[0]))
        np.testing.assert_allclose(at_mean, bound[0], rtol=1e-9)


def test_likelihood_is_that_of_the_simulator(task):
    if not isinstance(task, LinearTask):
        pytest.skip("not Gaussian")
    theta, y = repeated(task, N, jax.random.key(3))
    bound, found = jax.vmap(task.log_likelihood_bound)(y), jax.vmap(task.log_likelihood, (None, 0))
    level = stats.chi2(measured(task, y)).cdf(np.asarray(2 * (bound - found(theta, y))))
    assert stats.kstest(level, "uniform").pvalue > 1e-4


def test_adjoint(task):
    if not isinstance(task, LinearTask):
        pytest.skip("no operator")
    _, y = joint(task, 1, seed=4)
    a = jax.random.normal(jax.random.key(5), (task.dim,))
    b = jax.random.normal(jax.random.key(6), task.event_shape)
    for one in (task, task.given(y[0])):
        np.testing.assert_allclose(
            jnp.vdot(one.operator(a), b), jnp.vdot(a, one.adjoint(b)), rtol=1e-9
        )


def test_posterior_is_prior_times_likelihood(task):
    if not (isinstance(task, ExactTask) and isinstance(task, TractableTask)):
        pytest.skip("no closed form")
    _, y = joint(task, 200, seed=7)

    @jax.jit
    def log_evidence(y):
        posterior = task.posterior(y)
        theta = posterior.sample(jax.random.key(8), (200,))
        likelihood = jax.vmap(task.log_likelihood, (0, None))(theta, y)
        return task.prior().log_prob(theta) + likelihood - posterior.log_prob(theta)

    evidence = log_evidence(y[0])
    np.testing.assert_allclose(evidence, evidence[0], atol=1e-8)


def test_posterior_draws_are_those_of_its_density(task):
    """Over joint draws, the rank of the true theta among draws of its posterior is uniform."""
    if not (isinstance(task, ExactTask) and isinstance(task, TractableTask)):
        pytest.skip("no closed form")
    theta, y = joint(task, 200, seed=9)

    @jax.jit
    @jax.vmap
    def rank(key, truth, y):
        return (task.posterior(y).sample(key, (99,)) < truth).sum(0)

    ranks = rank(jax.random.split(jax.random.key(10), len(y)), theta, y)
    for column in np.asarray(ranks).T:
        assert stats.kstest(column / 99, "uniform").pvalue > 1e-4


def test_labels_count_their_parts(task):
    if not isinstance(task, LabelledTask):
        pytest.skip("no parts")
    theta, _ = joint(task, 1000)
    for name, labels in jax.jit(jax.vmap(task.labels))(theta).items():
        assert set(np.unique(labels)) == set(range(task.parts[name]))


def test_symmetries_leave_the_joint_density_alone(task):
    """The maps keep volumes, so that the density is the same at a pair and at where it is moved."""
    if not isinstance(task, SymmetricTask):
        pytest.skip("no symmetry")
    theta, y = joint(task, 500, seed=11)
    moved = jax.jit(jax.vmap(task.moved))(jax.random.split(jax.random.key(12), 500), theta, y)
    density = jax.jit(
        jax.vmap(lambda theta, y: task.prior().log_prob(theta) + task.log_likelihood(theta, y))
    )
    np.testing.assert_allclose(density(*moved), density(theta, y), rtol=1e-6)
    still = jnp.all(moved[0] == theta, axis=1)
    assert still.mean() < 0.6
    assert jax.vmap(task.prior().support)(moved[0]).all()
    again = jax.vmap(task.moved)(jax.random.split(jax.random.key(13), 500), theta, y)
    assert (again[0] != moved[0]).any()
